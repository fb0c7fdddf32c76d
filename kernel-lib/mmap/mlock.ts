import { EAGAIN, EFAULT, EINVAL, ENOMEM } from '../base/errno.js';
import { __mmPopulate } from '../gup/populate.js';
import { vmaAdjustTransHuge } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { vmaModify } from '../vma/modify.js';
import { findVma, vmaLookup, vmaPrev } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';
import { VM_HUGETLB, VM_LOCKED, VM_LOCKED_MASK, VM_LOCKONFAULT, VM_SPECIAL } from '../vma/vm-flags.js';
import { MLOCK_ONFAULT } from './flags.js';
import { mlockVmaPagesRange } from './mlock-pages.js';
import { pageAlign } from './mmap.js';

/**
 * The mlock2 system call; with no flags also mlock.
 *
 * MODEL: there are no limits, as for root.
 *
 * @param flags MLOCK_ONFAULT or 0
 * @returns 0, -EINVAL, -ENOMEM for a hole (what lies before it is locked) or for pages that cannot be had
 */
export function* mlock2(k: Machine, mm: Mm, start: number, len: number, flags: number): Step<number> {
  if (flags & ~MLOCK_ONFAULT) return -EINVAL;
  const { from, to } = wholePages(k, start, len);
  const lockFlags = flags & MLOCK_ONFAULT ? VM_LOCKED | VM_LOCKONFAULT : VM_LOCKED;
  yield* mmapWriteLock(k, mm);
  const error = yield* applyVmaLockFlags(k, mm, from, to, lockFlags);
  mmapWriteUnlock(k, mm);
  if (error !== 0) return error;
  return __mlockPosixErrorReturn(yield* __mmPopulate(k, mm, from, to - from, false));
}

/**
 * The munlock system call.
 *
 * @returns 0, or -ENOMEM for a hole
 */
export function* munlock(k: Machine, mm: Mm, start: number, len: number): Step<number> {
  const { from, to } = wholePages(k, start, len);
  yield* mmapWriteLock(k, mm);
  const error = yield* applyVmaLockFlags(k, mm, from, to, 0);
  mmapWriteUnlock(k, mm);
  return error;
}

function wholePages(k: Machine, start: number, len: number): { readonly from: number; readonly to: number } {
  const from = start - (start % k.pageSize);
  return { from, to: from + pageAlign(k, len + (start - from)) };
}

/** @kernel mm/mlock.c apply_vma_lock_flags v6.2 */
function* applyVmaLockFlags(k: Machine, mm: Mm, start: number, end: number, flags: number): Step<number> {
  if (end === start) return 0;
  let vma = vmaLookup(k, mm, start);
  if (vma === null) return -ENOMEM;
  let prev = start > vma.vmStart ? vma : vmaPrev(k, mm, vma);
  for (let nstart = start; ;) {
    const newflags: number = (vma.vmFlags & ~VM_LOCKED_MASK) | flags;
    prev = yield* mlockFixup(k, mm, prev, vma, nstart, Math.min(vma.vmEnd, end), newflags);
    nstart = prev.vmEnd;
    if (nstart >= end) return 0;
    vma = findVma(k, mm, nstart);
    if (vma === null || vma.vmStart !== nstart) return -ENOMEM;
  }
}

/** @kernel mm/mlock.c mlock_fixup v6.2 */
function* mlockFixup(
  k: Machine,
  mm: Mm,
  prev: Vma | null,
  vma: Vma,
  start: number,
  end: number,
  newflags: number,
): Step<Vma> {
  const oldflags = vma.vmFlags;
  if (newflags === oldflags || (oldflags & (VM_SPECIAL | VM_HUGETLB)) !== 0) return vma;
  yield* vmaAdjustTransHuge(k, vma, start, end);
  const changed = vmaModify(k, prev, vma, start, end, { flags: newflags });
  const nrPages = (end - start) / k.pageSize;
  if ((newflags & VM_LOCKED) === 0) mm.lockedVm -= nrPages;
  else if ((oldflags & VM_LOCKED) === 0) mm.lockedVm += nrPages;
  // Pages of a VMA that was locked are counted already.
  if (newflags & oldflags & VM_LOCKED) changed.vmFlags = newflags;
  else yield* mlockVmaPagesRange(k, changed, start, end, newflags);
  return changed;
}

/** @kernel mm/mlock.c __mlock_posix_error_return v6.2 */
function __mlockPosixErrorReturn(error: number): number {
  if (error === -EFAULT) return -ENOMEM;
  return error === -ENOMEM ? -EAGAIN : error;
}
