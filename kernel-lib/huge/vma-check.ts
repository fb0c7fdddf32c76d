import type { Machine } from '../machine/machine.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { type Vma, vmaIsAnonymous } from '../vma/vma.js';
import { VM_HUGEPAGE, VM_HUGETLB, VM_NOHUGEPAGE, VM_SPECIAL } from '../vma/vm-flags.js';

/** VMAs that never get huge pages. */
const VM_NO_KHUGEPAGED = VM_SPECIAL | VM_HUGETLB;

/**
 * Whether a huge page at `haddr` would lie within the VMA.
 *
 * @kernel include/linux/huge_mm.h transhuge_vma_suitable v6.2
 * @differs anonymous memory only
 */
export function transhugeVmaSuitable(k: Machine, vma: Vma, haddr: number): boolean {
  return haddr >= vma.vmStart && haddr + hpagePmdSize(k) <= vma.vmEnd;
}

/**
 * Whether the VMA may have transparent huge pages at all.
 *
 * @kernel mm/huge_memory.c hugepage_vma_check v6.2
 * @differs anonymous memory only: shmem has none
 * @param enforceSysfs false: the caller asks for one page explicitly, as MADV_COLLAPSE does
 */
export function hugepageVmaCheck(k: Machine, vma: Vma, enforceSysfs: boolean): boolean {
  if (k.pte.huge === undefined || !vmaIsAnonymous(vma)) return false;
  if ((vma.vmFlags & (VM_NOHUGEPAGE | VM_NO_KHUGEPAGED)) !== 0) return false;
  if (!enforceSysfs || k.thp === 'always') return true;
  return k.thp === 'madvise' && (vma.vmFlags & VM_HUGEPAGE) !== 0;
}
