import { InputError } from '../base/error.js';
import { allocHugeFolio } from '../folio/alloc.js';
import { hpagePmdNr } from '../folio/compound.js';
import { NO_PAGE, PageAnon, copyUserHighpage } from '../folio/frame.js';
import {
  dequeueHugePage,
  hugetlbAcctMemory,
  prepNewHugetlbFolio,
  prepTemporaryHugePage,
  restoresReserve,
  setRestoreReserve,
} from '../folio/hugetlb-pool.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { folioMapped } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { type AddressSpace, vmaMapping } from '../vma/file.js';
import {
  ResvMap,
  regionAdd,
  regionChg,
  regionCount,
  regionDel,
  resvMapAlloc,
  resvMapRelease,
} from '../vma/resv-map.js';
import { VM_MAYSHARE, VM_NORESERVE } from '../vma/vm-flags.js';
import { type Vma, isVmHugetlbPage, linearPageIndex } from '../vma/vma.js';

/**
 * Fills the pool, as writing to /proc/sys/vm/nr_hugepages does.
 *
 * @kernel mm/hugetlb.c set_max_huge_pages v6.2
 * @differs the pool only grows
 * @param count how many huge pages it is to have
 * @throws InputError when the architecture has no huge pages, or memory is short
 */
export function setMaxHugePages(k: Machine, count: number): void {
  if (k.pte.huge === undefined) throw new InputError(`${k.pte.arch.id} has no huge pages here`);
  while (k.globals.nrHugePages < count) {
    const folio = allocHugeFolio(k);
    if (folio === NO_PAGE) {
      throw new InputError(`nr_hugepages is ${count}; memory allows ${k.globals.nrHugePages}`);
    }
    prepNewHugetlbFolio(k, folio);
  }
}

/** Whether an address lies within a huge page of a hugetlb VMA, which cannot be parted. MODEL: hugetlb_vm_op_split(). */
export function partsHugePage(k: Machine, vma: Vma, address: number): boolean {
  return isVmHugetlbPage(vma) && address % hpagePmdSize(k) !== 0;
}

/** Bytes of what one entry of a VMA maps. @kernel mm/hugetlb.c vma_kernel_pagesize v6.2 */
export function vmaKernelPagesize(k: Machine, vma: Vma): number {
  return isVmHugetlbPage(vma) ? hpagePmdSize(k) : k.pageSize;
}

/** The index of a huge page in its object. @kernel mm/hugetlb.c vma_hugecache_offset v6.2 */
export function vmaHugecacheOffset(k: Machine, vma: Vma, address: number): number {
  return Math.floor((linearPageIndex(vma, address) * k.pageSize) / hpagePmdSize(k));
}

/** The pages of an object that a VMA maps, as indexes: first, and first behind. */
function indexes(k: Machine, vma: Vma): readonly [from: number, to: number] {
  return [vmaHugecacheOffset(k, vma, vma.vmStart), vmaHugecacheOffset(k, vma, vma.vmEnd)];
}

/**
 * Makes sure that a new mapping will find its pages: for a shared one, those of the object that nobody has reserved
 * yet; for a private one all, of which the VMA notes what it has used.
 *
 * @kernel mm/hugetlb.c hugetlb_reserve_pages v6.2
 * @differs no quota of a mount, no cgroup
 * @returns false when the pool has not enough
 */
export function hugetlbReservePages(k: Machine, mapping: AddressSpace, vma: Vma): boolean {
  if ((vma.vmFlags & VM_NORESERVE) !== 0) return true;
  const [from, to] = indexes(k, vma);
  if ((vma.vmFlags & VM_MAYSHARE) === 0) {
    if (!hugetlbAcctMemory(k, to - from)) return false;
    vma.vmResvMap = resvMapAlloc(k).at;
    return true;
  }
  const map = ResvMap.at(k, mapping.resvMap);
  if (!hugetlbAcctMemory(k, regionChg(k, map, from, to))) return false;
  regionAdd(k, map, from, to);
  return true;
}

/** A VMA goes: what it reserved and did not use is free again. @kernel mm/hugetlb.c hugetlb_vm_op_close v6.2 */
export function hugetlbVmOpClose(k: Machine, vma: Vma): void {
  if (vma.vmResvMap === 0) return;
  const map = ResvMap.at(k, vma.vmResvMap);
  const [from, to] = indexes(k, vma);
  hugetlbAcctMemory(k, -(to - from - regionCount(k, map, from, to)));
  resvMapRelease(k, map);
  vma.vmResvMap = 0;
}

/**
 * mremap has given a private mapping's reservations to the VMA at the new place; the old one, which is about to go,
 * must not give them back.
 *
 * @kernel mm/hugetlb.c clear_vma_resv_huge_pages v6.2
 */
export function clearVmaResvHugePages(k: Machine, vma: Vma): void {
  if (vma.vmResvMap === 0) return;
  resvMapRelease(k, ResvMap.at(k, vma.vmResvMap));
  vma.vmResvMap = 0;
}

/** The map that tells of a VMA's pages, null for a child's private copy, which has none. @kernel mm/hugetlb.c vma_resv_map v6.2 */
function vmaResvMap(k: Machine, vma: Vma): ResvMap | null {
  if ((vma.vmFlags & VM_MAYSHARE) !== 0) return ResvMap.at(k, vmaMapping(k, vma)!.resvMap);
  return vma.vmResvMap === 0 ? null : ResvMap.at(k, vma.vmResvMap);
}

/**
 * Whether a page would need a reservation that its mapping does not have. The maps of private mappings note the
 * opposite: what is in them has been used.
 *
 * @kernel mm/hugetlb.c vma_needs_reservation v6.2
 */
function vmaNeedsReservation(k: Machine, vma: Vma, address: number): boolean {
  const map = vmaResvMap(k, vma);
  if (map === null) return true;
  const index = vmaHugecacheOffset(k, vma, address);
  const missing = regionChg(k, map, index, index + 1) > 0;
  return (vma.vmFlags & VM_MAYSHARE) !== 0 ? missing : !missing;
}

/** @kernel mm/hugetlb.c vma_commit_reservation v6.2 */
function vmaCommitReservation(k: Machine, vma: Vma, address: number): void {
  const map = vmaResvMap(k, vma);
  const index = vmaHugecacheOffset(k, vma, address);
  if (map !== null) regionAdd(k, map, index, index + 1);
}

/** Whether a page for the VMA may come out of what is reserved. @kernel mm/hugetlb.c vma_has_reserves v6.2 */
function vmaHasReserves(vma: Vma, needsReservation: boolean): boolean {
  if (needsReservation) return false;
  return (vma.vmFlags & VM_MAYSHARE) !== 0 || vma.vmResvMap !== 0;
}

/**
 * Takes a page out of the pool.
 *
 * @kernel mm/hugetlb.c alloc_huge_page v6.2
 * @differs no surplus pages, no cgroup
 * @param avoidReserve whether the VMA's reservation has to be spared
 * @returns NO_PAGE when there is none for this VMA
 */
export function allocHugePage(k: Machine, vma: Vma, address: number, avoidReserve: boolean): number {
  const needs = avoidReserve || vmaNeedsReservation(k, vma, address);
  const reserved = !avoidReserve && vmaHasReserves(vma, needs);
  const { freeHugePages, resvHugePages } = k.globals;
  if (!reserved && freeHugePages - resvHugePages <= 0) return NO_PAGE;
  const page = dequeueHugePage(k);
  if (page === NO_PAGE) return NO_PAGE;
  if (reserved) {
    setRestoreReserve(k, page, true);
    k.globals.resvHugePages--;
  }
  vmaCommitReservation(k, vma, address);
  return page;
}

/**
 * Takes the page that another one is to move to: out of the pool, if that has more than it has promised, else out of
 * memory for a while.
 *
 * @kernel mm/hugetlb.c alloc_huge_page_nodemask v6.2
 * @returns NO_PAGE when there is none
 */
export function allocHugePageNodemask(k: Machine): number {
  if (k.globals.freeHugePages - k.globals.resvHugePages > 0) return dequeueHugePage(k);
  const folio = allocHugeFolio(k);
  if (folio !== NO_PAGE) prepTemporaryHugePage(k, folio);
  return folio;
}

/**
 * A page that was taken out of the pool will not be mapped after all: its mapping has the reservation again that it
 * had before, or none. The caller frees the page.
 *
 * @kernel mm/hugetlb.c restore_reserve_on_error v6.2
 */
export function restoreReserveOnError(k: Machine, vma: Vma, address: number, page: number): void {
  const map = vmaResvMap(k, vma);
  if (map === null) return;
  // The map of an object says who is promised a page, that of a private mapping who has had it.
  const shared = (vma.vmFlags & VM_MAYSHARE) !== 0;
  const index = vmaHugecacheOffset(k, vma, address);
  if (restoresReserve(k, page) !== shared) regionDel(k, map, index, index + 1);
}

/**
 * A private page of a mapping that had reserved it is unmapped for the last time: the mapping has its reservation
 * again, and the page takes it along into the pool.
 *
 * MODEL: the end of the loop in __unmap_hugepage_range().
 */
export function* restoreReserveOnUnmap(k: Machine, vma: Vma, address: number, page: number): Step<void> {
  const owner = (vma.vmFlags & VM_MAYSHARE) === 0 && vma.vmResvMap !== 0;
  if (!owner || !PageAnon(k, page) || (yield* folioMapped(k, page))) return;
  setRestoreReserve(k, page, true);
  const index = vmaHugecacheOffset(k, vma, address);
  regionDel(k, ResvMap.at(k, vma.vmResvMap), index, index + 1);
}

/** Copies the content of a huge page, page by page. @kernel mm/memory.c copy_user_huge_page v6.2 */
export function* copyUserHugePage(k: Machine, dst: number, src: number): Step<void> {
  for (let n = 0; n < hpagePmdNr(k); n++) yield* copyUserHighpage(k, dst + n, src + n);
}
