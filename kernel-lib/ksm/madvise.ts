import type { Machine } from '../machine/machine.js';
import { __ksmEnter } from '../rmap/ksm-node.js';
import type { Step } from '../step/step.js';
import { MMF_VM_MERGEABLE, Mm } from '../vma/mm.js';
import { unmergeKsmPages } from './break.js';
import type { Vma } from '../vma/vma.js';
import { VM_HUGETLB, VM_MAYSHARE, VM_MERGEABLE, VM_SHARED, VM_SPECIAL } from '../vma/vm-flags.js';

/** VMAs that KSM leaves alone: the advice changes nothing. */
const VM_UNMERGEABLE = VM_MERGEABLE | VM_SHARED | VM_MAYSHARE | VM_SPECIAL | VM_HUGETLB;

/**
 * MADV_MERGEABLE and MADV_UNMERGEABLE.
 *
 * @kernel mm/ksm.c ksm_madvise v6.2
 * @differs memory for unmerging never runs out
 * @returns the flags that the VMA is to have
 */
export function* ksmMadvise(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  advice: 'MADV_MERGEABLE' | 'MADV_UNMERGEABLE',
): Step<number> {
  if (advice === 'MADV_UNMERGEABLE') {
    if ((vma.vmFlags & VM_MERGEABLE) === 0) return vma.vmFlags;
    if (vma.anonVma !== 0) yield* unmergeKsmPages(k, vma, start, end);
    return vma.vmFlags & ~VM_MERGEABLE;
  }
  if (vma.vmFlags & VM_UNMERGEABLE) return vma.vmFlags;
  const mm = Mm.at(k, vma.vmMm);
  if ((mm.flags & MMF_VM_MERGEABLE) === 0) __ksmEnter(k, mm);
  return vma.vmFlags | VM_MERGEABLE;
}
