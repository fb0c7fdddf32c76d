import { EINVAL } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Vma } from '../vma/vma.js';
import { VM_LOCKED, VM_PFNMAP } from '../vma/vm-flags.js';
import { zapPageRangeSingle } from '../zap/zap.js';

/**
 * Drops the pages: the next access finds what a new mapping would hold.
 */
export function* madviseDontneed(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if (vma.vmFlags & (VM_PFNMAP | VM_LOCKED)) return -EINVAL;
  yield* zapPageRangeSingle(k, vma, start, end);
  return 0;
}

/** The same, also for locked memory. */
export function* madviseDontneedLocked(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if (vma.vmFlags & VM_PFNMAP) return -EINVAL;
  yield* zapPageRangeSingle(k, vma, start, end);
  return 0;
}
