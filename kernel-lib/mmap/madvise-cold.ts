import { EINVAL } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { folioMapcount, folioNrPages, folioTestLarge } from '../folio/compound.js';
import { PG_lru, PG_referenced, PG_unevictable, PG_young } from '../folio/flags.js';
import { clearFlag, folioGet, pageFolio, pageMapcount, testFlag } from '../folio/frame.js';
import { deactivatePage, folioIsolateLru, folioPutbackLru, lruAddDrain } from '../folio/lru.js';
import {
  type LargeStep,
  type Standing,
  folioLikelyMappedShared,
  splitIfOwn,
  splitIfPart,
} from '../huge/advise.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { splitUnlocked } from '../huge/split-folio.js';
import { isHugeZeroPmd } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import {
  hpagePmdSize,
  pmdMkold,
  pmdPfn,
  pmdPresent,
  pmdYoung,
  pmdpGet,
  pmdpInvalidate,
  setPmdAt,
} from '../pgtable/pmd.js';
import { pteMkold, ptePresent, pteYoung } from '../pgtable/pte.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { reclaimPages } from '../reclaim/reclaim-pages.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import { vmNormalPage } from '../rmap/map.js';
import { type Step, resultOf } from '../step/step.js';
import { flushPmdTlbRange, ptepGetAndClearFull } from '../tlb/tlb.js';
import type { Vma } from '../vma/vma.js';
import { VM_HUGETLB, VM_LOCKED, VM_PFNMAP } from '../vma/vm-flags.js';
import { type MmuGather, tlbFinishMmu, tlbGatherMmu, tlbRemoveTlbEntry } from '../zap/mmu-gather.js';
import { walkPageRange } from './walk-page-range.js';

/** @kernel mm/madvise.c madvise_walk_private v6.2 */
interface MadviseWalkPrivate {
  readonly tlb: MmuGather;
  readonly pageout: boolean;
}

/**
 * Makes the pages the first that reclaim would take.
 *
 * @kernel mm/madvise.c madvise_cold v6.2
 */
export function* madviseCold(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  return yield* coldOrPageout(k, vma, start, end, false);
}

/**
 * Writes the pages out, if nobody else maps them.
 *
 * @kernel mm/madvise.c madvise_pageout v6.2
 * @differs the caller may write to every file that it maps
 */
export function* madvisePageout(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  return yield* coldOrPageout(k, vma, start, end, true);
}

function* coldOrPageout(k: Machine, vma: Vma, start: number, end: number, pageout: boolean): Step<number> {
  if (!canMadvLruVma(vma)) return -EINVAL;
  yield* resultOf(lruAddDrain(k));
  const tlb = tlbGatherMmu(k, vma.vmMm);
  yield* walkPageRange(k, vma, start, end, coldOrPageoutTable, { tlb, pageout }, coldOrPageoutHuge);
  yield* tlbFinishMmu(k, tlb);
  return 0;
}

/** @kernel mm/madvise.c can_madv_lru_vma v6.2 */
function canMadvLruVma(vma: Vma): boolean {
  return (vma.vmFlags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) === 0;
}

/**
 * Gathers the pages of one table under its lock, and gives them up after it.
 *
 * MODEL: the part of madvise_cold_or_pageout_pte_range() behind `regular_page`.
 */
function* coldOrPageoutTable(
  k: Machine,
  _vma: Vma,
  table: number,
  start: number,
  end: number,
  walk: MadviseWalkPrivate,
): Step<void> {
  const folios: number[] = [];
  yield* ptlLock(k, table);
  for (let at = start; at < end;) {
    const pte = yield* ptepGet(k, pteOffset(k, table, at));
    const page = ptePresent(k, pte) ? vmNormalPage(k, pte) : 0;
    let nrPtes = 1;
    if (page !== 0 && folioTestLarge(k, pageFolio(k, page))) {
      const step = yield* largeStep(k, { table, address: at, end, pte });
      if (step.do === 'stop') break;
      if (step.do === 'again') continue;
      nrPtes = step.nrPtes;
      if (step.do === 'whole') yield* takeFolio(k, walk, table, at, nrPtes, page, folios);
    } else if (page !== 0) {
      yield* takeFolio(k, walk, table, at, 1, page, folios);
    }
    at += nrPtes * k.pageSize;
  }
  ptlUnlock(k, table);
  if (walk.pageout) yield* resultOf(reclaimPages(k, folios));
}

function* largeStep(k: Machine, standing: Standing): Step<LargeStep> {
  if (k.patched.coldKeepsLarge) return yield* splitIfPart(k, standing);
  return yield* splitIfOwn(k, standing, pageMapcount(k, vmNormalPage(k, standing.pte)) !== 1);
}

/** A folio on the LRU that these entries map and nobody else does. */
function* takeFolio(
  k: Machine,
  { tlb, pageout }: MadviseWalkPrivate,
  table: number,
  address: number,
  nrPtes: number,
  page: number,
  folios: number[],
): Step<void> {
  const folio = pageFolio(k, page);
  if (!testFlag(k, folio, PG_lru) || folioMapcount(k, folio) !== folioNrPages(k, folio)) return;
  if (!pageout || !k.patched.pageoutKeepsYoung) yield* makeOld(k, tlb, table, address, nrPtes);
  clearFlag(k, folio, PG_referenced | PG_young);
  yield* giveUp(k, folio, pageout, folios);
}

function* makeOld(k: Machine, tlb: MmuGather, table: number, first: number, nrPtes: number): Step<void> {
  for (let i = 0; i < nrPtes; i++) {
    const address = first + i * k.pageSize;
    const ptep = pteOffset(k, table, address);
    if (!pteYoung(k, yield* ptepGet(k, ptep))) continue;
    // Taken out first: what the MMU notes while the entry is made old would be lost.
    const pte = yield* ptepGetAndClearFull(k, tlb.mm, address, ptep);
    yield* setPteAt(k, ptep, pteMkold(k, pte));
    tlbRemoveTlbEntry(k, tlb, address);
  }
}

/** Takes the folio from its LRU list to be reclaimed, or to the list's end. */
function* giveUp(k: Machine, folio: number, pageout: boolean, folios: number[]): Step<void> {
  if (!pageout) return yield* deactivatePage(k, folio);
  if (!(yield* folioIsolateLru(k, folio))) return;
  if (testFlag(k, folio, PG_unevictable)) yield* folioPutbackLru(k, folio);
  else folios.push(folio);
}

/** A huge page: taken whole, or split if the advice concerns a part. */
function* coldOrPageoutHuge(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  { tlb, pageout }: MadviseWalkPrivate,
): Step<boolean> {
  const at = yield* __pmdTransHugeLock(k, vma, start);
  if (at === null) return false;
  const pmd = yield* pmdpGet(k, at.pmdp);
  const folio = pmdPfn(k, pmd);
  const own = pmdPresent(k, pmd) && !isHugeZeroPmd(k, pmd) && !folioLikelyMappedShared(k, folio);
  if (own && end - start !== hpagePmdSize(k)) return !(yield* splitPart(k, at, folio));
  const folios: number[] = [];
  if (own) {
    const makesOld = pmdYoung(k, pmd) && (!pageout || !k.patched.pageoutKeepsYoung);
    if (makesOld) yield* makeHugeOld(k, tlb, at, start);
    clearFlag(k, folio, PG_referenced | PG_young);
    yield* giveUp(k, folio, pageout, folios);
  }
  ptlUnlock(k, at.table);
  if (pageout) yield* resultOf(reclaimPages(k, folios));
  return true;
}

function* makeHugeOld(k: Machine, tlb: MmuGather, at: PmdMappedAt, haddr: number): Step<void> {
  const pmd = yield* pmdpInvalidate(k, at.pmdp);
  yield* flushPmdTlbRange(k, tlb.mm, haddr);
  yield* setPmdAt(k, at.pmdp, pmdMkold(k, pmd));
  tlbRemoveTlbEntry(k, tlb, haddr, hpagePmdSize(k));
}

/** Splits a huge page whose leaf is locked; unlocks that. */
function* splitPart(k: Machine, at: PmdMappedAt, folio: number): Step<boolean> {
  yield* folioGet(k, folio);
  ptlUnlock(k, at.table);
  const split = yield* splitUnlocked(k, folio);
  yield* folioPut(k, folio);
  return split;
}
