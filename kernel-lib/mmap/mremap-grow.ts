import { EFAULT, EINVAL, ENOMEM } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import { taskSize } from '../pgtable/table.js';
import { vmaMergeNewRange } from '../vma/merge.js';
import type { Mm } from '../vma/mm.js';
import { VM_DONTEXPAND, VM_LOCKED, VM_PFNMAP, VM_SHARED, VM_MAYSHARE } from '../vma/vm-flags.js';
import { findVma, findVmaIntersection, vmaLookup } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';
import { MREMAP_DONTUNMAP } from './flags.js';

/** A range that mremap is to give another length. In bytes, whole pages. */
export interface Resize {
  readonly addr: number;
  readonly oldLen: number;
  readonly newLen: number;
  /** MREMAP_… */
  readonly flags: number;
}

/**
 * The VMA that holds the whole range, if it may be resized.
 *
 * @kernel mm/mremap.c vma_to_resize v6.2
 * @differs there are no limits
 * @returns the VMA, -EFAULT unless there is one that may grow, -EINVAL for copies of private memory
 */
export function vmaToResize(k: Machine, mm: Mm, { addr, oldLen, newLen, flags }: Resize): Vma | number {
  const vma = vmaLookup(k, mm, addr);
  if (vma === null) return -EFAULT;
  // No old length asks for the same memory at a second place.
  if (oldLen === 0 && (vma.vmFlags & (VM_SHARED | VM_MAYSHARE)) === 0) return -EINVAL;
  const fixed = (vma.vmFlags & (VM_DONTEXPAND | VM_PFNMAP)) !== 0;
  if ((flags & MREMAP_DONTUNMAP) !== 0 && fixed) return -EINVAL;
  if (oldLen > vma.vmEnd - addr) return -EFAULT;
  return newLen !== oldLen && fixed ? -EFAULT : vma;
}

/** Whether a VMA has room behind it. @kernel mm/mremap.c vma_expandable v6.2 */
export function vmaExpandable(k: Machine, mm: Mm, vma: Vma, delta: number): boolean {
  const end = vma.vmEnd + delta;
  return end <= taskSize(k) && findVmaIntersection(k, mm, vma.vmEnd, end) === null;
}

/**
 * Stretches the VMA that ends where the range ends; with it the one behind, if they have become neighbours.
 *
 * MODEL: this part of mremap() stands in its body.
 * @returns 0 or -ENOMEM
 */
export function growInPlace(k: Machine, mm: Mm, vma: Vma, { addr, newLen }: Resize): number {
  const start = vma.vmEnd;
  const end = addr + newLen;
  const grown = vmaMergeNewRange(k, {
    mm,
    prev: vma,
    next: findVma(k, mm, start),
    start,
    end,
    flags: vma.vmFlags,
    pgoff: vma.vmPgoff + (start - vma.vmStart) / k.pageSize,
    file: vma.vmFile,
    anonVma: vma.anonVma,
    uffdCtx: vma.vmUserfaultfdCtx,
  });
  if (grown === null) return -ENOMEM;
  const nrPages = (end - start) / k.pageSize;
  mm.totalVm += nrPages;
  if ((grown.vmFlags & VM_LOCKED) !== 0) mm.lockedVm += nrPages;
  return 0;
}
