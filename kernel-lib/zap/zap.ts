import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { folioTestLarge } from '../folio/compound.js';
import { PageAnon, folioTestAnon, pageFolio } from '../folio/frame.js';
import { folioMarkAccessed } from '../folio/lru.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import { mapsHugePud } from '../huge/pud-lock.js';
import { folioPteBatch } from '../huge/pte-batch.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import { __splitHugePud } from '../huge/split-pud.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { hpagePudSize, pudAddrEnd } from '../pgtable/pud.js';
import { type Pte, pteDirty, pteNone, ptePresent, pteYoung } from '../pgtable/pte.js';
import {
  PTE_WORDS,
  pmdAddrEnd,
  pmdSpan,
  pteOffset,
  pteTable,
  ptepGet,
  ptepGetAndClear,
  ptlLock,
  ptlUnlock,
  setPteAt,
} from '../pgtable/table.js';
import { mmCounter, mmCounterFile, pageRemoveRmap, vmNormalPage } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { freeSwapAndCache } from '../swap/cache.js';
import {
  PTE_MARKER_GUARD,
  PTE_MARKER_UFFD_WP,
  isMigrationEntry,
  isPteMarkerEntry,
  nonSwapEntry,
  pteMarkerGet,
  pteToSwpEntry,
} from '../swap/entry.js';
import { isDeviceExclusiveEntry, isDevicePrivateEntry, swpOffsetPfn } from '../swap/pfn-entry.js';
import { isSwapSpecialPte } from '../swap/special-pte.js';
import { pteInstallUffdWpIfNeeded } from '../uffd/markers.js';
import { ptepGetAndClearFull } from '../tlb/tlb.js';
import { MM_ANONPAGES, MM_SWAPENTS, Mm, addMmRssVec, initRssVec } from '../vma/mm.js';
import { type Vma, isVmHugetlbPage, vmaIsAnonymous } from '../vma/vma.js';
import { VM_SEQ_READ } from '../vma/vm-flags.js';
import { __unmapHugepageRange } from './zap-hugetlb.js';
import {
  type MmuGather,
  __tlbRemovePageSize,
  tlbDelayRmap,
  tlbFinishMmu,
  tlbFlushMmu,
  tlbFlushMmuTlbonly,
  tlbFlushRmaps,
  tlbGatherMmu,
  tlbRemoveTlbEntry,
} from './mmu-gather.js';
import { tryToFreePte } from './reclaim-table.js';
import { zapHugePmd } from './zap-huge.js';
import { zapHugePud } from './zap-huge-pud.js';

/** What a zap is to spare. @kernel include/linux/mm.h zap_details v6.2 */
export interface ZapDetails {
  /** False: private copies stay. Absent: everything goes. */
  readonly evenCows?: boolean;
  /** True: markers of userfaultfd write-protection go as well. */
  readonly dropMarker?: boolean;
  /** True: tables that are empty afterwards go, too. */
  readonly reclaimPt?: boolean;
}

/**
 * Removes what a range of a VMA maps.
 *
 * @kernel mm/memory.c zap_page_range_single v6.2
 * @differs does not drain the LRU batches of its CPU first
 * @param start first byte; @param end first byte behind; both page-aligned
 */
export function* zapPageRangeSingle(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  details: ZapDetails = {},
): Step<void> {
  const tlb = tlbGatherMmu(k, vma.vmMm);
  yield* unmapSingleVma(k, tlb, vma, start, end, details);
  yield* tlbFinishMmu(k, tlb);
}

/** The part of [start, end) that a VMA holds. @kernel mm/memory.c unmap_single_vma v6.2 */
export function* unmapSingleVma(
  k: Machine,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
  details: ZapDetails,
): Step<void> {
  const { pgd } = Mm.at(k, vma.vmMm);
  const from = Math.max(start, vma.vmStart);
  const to = Math.min(end, vma.vmEnd);
  if (isVmHugetlbPage(vma)) {
    yield* __unmapHugepageRange(k, tlb, vma, from, to, details.dropMarker === true);
    return;
  }
  for (let address = from; address < to;) {
    if (mapsHugePud(k, vma, address)) {
      const end = pudAddrEnd(k, address, to);
      if (end - address !== hpagePudSize(k)) yield* __splitHugePud(k, vma, address);
      else if (yield* zapHugePud(k, tlb, vma, address)) address = end;
      continue;
    }
    const next = pmdAddrEnd(k, address, to);
    let table = pteTable(k, pgd, address);
    if (table === 0 && mapsHugePage(k, vma, address)) {
      const whole = next - address === hpagePmdSize(k);
      if (!whole) yield* __splitHugePmd(k, vma, address);
      if (!whole || !(yield* zapHugePmd(k, tlb, vma, address))) table = pteTable(k, pgd, address);
    }
    if (table !== 0) yield* zapPteRange(k, tlb, vma, table, address, next, details);
    const whole = next - address === pmdSpan(k);
    if (table !== 0 && whole && details.reclaimPt === true) yield* tryToFreePte(k, vma, table, address);
    address = next;
  }
}

/** One page table that is being zapped. */
interface Zap {
  readonly tlb: MmuGather;
  readonly vma: Vma;
  readonly table: number;
  readonly details: ZapDetails;
  /** What has gone, still to be taken from the counters. */
  readonly rss: number[];
  /** The TLBs are to be flushed before the table's lock is released. */
  forceFlush: boolean;
  /** No further page can be gathered. */
  full: boolean;
}

/**
 * @kernel mm/memory.c zap_pte_range v6.2
 * @differs nobody defers flushes, so there is no flush_tlb_batched_pending(); since v6.3 pages of MADV_RANDOM are not
 *   marked as used either
 */
function* zapPteRange(
  k: Machine,
  tlb: MmuGather,
  vma: Vma,
  table: number,
  start: number,
  end: number,
  details: ZapDetails,
): Step<void> {
  for (let address = start; address < end;) {
    const zap = { tlb, vma, table, details, rss: initRssVec(), forceFlush: false, full: false };
    address = yield* zapUnderLock(k, zap, address, end);
    if (zap.forceFlush) yield* tlbFlushMmu(k, tlb);
  }
}

/** Zaps entries until the gather has to be flushed; gives the address behind the last. */
function* zapUnderLock(k: Machine, zap: Zap, start: number, end: number): Step<number> {
  const { tlb, vma, table } = zap;
  yield* ptlLock(k, table);
  let address = start;
  for (let ptep = pteOffset(k, table, start); address < end && !zap.full;) {
    const nrPtes = yield* zapPte(k, zap, ptep, address, end);
    ptep += PTE_WORDS * nrPtes;
    address += nrPtes * k.pageSize;
  }
  addMmRssVec(k, Mm.at(k, vma.vmMm), zap.rss);
  if (zap.forceFlush) {
    yield* tlbFlushMmuTlbonly(k, tlb);
    if (k.patched.delayedRmapHidden || tlb.delayedRmap) yield* tlbFlushRmaps(k, tlb, zap.vma);
  }
  ptlUnlock(k, table);
  return address;
}

/** @returns how many entries were dealt with */
function* zapPte(k: Machine, zap: Zap, ptep: number, address: number, end: number): Step<number> {
  const pte = yield* ptepGet(k, ptep);
  if (pteNone(k, pte)) return 1;
  if (ptePresent(k, pte)) return yield* zapPresent(k, zap, ptep, address, end, pte);
  yield* zapNonpresent(k, zap, ptep, pte);
  return 1;
}

function* zapPresent(
  k: Machine,
  zap: Zap,
  ptep: number,
  address: number,
  end: number,
  seen: Pte,
): Step<number> {
  const { tlb, vma, details } = zap;
  const page = vmNormalPage(k, seen);
  if (page !== 0) {
    if (!shouldZapPage(k, page, details)) return 1;
    if (folioTestLarge(k, pageFolio(k, page))) return yield* zapLarge(k, zap, address, end, seen);
  }
  const pte = yield* ptepGetAndClearFull(k, tlb.mm, address, ptep);
  tlbRemoveTlbEntry(k, tlb, address);
  yield* zapInstallUffdWpIfNeeded(k, vma, ptep, pte, details);
  if (page !== 0) yield* zapFolio(k, zap, page, pte);
  return 1;
}

/** A mapping of a folio of one page has gone. MODEL: the part of zap_present_folio_ptes() behind the entry. */
function* zapFolio(k: Machine, zap: Zap, folio: number, pte: Pte): Step<void> {
  const { tlb, vma, rss } = zap;
  let delayRmap = false;
  if (folioTestAnon(k, folio)) rss[MM_ANONPAGES]!--;
  else delayRmap = yield* zapFileFolio(k, zap, folio, pte);
  if (!delayRmap) yield* pageRemoveRmap(k, folio, vma);
  if (yield* __tlbRemovePageSize(k, tlb, folio, delayRmap)) zap.forceFlush = zap.full = true;
}

/** @returns whether the folio's map count waits for the flush */
function* zapFileFolio(k: Machine, zap: Zap, folio: number, pte: Pte): Step<boolean> {
  yield* noteFileUse(k, zap.vma, folio, pte);
  zap.rss[mmCounterFile(k, folio)]!--;
  const dirty = pteDirty(k, pte);
  // Until the flush, another CPU may store through the translation that it has cached, and tell nobody.
  const delayRmap = k.patched.delayRmap && dirty && tlbDelayRmap(k, zap.tlb);
  // Before, whoever had no TLB to wait for flushed all the same.
  if (k.patched.delayRmap ? delayRmap : dirty) zap.forceFlush = true;
  return delayRmap;
}

/**
 * Neighbouring pages of a large anonymous folio: at once since 10ebac4f95e7, one by one before.
 *
 * MODEL: the part of zap_present_ptes() that deals with anonymous folios.
 */
function* zapLarge(k: Machine, zap: Zap, address: number, end: number, seen: Pte): Step<number> {
  const { tlb, vma, table } = zap;
  const page = vmNormalPage(k, seen);
  const nrPtes = k.patched.zapBatches ? folioPteBatch(k, table, address, end, seen) : 1;
  for (let i = 0; i < nrPtes; i++) yield* ptepGetAndClear(k, pteOffset(k, table, address + i * k.pageSize));
  tlbRemoveTlbEntry(k, tlb, address, nrPtes * k.pageSize);
  zap.rss[MM_ANONPAGES]! -= nrPtes;
  yield* pageRemoveRmap(k, page, vma, nrPtes);
  if (yield* __tlbRemovePageSize(k, tlb, page, false, nrPtes)) zap.forceFlush = zap.full = true;
  return nrPtes;
}

/** Private copies survive where only the file's own pages go. @kernel mm/memory.c should_zap_page v6.2 */
function shouldZapPage(k: Machine, page: number, details: ZapDetails): boolean {
  return details.evenCows !== false || !PageAnon(k, page);
}

/** What the entry knew of a page-cache page goes to the page. */
function* noteFileUse(k: Machine, vma: Vma, page: number, pte: Pte): Step<void> {
  if (pteDirty(k, pte)) yield* folioMarkDirty(k, page);
  // What is read from front to back is not read again.
  if (pteYoung(k, pte) && (vma.vmFlags & VM_SEQ_READ) === 0) yield* folioMarkAccessed(k, page);
}

function* zapNonpresent(k: Machine, zap: Zap, ptep: number, pte: Pte): Step<void> {
  const { vma, details } = zap;
  const entry = pteToSwpEntry(k, pte);
  const evenCows = details.evenCows !== false;
  if (isSwapSpecialPte(k, pte)) {
    if (details.dropMarker !== true) return;
  } else if (!nonSwapEntry(k, entry)) {
    if (!evenCows) return;
    zap.rss[MM_SWAPENTS]!--;
    yield* freeSwapAndCache(k, entry);
  } else if (isPteMarkerEntry(k, entry)) {
    if (!dropsMarker(k, vma, pteMarkerGet(k, entry), details)) return;
  } else if (isMigrationEntry(k, entry)) {
    const page = swpOffsetPfn(entry);
    // A file's own page goes also where private copies stay.
    if (!shouldZapPage(k, page, details)) return;
    zap.rss[mmCounter(k, page)]!--;
  } else if (!evenCows) {
    return;
  } else if (isDevicePrivateEntry(k, entry) || isDeviceExclusiveEntry(k, entry)) {
    yield* zapDevice(k, zap, entry);
  }
  yield* setPteAt(k, ptep, k.pte.pteEmpty);
  yield* zapInstallUffdWpIfNeeded(k, vma, ptep, pte, details);
}

/** A page that a device has: the entry's reference goes, and in the device's own memory a mapping. */
function* zapDevice(k: Machine, { vma, rss }: Zap, entry: number): Step<void> {
  const page = swpOffsetPfn(entry);
  rss[mmCounter(k, page)]!--;
  if (isDevicePrivateEntry(k, entry)) yield* pageRemoveRmap(k, page, vma);
  yield* folioPut(k, page);
}

/** Only who unmaps for good takes a write-protection marker along; an error goes with private memory. */
function dropsMarker(k: Machine, vma: Vma, marker: number, details: ZapDetails): boolean {
  if ((marker & PTE_MARKER_GUARD) !== 0) return details.dropMarker === true;
  if ((marker & PTE_MARKER_UFFD_WP) === 0) return details.evenCows !== false;
  if (details.dropMarker === true) return true;
  return k.patched.uffdWpUnpopulated && vmaIsAnonymous(vma);
}

/** @kernel mm/memory.c zap_install_uffd_wp_if_needed v6.2 */
function* zapInstallUffdWpIfNeeded(
  k: Machine,
  vma: Vma,
  ptep: number,
  pte: Pte,
  details: ZapDetails,
): Step<void> {
  if (details.dropMarker !== true) yield* pteInstallUffdWpIfNeeded(k, vma, ptep, pte);
}
