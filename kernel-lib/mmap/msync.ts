import { EBUSY, EINVAL, ENOMEM } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import { fileWriteAndWaitRange } from '../pagecache/writeback.js';
import type { Step } from '../step/step.js';
import { fput, getFile, vmaMapping } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { findVma } from '../vma/vma-list.js';
import { VM_LOCKED, VM_SHARED } from '../vma/vm-flags.js';
import { type Vma, linearPageIndex } from '../vma/vma.js';
import { flushDelayedFput } from '../zap/delayed-fput.js';
import { MS_ASYNC, MS_INVALIDATE, MS_SYNC } from './flags.js';
import { pageAlign } from './mmap.js';

/**
 * The msync system call: with MS_SYNC, what shared mappings of files on a disk hold is on disk afterwards.
 *
 * MODEL: sys_msync() of mm/msync.c; objects in memory have no fsync.
 * @returns 0, -EINVAL, -EBUSY for locked memory with MS_INVALIDATE, -ENOMEM for a hole
 */
export function* msync(k: Machine, mm: Mm, start: number, len: number, flags: number): Step<number> {
  if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) return -EINVAL;
  if (start % k.pageSize !== 0) return -EINVAL;
  if ((flags & (MS_ASYNC | MS_SYNC)) === (MS_ASYNC | MS_SYNC)) return -EINVAL;
  if (len === 0) return 0;
  const error = yield* msyncRange(k, mm, start, start + pageAlign(k, len), flags);
  yield* flushDelayedFput(k);
  return error;
}

function* msyncRange(k: Machine, mm: Mm, start: number, end: number, flags: number): Step<number> {
  let unmappedError = 0;
  yield* mmapReadLock(k, mm);
  for (let at = start; at < end;) {
    const vma = findVma(k, mm, at);
    const error = vma === null || vma.vmStart >= end ? -ENOMEM : msyncVma(vma, at, flags);
    if (error !== 0) {
      mmapReadUnlock(k, mm);
      return error;
    }
    if (at < vma!.vmStart) unmappedError = -ENOMEM;
    const from = Math.max(at, vma!.vmStart);
    at = vma!.vmEnd;
    if ((flags & MS_SYNC) !== 0) yield* syncVma(k, mm, vma!, from, Math.min(at, end));
  }
  mmapReadUnlock(k, mm);
  return unmappedError;
}

/** What is wrong with a VMA, or with the hole before it: 0 or a negative error number. */
function msyncVma(vma: Vma, at: number, flags: number): number {
  if (at < vma.vmStart && flags === MS_ASYNC) return -ENOMEM;
  return (flags & MS_INVALIDATE) !== 0 && (vma.vmFlags & VM_LOCKED) !== 0 ? -EBUSY : 0;
}

/** Writes a part of a mapping to disk; the mmap lock is dropped meanwhile. */
function* syncVma(k: Machine, mm: Mm, vma: Vma, start: number, end: number): Step<void> {
  const mapping = vmaMapping(k, vma);
  if (mapping === null || (vma.vmFlags & VM_SHARED) === 0) return;
  const range = { start: linearPageIndex(vma, start), end: linearPageIndex(vma, end) };
  const file = vma.vmFile;
  getFile(k, file);
  mmapReadUnlock(k, mm);
  yield* fileWriteAndWaitRange(k, mapping, range);
  fput(k, file);
  yield* mmapReadLock(k, mm);
}
