import { EINVAL } from '../base/errno.js';
import { lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_ACCESS_FLAGS, VM_IO, VM_LOCKONFAULT, VM_PFNMAP, VM_SHARED, VM_WRITE } from '../vma/vm-flags.js';
import { findVmaIntersection } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';
import {
  FOLL_FORCE,
  FOLL_HWPOISON,
  FOLL_MADV_POPULATE,
  FOLL_TOUCH,
  FOLL_UNLOCKABLE,
  FOLL_WRITE,
} from './flags.js';
import { __getUserPages, __getUserPagesLocked, checkVmaFlags, type MmapLocked } from './get-user-pages.js';

/**
 * Faults [start, start + len) in, as far as it goes.
 *
 * @kernel include/linux/mm.h mm_populate v6.2
 */
export function* mmPopulate(k: Machine, mm: Mm, start: number, len: number): Step<void> {
  yield* __mmPopulate(k, mm, start, len, true);
}

/**
 * Faults [start, start + len) in as mlock does. Holes are passed over.
 *
 * @kernel mm/gup.c __mm_populate v6.2
 * @param ignoreErrors go on with the next VMA after a page that cannot be had
 * @returns 0 or a negative error number
 */
export function* __mmPopulate(
  k: Machine,
  mm: Mm,
  start: number,
  len: number,
  ignoreErrors: boolean,
): Step<number> {
  const end = start + len;
  const locked: MmapLocked = { held: false };
  let ret = 0;
  for (let at = start; at < end;) {
    if (!locked.held) yield* mmapReadLock(k, mm);
    locked.held = true;
    const vma = findVmaIntersection(k, mm, at, end);
    if (vma === null) break;
    const from = Math.max(at, vma.vmStart);
    at = Math.min(end, vma.vmEnd);
    if (vma.vmFlags & (VM_IO | VM_PFNMAP)) continue;
    ret = yield* populateVmaPageRange(k, vma, from, at, locked);
    if (ret < 0 && !ignoreErrors) break;
    if (ret >= 0) at = from + ret * k.pageSize;
    ret = 0;
  }
  if (locked.held) mmapReadUnlock(k, mm);
  return ret;
}

/**
 * Faults [start, end) in, breaking copy-on-write where the VMA may be written. The mmap lock is held.
 *
 * @kernel mm/gup.c populate_vma_page_range v6.2
 * @returns how many pages, or a negative error number
 */
export function* populateVmaPageRange(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  locked: MmapLocked | null,
): Step<number> {
  const nrPages = (end - start) / k.pageSize;
  if (vma.vmFlags & VM_LOCKONFAULT) return nrPages;
  let gupFlags = FOLL_TOUCH;
  // A store would only dirty shared pages for nothing: they are not copied.
  if ((vma.vmFlags & (VM_WRITE | VM_SHARED)) === VM_WRITE) gupFlags |= FOLL_WRITE;
  if (vma.vmFlags & VM_ACCESS_FLAGS) gupFlags |= FOLL_FORCE;
  if (locked !== null) gupFlags |= FOLL_UNLOCKABLE;
  const mm = Mm.at(k, vma.vmMm);
  const ret = yield* __getUserPages(k, mm, start, nrPages, gupFlags, null, locked ?? { held: true });
  yield* lruAddDrain(k);
  return ret;
}

/**
 * Faults [start, end) in for MADV_POPULATE, which forces nothing.
 *
 * @kernel mm/gup.c faultin_vma_page_range v6.2
 * @returns how many pages, -EINVAL when the VMA forbids the access, or another negative error number
 */
export function* faultinVmaPageRange(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  write: boolean,
  locked: MmapLocked,
): Step<number> {
  const gupFlags = FOLL_TOUCH | FOLL_HWPOISON | FOLL_UNLOCKABLE | (write ? FOLL_WRITE : 0);
  if (checkVmaFlags(k, vma, gupFlags) !== 0) return -EINVAL;
  const mm = Mm.at(k, vma.vmMm);
  const ret = yield* __getUserPages(k, mm, start, (end - start) / k.pageSize, gupFlags, null, locked);
  yield* lruAddDrain(k);
  return ret;
}

/**
 * The same over VMAs, since 631426ba1d45: it repeats faults as GUP does, and stops at a hole.
 *
 * @kernel mm/gup.c faultin_page_range 6.12
 */
export function* faultinPageRange(
  k: Machine,
  mm: Mm,
  start: number,
  end: number,
  write: boolean,
  locked: MmapLocked,
): Step<number> {
  const gupFlags =
    FOLL_TOUCH | FOLL_HWPOISON | FOLL_UNLOCKABLE | FOLL_MADV_POPULATE | (write ? FOLL_WRITE : 0);
  const nrPages = (end - start) / k.pageSize;
  const ret = yield* __getUserPagesLocked(k, mm, start, nrPages, null, locked, gupFlags);
  yield* lruAddDrain(k);
  return ret;
}
