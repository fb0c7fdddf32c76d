import type { Machine } from '../machine/machine.js';
import { MMF_VM_MERGEABLE, Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';
import { VM_HUGETLB, VM_MAYSHARE, VM_MERGEABLE, VM_SHARED, VM_SPECIAL } from '../vma/vm-flags.js';

/** VMAs that KSM leaves alone: the advice changes nothing. */
const VM_UNMERGEABLE = VM_MERGEABLE | VM_SHARED | VM_MAYSHARE | VM_SPECIAL | VM_HUGETLB;

/**
 * MADV_MERGEABLE and MADV_UNMERGEABLE.
 *
 * @kernel mm/ksm.c ksm_madvise v6.2
 * @differs no page is ever merged, so none has to be unmerged
 * @returns the flags that the VMA is to have
 */
export function ksmMadvise(k: Machine, vma: Vma, advice: 'MADV_MERGEABLE' | 'MADV_UNMERGEABLE'): number {
  if (advice === 'MADV_UNMERGEABLE') return vma.vmFlags & ~VM_MERGEABLE;
  if (vma.vmFlags & VM_UNMERGEABLE) return vma.vmFlags;
  Mm.at(k, vma.vmMm).flags |= MMF_VM_MERGEABLE;
  return vma.vmFlags | VM_MERGEABLE;
}
