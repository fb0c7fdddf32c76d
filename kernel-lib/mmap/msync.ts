import { EBUSY, EINVAL, ENOMEM } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { findVma } from '../vma/vma-list.js';
import { VM_LOCKED } from '../vma/vm-flags.js';
import { MS_ASYNC, MS_INVALIDATE, MS_SYNC } from './flags.js';
import { pageAlign } from './mmap.js';

/**
 * The msync system call.
 *
 * MODEL: nothing is written back; objects in memory have no fsync.
 * @returns 0, -EINVAL, -EBUSY for locked memory with MS_INVALIDATE, -ENOMEM for a hole
 */
export function* msync(k: Machine, mm: Mm, start: number, len: number, flags: number): Step<number> {
  if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) return -EINVAL;
  if (start % k.pageSize !== 0) return -EINVAL;
  if ((flags & (MS_ASYNC | MS_SYNC)) === (MS_ASYNC | MS_SYNC)) return -EINVAL;
  if (len === 0) return 0;
  yield* mmapReadLock(k, mm);
  const error = msyncRange(k, mm, start, start + pageAlign(k, len), flags);
  mmapReadUnlock(k, mm);
  return error;
}

function msyncRange(k: Machine, mm: Mm, start: number, end: number, flags: number): number {
  let unmappedError = 0;
  for (let at = start; at < end;) {
    const vma = findVma(k, mm, at);
    if (vma === null || vma.vmStart >= end) return -ENOMEM;
    if (at < vma.vmStart) unmappedError = -ENOMEM;
    if (at < vma.vmStart && flags === MS_ASYNC) return -ENOMEM;
    if ((flags & MS_INVALIDATE) !== 0 && (vma.vmFlags & VM_LOCKED) !== 0) return -EBUSY;
    at = vma.vmEnd;
  }
  return unmappedError;
}
