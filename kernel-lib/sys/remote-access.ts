import { EFAULT, EIO } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { pageByte, pageFolio, setPageByte } from '../folio/frame.js';
import { FOLL_FORCE, FOLL_UNLOCKABLE, FOLL_WRITE } from '../gup/flags.js';
import { setPageDirtyLock, unpinUserPagesDirtyLock } from '../gup/grab.js';
import { getUserPagesRemote, pinUserPagesRemote } from '../gup/remote.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';

/**
 * process_vm_readv and process_vm_writev of one byte.
 *
 * @kernel mm/process_vm_access.c process_vm_rw v6.2
 * @param mm whose memory it is
 * @param value to write; absent reads
 * @returns the byte read or written, or -EFAULT
 */
export function* processVmRw(k: Machine, mm: Mm, address: number, value?: number): Step<number> {
  const pages: number[] = [];
  const write = value !== undefined;
  const flags = write ? FOLL_WRITE | FOLL_UNLOCKABLE : FOLL_UNLOCKABLE;
  if ((yield* pinUserPagesRemote(k, mm, address, 1, flags, pages)) <= 0) return -EFAULT;
  const byte = accessByte(k, pages[0]!, value);
  yield* unpinUserPagesDirtyLock(k, pages, write);
  return byte;
}

/**
 * A read or write of one byte of /proc/PID/mem. Protection is overridden; since 599bbba5a36f only for who
 * traces the process, which nobody does here.
 *
 * @kernel fs/proc/base.c mem_rw v6.2
 * @param value to write; absent reads
 * @returns the byte read or written, or -EIO
 */
export function* memRw(k: Machine, mm: Mm, address: number, value?: number): Step<number> {
  const pages: number[] = [];
  const write = value !== undefined;
  const force = k.patched.procMemForcePtrace ? 0 : FOLL_FORCE;
  const flags = write ? FOLL_WRITE | force : force;
  if ((yield* getUserPagesRemote(k, mm, address, 1, flags, pages)) <= 0) return -EIO;
  const page = pages[0]!;
  const byte = accessByte(k, page, value);
  if (write) yield* setPageDirtyLock(k, page);
  yield* folioPut(k, pageFolio(k, page));
  return byte;
}

function accessByte(k: Machine, page: number, value: number | undefined): number {
  if (value === undefined) return pageByte(k, page);
  setPageByte(k, page, value);
  return value;
}
