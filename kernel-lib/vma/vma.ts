import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import { VM_HUGETLB, VM_MAYWRITE, VM_SHARED } from './vm-flags.js';

/**
 * A virtual memory area: a stretch of one process's address space whose pages share permissions and origin.
 *
 * @kernel include/linux/mm_types.h vm_area_struct v6.2
 * @differs no policy, no name, no private data; page protection as in vmaSetPageProt
 */
export const Vma = struct('vm_area_struct', {
  /** First byte and first byte behind, multiples of the page size. */
  vmStart: 'u64',
  vmEnd: 'u64',
  /** Offset of the first page in the file; for anonymous memory where it was first faulted, as a page number. */
  vmPgoff: 'u64',
  vmFlags: 'i32',
  vmPageProt: 'i32',
  vmMm: 'i32',
  /** A File, or NULL. */
  vmFile: 'i32',
  /** VM_OPS_…: who answers faults. */
  vmOps: 'i32',
  /** The AnonVma of new anonymous pages, NULL before the first. */
  anonVma: 'i32',
  /** The newest AnonVmaChain, NULL when anonVma is. */
  anonVmaChain: 'i32',
  /** The userfaultfd context that it is registered with, NULL when none. */
  vmUserfaultfdCtx: 'i32',
  /** Of a private hugetlb mapping, the ResvMap of its pages; NULL for all others, and for a child's. */
  vmResvMap: 'i32',
  /** Neighbours among the mappings of one address_space. */
  sharedNext: 'i32',
  sharedPrev: 'i32',
});
export type Vma = ReturnType<typeof Vma.at>;

/** vmOps of anonymous memory: the mm itself answers its faults. Private mappings of /dev/zero have it too. */
export const VM_OPS_NONE = 0;
/** vmOps of tmpfs, memfd and shared anonymous memory. */
export const VM_OPS_SHMEM = 1;
/** vmOps of a file on a disk. */
export const VM_OPS_FILE = 2;
/** vmOps of a file of huge pages. */
export const VM_OPS_HUGETLB = 3;
/** vmOps of memory of a device, mapped without a page cache: the only ones with a huge_fault. */
export const VM_OPS_DAX = 4;
/** vmOps of memory of a device that was mapped at once: the only ones without a fault. */
export const VM_OPS_REMAP = 5;

/**
 * Allocates a VMA with the fields of `orig`, linked nowhere and without anon_vma chain.
 *
 * @kernel kernel/fork.c vm_area_dup v6.2
 */
export function vmAreaDup(k: Machine, orig: Vma): Vma {
  const vma = kmemCacheZalloc(k, Vma);
  vma.vmStart = orig.vmStart;
  vma.vmEnd = orig.vmEnd;
  vma.vmPgoff = orig.vmPgoff;
  vma.vmFlags = orig.vmFlags;
  vma.vmPageProt = orig.vmPageProt;
  vma.vmMm = orig.vmMm;
  vma.vmFile = orig.vmFile;
  vma.vmOps = orig.vmOps;
  vma.anonVma = orig.anonVma;
  vma.vmUserfaultfdCtx = orig.vmUserfaultfdCtx;
  return vma;
}

/** @kernel kernel/fork.c vm_area_free v6.2 */
export function vmAreaFree(k: Machine, vma: Vma): void {
  kmemCacheFree(k, Vma, vma.at);
}

/**
 * The length in pages.
 *
 * @kernel include/linux/mm.h vma_pages v6.2
 */
export function vmaPages(vma: Vma): number {
  return (vma.vmEnd - vma.vmStart) / vma.k.pageSize;
}

/** @kernel include/linux/mm.h vma_is_anonymous v6.2 */
export function vmaIsAnonymous(vma: Vma): boolean {
  return vma.vmOps === VM_OPS_NONE;
}

/** @kernel include/linux/mm.h vma_is_shmem v6.2 */
export function vmaIsShmem(vma: Vma): boolean {
  return vma.vmOps === VM_OPS_SHMEM;
}

/** `is_vm_hugetlb_page` of include/linux/hugetlb_inline.h. */
export function isVmHugetlbPage(vma: Vma): boolean {
  return (vma.vmFlags & VM_HUGETLB) !== 0;
}

/** @kernel include/linux/mm.h vma_is_shared_maywrite 6.12 */
export function vmaIsSharedMaywrite(vma: Vma): boolean {
  return (vma.vmFlags & (VM_SHARED | VM_MAYWRITE)) === (VM_SHARED | VM_MAYWRITE);
}

/**
 * The index in the object behind the VMA that backs `address`.
 *
 * @kernel include/linux/pagemap.h linear_page_index v6.2
 */
export function linearPageIndex(vma: Vma, address: number): number {
  return Math.floor((address - vma.vmStart) * vma.k.pagesPerByte) + vma.vmPgoff;
}
