import { PG_dirty, PG_referenced, PG_swapbacked, PG_young } from '../folio/flags.js';
import {
  PageAnon,
  PageKsm,
  isDevicePfn,
  pageFolio,
  pageMapcount,
  pageRefcount,
  testFlag,
} from '../folio/frame.js';
import { isHugeZeroPage } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { xaFind, xaIsValue, xaLoad } from '../pagecache/xarray.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { type Pte, pteDirty, ptePfn, ptePresent, pteProtnone, pteYoung } from '../pgtable/pte.js';
import { swpSwapcount } from '../swap/area.js';
import { vmNormalPage } from '../rmap/map.js';
import { isMigrationEntry, nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { isPfnSwapEntry, swpOffsetPfn } from '../swap/pfn-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { type AddressSpace, vmaMapping } from '../vma/file.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { VM_LOCKED, VM_SHARED, VM_WRITE } from '../vma/vm-flags.js';
import { type Vma, isVmHugetlbPage, linearPageIndex, vmaIsShmem, vmaPages } from '../vma/vma.js';
import {
  type MappedPage,
  MemSizeStats,
  PSS_SHIFT,
  __showSmap,
  accountSwapEntry,
  smapsAccount,
} from './mem-size-stats.js';
import { type PteAt, ptesOf } from './ptes.js';
import { type MmWalkOps, walkPageRange } from './pagewalk.js';
import { smapsHugetlbRange } from './smaps-hugetlb.js';

/**
 * /proc/PID/smaps of one mapping, in KiB.
 *
 * @kernel fs/proc/task_mmu.c show_smap v6.2
 */
export function showSmap(k: Machine, vma: Vma): Record<string, number> {
  const lines = __showSmap(smapGatherStats(k, vma), (vma.vmFlags & VM_LOCKED) !== 0);
  return k.patched.smapsKsm ? lines : { ...lines, KSM: 0 };
}

/**
 * The same, read as a process reads the file: what maps a device's memory two levels above the lowest is split, for
 * smaps has nothing to say of it, and then nothing is there.
 *
 * MODEL: the walk of smap_gather_stats(). showSmap() looks on and leaves no trace.
 */
export function* readSmap(k: Machine, vma: Vma): Step<Record<string, number>> {
  yield* walkPageRange(k, Mm.at(k, vma.vmMm), vma.vmStart, vma.vmEnd, belowPuds, undefined);
  return showSmap(k, vma);
}

/** Asks for all that lies below the level of PUDs, and does nothing with it. */
const belowPuds: MmWalkOps<undefined> = { pmdEntry: passOver, leaf: passOver, lockless: true };

function* passOver(): Step<number> {
  return 0;
}

/** @kernel fs/proc/task_mmu.c smap_gather_stats v6.2 */
function smapGatherStats(k: Machine, vma: Vma): MemSizeStats {
  const mss = new MemSizeStats();
  if (isVmHugetlbPage(vma)) {
    smapsHugetlbRange(k, vma, mss);
    return mss;
  }
  const mapping = vmaIsShmem(vma) ? vmaMapping(k, vma) : null;
  const byHole = mapping !== null && !countedWhole(k, vma, mapping, mss);
  for (const place of ptesOf(k, vma)) smapsPteEntry(k, vma, place, mss, byHole ? mapping : null);
  return mss;
}

/**
 * Swapped pages of an object that a mapping can show whatever its own entries hold: all but private copies.
 *
 * @returns whether they were counted; else each hole has to be looked up
 */
function countedWhole(k: Machine, vma: Vma, mapping: AddressSpace, mss: MemSizeStats): boolean {
  const swapped = shmemSwapUsage(k, vma, mapping);
  if (swapped !== 0 && (vma.vmFlags & VM_SHARED) === 0 && (vma.vmFlags & VM_WRITE) !== 0) return false;
  mss.swap += swapped;
  return true;
}

/** Bytes of an object in swap that a mapping covers. @kernel mm/shmem.c shmem_swap_usage v6.2 */
function shmemSwapUsage(k: Machine, vma: Vma, mapping: AddressSpace): number {
  if (mapping.swapped === 0) return 0;
  if (vma.vmPgoff === 0 && vma.vmEnd - vma.vmStart >= mapping.iSize) return mapping.swapped * k.pageSize;
  return shmemPartialSwapUsage(k, mapping, vma.vmPgoff, vmaPages(vma));
}

/** @kernel mm/shmem.c shmem_partial_swap_usage v6.2 */
function shmemPartialSwapUsage(k: Machine, mapping: AddressSpace, from: number, nrPages: number): number {
  let swapped = 0;
  const end = from + nrPages;
  for (let at = xaFind(k, mapping, from, end); at >= 0; at = xaFind(k, mapping, at + 1, end)) {
    if (xaIsValue(xaLoad(k, mapping, at))) swapped++;
  }
  return swapped * k.pageSize;
}

/**
 * @kernel fs/proc/task_mmu.c smaps_pte_entry v6.2
 * @param behind the object in which to look for swapped pages where nothing is mapped
 */
function smapsPteEntry(
  k: Machine,
  vma: Vma,
  { address, pte, huge }: PteAt,
  mss: MemSizeStats,
  behind: AddressSpace | null,
): void {
  if (ptePresent(k, pte)) {
    if (huge && pteProtnone(k, pte) && !k.patched.smapsProtnonePmd) return;
    if (huge && isDevicePfn(k, ptePfn(k, pte))) return smapsDevicePage(k, pte, mss);
    const page = vmNormalPage(k, pte);
    const folio = pageFolio(k, page);
    if (page === 0 || isHugeZeroPage(k, folio)) return;
    if (huge) mss.anonymousThp += k.pageSize;
    if (huge && overflowsPss(k, folio)) mss.pss -= k.pageSize * 2 ** PSS_SHIFT;
    smapsAccount(mss, k.pageSize, mappedPage(k, page, pteYoung(k, pte), pteDirty(k, pte)));
    return;
  }
  if (!pteHasSwapEntry(k, pte)) {
    if (behind !== null) mss.swap += shmemPartialSwapUsage(k, behind, linearPageIndex(vma, address), 1);
    return;
  }
  const entry = pteToSwpEntry(k, pte);
  // A huge page that is moving.
  if (huge) mss.anonymousThp += k.pageSize;
  if (!nonSwapEntry(k, entry)) accountSwapEntry(mss, k.pageSize, swpSwapcount(k, entry));
  else if (isPfnSwapEntry(k, entry)) smapsAccount(mss, k.pageSize, pageOfEntry(k, entry));
}

/**
 * A page of a device's memory that a leaf maps. Nobody counts its mappings, its one reference makes it the mapping's
 * own; since 8b9c1cc0418a it is no page to smaps, as small ones never were.
 *
 * @differs every device has its frames as compound pages of what a leaf maps, as dax devices have, files on DAX not
 */
function smapsDevicePage(k: Machine, pte: Pte, mss: MemSizeStats): void {
  if (k.patched.smapsProtnonePmd) return;
  const page = { anon: false, swapbacked: false, ksm: false, mapcount: 1 };
  smapsAccount(mss, k.pageSize, { ...page, young: pteYoung(k, pte), dirty: pteDirty(k, pte) });
}

/** A page behind an entry that is not present: by how many it is shared can only be guessed. */
function pageOfEntry(k: Machine, entry: number): MappedPage {
  const page = mappedPage(k, swpOffsetPfn(entry), false, false);
  if (k.patched.smapsNonpresentShared) return { ...page, mapcount: 1, maybeShared: true };
  return isMigrationEntry(k, entry) ? { ...page, mapcount: 1 } : page;
}

/**
 * A huge page that is mapped once is added to Pss as a whole, shifted. A long of 32 bits does not hold that.
 *
 * MODEL: what is left of the sum is nothing, for its size is a power of two.
 */
function overflowsPss(k: Machine, folio: number): boolean {
  const whole = hpagePmdSize(k) * 2 ** PSS_SHIFT;
  return pageRefcount(k, folio) === 1 && whole >= 2 ** k.pte.arch.longBits;
}

function mappedPage(k: Machine, page: number, young: boolean, dirty: boolean): MappedPage {
  const folio = pageFolio(k, page);
  return {
    anon: PageAnon(k, page),
    swapbacked: testFlag(k, folio, PG_swapbacked),
    ksm: PageKsm(k, page),
    dirty: dirty || testFlag(k, folio, PG_dirty),
    young: young || testFlag(k, folio, PG_referenced | PG_young),
    mapcount: pageMapcount(k, page),
  };
}
