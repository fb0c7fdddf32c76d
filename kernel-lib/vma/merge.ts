import type { Machine } from '../machine/machine.js';
import { anonVmaChainIsSingular, anonVmaClone, anonVmaMerge } from './anon-vma.js';
import { fput, unlinkFileVma } from './file.js';
import { Mm } from './mm.js';
import { removeVma, vmaNext } from './vma-list.js';
import { vmaPages, vmAreaFree, type Vma } from './vma.js';
import { VM_SOFTDIRTY, VM_SPECIAL } from './vm-flags.js';

/**
 * What a range is to become, and between which VMAs it lies. Whether a neighbour can be stretched over it hangs on
 * these values alone.
 *
 * @kernel mm/vma.h vma_merge_struct 6.12
 */
export interface VmaMerge {
  readonly mm: Mm;
  /** The VMA next below, or the one being changed when the range begins inside of it. */
  readonly prev: Vma | null;
  /** The VMA next above the range, as far as it matters. */
  readonly next: Vma | null;
  readonly start: number;
  readonly end: number;
  readonly flags: number;
  /** Page offset of `start`. */
  readonly pgoff: number;
  readonly file: number;
  readonly anonVma: number;
  readonly uffdCtx: number;
}

/**
 * The range [start, end) of `vma` gets new flags or a new userfaultfd context: stretches the neighbour below, the
 * one above or both together over it if they are now equal.
 *
 * @kernel mm/vma.c vma_merge_existing_range 6.12
 * @differs the cases are those of vma_merge in v6.1, where the same function served new mappings too
 * @returns the VMA that holds the range now; NULL when nothing was merged and nothing has changed
 */
export function vmaMergeExistingRange(k: Machine, vma: Vma, vmg: VmaMerge): Vma | null {
  const { prev } = vmg;
  const leftSide = vmg.start === vma.vmStart;
  const rightSide = vmg.end === vma.vmEnd;
  if ((vmg.flags & VM_SPECIAL) !== 0 || (!leftSide && !rightSide)) return null;
  const next = rightSide ? vmaNext(k, vmg.mm, vma) : null;
  const both = { ...vmg, next };
  const mergeLeft = leftSide && canVmaMergeLeft(k, both);
  const mergeRight = canVmaMergeRight(k, both, mergeLeft);
  if (mergeLeft) return mergeIntoPrev(k, prev!, vma, mergeRight ? next : null, vmg.end);
  return mergeRight ? mergeIntoNext(k, vma, next!, vmg.start) : null;
}

/** Cases 1 and 6 (over `vma` and `next`), 7 (over `vma`) and 5 (over the part of `vma` below `end`) of v6.1. */
function mergeIntoPrev(k: Machine, prev: Vma, vma: Vma, next: Vma | null, end: number): Vma {
  dupAnonVma(k, prev, next !== null && next.anonVma !== 0 ? next : vma);
  if (end < vma.vmEnd) {
    moveBoundary(prev, vma, end);
    return prev;
  }
  const { vmEnd } = next ?? vma;
  swallow(k, prev, vma);
  if (next !== null) swallow(k, prev, next);
  prev.vmEnd = vmEnd;
  return prev;
}

/** Cases 8 (over `vma`) and 4 (over the part of `vma` from `start`) of v6.1. */
function mergeIntoNext(k: Machine, vma: Vma, next: Vma, start: number): Vma {
  dupAnonVma(k, next, vma);
  if (start > vma.vmStart) {
    moveBoundary(vma, next, start);
    return next;
  }
  next.vmPgoff -= vmaPages(vma);
  next.vmStart = start;
  swallow(k, next, vma);
  return next;
}

/**
 * Stretches the VMAs around a free range over it if they are equal to what is to be mapped there.
 *
 * @kernel mm/vma.c vma_merge_new_range 6.12
 * @returns the VMA that holds the range now; NULL when nothing was merged
 */
export function vmaMergeNewRange(k: Machine, vmg: VmaMerge): Vma | null {
  if ((vmg.flags & VM_SPECIAL) !== 0) return null;
  const left = canVmaMergeLeft(k, vmg);
  const right = canVmaMergeRight(k, vmg, left);
  return vmaExpand(k, vmg, left, right);
}

/**
 * The same for mmap before it shared vma_merge_new_range: it looked above first, and with a neighbour found there
 * asked the one below to fit that neighbour. So of two that fit the range but not each other, the upper one wins.
 *
 * MODEL: this part of mmap_region() stood in its body before v6.12.
 */
export function mmapRegionMerge(k: Machine, vmg: VmaMerge): Vma | null {
  if ((vmg.flags & VM_SPECIAL) !== 0) return null;
  const right = canVmaMergeRight(k, vmg, false);
  const left = canVmaMergeLeft(k, right ? { ...vmg, anonVma: vmg.next!.anonVma } : vmg);
  return vmaExpand(k, vmg, left, right);
}

/** @kernel mm/vma.c vma_expand 6.12 */
function vmaExpand(k: Machine, vmg: VmaMerge, left: boolean, right: boolean): Vma | null {
  const { prev, next } = vmg;
  if (left) {
    const { vmEnd } = right ? next! : { vmEnd: vmg.end };
    if (right) {
      dupAnonVma(k, prev!, next!);
      swallow(k, prev!, next!);
    }
    prev!.vmEnd = vmEnd;
    return prev;
  }
  if (!right) return null;
  next!.vmPgoff -= (next!.vmStart - vmg.start) / k.pageSize;
  next!.vmStart = vmg.start;
  return next;
}

/** @kernel mm/vma.c can_vma_merge_left 6.12 */
function canVmaMergeLeft(k: Machine, vmg: VmaMerge): boolean {
  return vmg.prev !== null && vmg.prev.vmEnd === vmg.start && canVmaMergeAfter(k, vmg, vmg.prev);
}

/**
 * That both neighbours fit the range does not mean that they fit each other.
 *
 * @kernel mm/vma.c can_vma_merge_right 6.12
 */
function canVmaMergeRight(k: Machine, vmg: VmaMerge, canMergeLeft: boolean): boolean {
  const { prev, next } = vmg;
  if (next === null || next.vmStart !== vmg.end || !canVmaMergeBefore(k, vmg, next)) return false;
  return !canMergeLeft || isMergeableAnonVma(k, prev!.anonVma, next.anonVma, null);
}

/** @kernel mm/mmap.c can_vma_merge_before v6.2 */
function canVmaMergeBefore(k: Machine, vmg: VmaMerge, next: Vma): boolean {
  const pglen = (vmg.end - vmg.start) / k.pageSize;
  return (
    isMergeableVma(next, vmg) &&
    isMergeableAnonVma(k, vmg.anonVma, next.anonVma, next) &&
    next.vmPgoff === vmg.pgoff + pglen
  );
}

/** @kernel mm/mmap.c can_vma_merge_after v6.2 */
function canVmaMergeAfter(k: Machine, vmg: VmaMerge, prev: Vma): boolean {
  return (
    isMergeableVma(prev, vmg) &&
    isMergeableAnonVma(k, vmg.anonVma, prev.anonVma, prev) &&
    prev.vmPgoff + vmaPages(prev) === vmg.pgoff
  );
}

/** @kernel mm/mmap.c is_mergeable_vma v6.2 */
function isMergeableVma(vma: Vma, vmg: VmaMerge): boolean {
  return (
    ((vma.vmFlags ^ vmg.flags) & ~VM_SOFTDIRTY) === 0 &&
    vma.vmFile === vmg.file &&
    vma.vmUserfaultfdCtx === vmg.uffdCtx
  );
}

/**
 * Whether pages of both anon_vmas may live in one VMA: with one missing only if the VMA's own, where one is named,
 * has seen no fork.
 *
 * @kernel mm/mmap.c is_mergeable_anon_vma v6.2
 */
function isMergeableAnonVma(k: Machine, anonVma1: number, anonVma2: number, vma: Vma | null): boolean {
  if ((anonVma1 === 0 || anonVma2 === 0) && (vma === null || anonVmaChainIsSingular(k, vma))) return true;
  return anonVma1 === anonVma2;
}

/**
 * A VMA that takes over pages of another must stand in its anon_vmas, or no one would find them there.
 *
 * @kernel mm/vma.c dup_anon_vma 6.12
 */
function dupAnonVma(k: Machine, dst: Vma, src: Vma): void {
  if (src.anonVma === 0 || dst.anonVma !== 0) return;
  dst.anonVma = src.anonVma;
  anonVmaClone(k, dst, src);
}

/** The boundary between two neighbours moves to `boundary`. */
function moveBoundary(lower: Vma, upper: Vma, boundary: number): void {
  lower.vmEnd = boundary;
  upper.vmPgoff += (boundary - upper.vmStart) / upper.k.pageSize;
  upper.vmStart = boundary;
}

/** `victim` goes, so that `vma` can be stretched over its range. */
function swallow(k: Machine, vma: Vma, victim: Vma): void {
  removeVma(k, Mm.at(k, victim.vmMm), victim);
  unlinkFileVma(k, victim);
  if (victim.anonVma !== 0) anonVmaMerge(k, vma, victim);
  fput(k, victim.vmFile);
  vmAreaFree(k, victim);
}
