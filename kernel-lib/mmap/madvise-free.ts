import { EINVAL } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { folioMapcount, folioNrPages, folioTestLarge } from '../folio/compound.js';
import {
  type LargeStep,
  type Standing,
  folioLikelyMappedShared,
  splitIfOwn,
  splitIfPart,
} from '../huge/advise.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { splitHugePageToList } from '../huge/split-folio.js';
import { isHugeZeroPmd } from '../huge/zero-page.js';
import {
  hpagePmdSize,
  pmdDirty,
  pmdMkclean,
  pmdMkold,
  pmdPfn,
  pmdPresent,
  pmdpGet,
  pmdpInvalidate,
  pmdYoung,
  setPmdAt,
} from '../pgtable/pmd.js';
import { flushPmdTlbRange, ptepGetAndClearFull } from '../tlb/tlb.js';
import { vmNormalPage } from '../rmap/map.js';
import { PG_dirty, PG_swapcache } from '../folio/flags.js';
import { clearFlag, folioGet, pageFolio, testFlag } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { lruAddDrain, markPageLazyfree } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, pteDirty, pteMkclean, pteMkold, pteNone, ptePresent, pteYoung } from '../pgtable/pte.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { folioFreeSwap, freeSwapAndCache } from '../swap/cache.js';
import { isHwpoisonEntry, isSwapinErrorEntry, nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { MM_SWAPENTS, Mm, addMmCounter } from '../vma/mm.js';
import { type Vma, vmaIsAnonymous } from '../vma/vma.js';
import { type MmuGather, tlbFinishMmu, tlbGatherMmu, tlbRemoveTlbEntry } from '../zap/mmu-gather.js';
import { walkPageRange } from './walk-page-range.js';

/** @kernel mm/madvise.c madvise_free_single_vma v6.2 @returns 0, or -EINVAL for memory that is not anonymous */
export function* madviseFreeSingleVma(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if (!vmaIsAnonymous(vma)) return -EINVAL;
  yield* lruAddDrain(k);
  const tlb = tlbGatherMmu(k, vma.vmMm);
  yield* walkPageRange(k, vma, start, end, madviseFreePteRange, tlb, madviseFreeHugePmd);
  yield* tlbFinishMmu(k, tlb);
  return 0;
}

/** @kernel mm/madvise.c madvise_free_pte_range v6.2 */
function* madviseFreePteRange(
  k: Machine,
  vma: Vma,
  table: number,
  start: number,
  end: number,
  tlb: MmuGather,
): Step<void> {
  yield* ptlLock(k, table);
  for (let at = start; at < end;) {
    const ptep = pteOffset(k, table, at);
    const pte = yield* ptepGet(k, ptep);
    const page = ptePresent(k, pte) ? vmNormalPage(k, pte) : 0;
    let nrPtes = 1;
    if (page !== 0 && folioTestLarge(k, pageFolio(k, page))) {
      const step = yield* largeStep(k, { table, address: at, end, pte });
      if (step.do === 'stop') break;
      if (step.do === 'again') continue;
      nrPtes = step.nrPtes;
      if (step.do === 'whole') yield* freePresent(k, tlb, table, at, nrPtes, page);
    } else if (page !== 0) {
      yield* freePresent(k, tlb, table, at, 1, page);
    } else if (!pteNone(k, pte) && !ptePresent(k, pte)) {
      yield* freeNonpresent(k, vma, ptep, pte);
    }
    at += nrPtes * k.pageSize;
  }
  ptlUnlock(k, table);
}

function* largeStep(k: Machine, standing: Standing): Step<LargeStep> {
  if (k.patched.freeKeepsLarge) return yield* splitIfPart(k, standing);
  const folio = pageFolio(k, vmNormalPage(k, standing.pte));
  return yield* splitIfOwn(k, standing, folioLikelyMappedShared(k, folio));
}

/** A fresh zero page costs less than reading the slot back. */
function* freeNonpresent(k: Machine, vma: Vma, ptep: number, pte: Pte): Step<void> {
  const entry = pteToSwpEntry(k, pte);
  if (!nonSwapEntry(k, entry)) {
    addMmCounter(k, Mm.at(k, vma.vmMm), MM_SWAPENTS, -1);
    yield* freeSwapAndCache(k, entry);
  } else if (!isHwpoisonEntry(k, entry) && !isSwapinErrorEntry(k, entry)) {
    return;
  }
  yield* setPteAt(k, ptep, k.pte.pteEmpty);
}

/** Pages that `nrPtes` entries map, all of a folio. */
function* freePresent(
  k: Machine,
  tlb: MmuGather,
  table: number,
  first: number,
  nrPtes: number,
  page: number,
): Step<void> {
  const folio = pageFolio(k, page);
  if (!(yield* discardCopy(k, folio))) return;
  for (let i = 0; i < nrPtes; i++) {
    const address = first + i * k.pageSize;
    const ptep = pteOffset(k, table, address);
    const pte = yield* ptepGet(k, ptep);
    if (!pteYoung(k, pte) && !pteDirty(k, pte)) continue;
    // Taken out first: what the MMU notes while the entry is made clean would be lost.
    const old = yield* ptepGetAndClearFull(k, tlb.mm, address, ptep);
    yield* setPteAt(k, ptep, pteMkclean(k, pteMkold(k, old)));
    tlbRemoveTlbEntry(k, tlb, address);
  }
  yield* markPageLazyfree(k, folio);
}

/**
 * A page that was swapped is only given up together with its slot, and only by its sole owner: to the others it
 * must stay dirty.
 *
 * @returns whether the page may be given up
 */
function* discardCopy(k: Machine, folio: number): Step<boolean> {
  if (!testFlag(k, folio, PG_swapcache | PG_dirty)) return true;
  if (!(yield* folioTrylock(k, folio))) return false;
  const cached = testFlag(k, folio, PG_swapcache);
  const own = folioMapcount(k, folio) === folioNrPages(k, folio);
  const free = own && (!cached || (yield* folioFreeSwap(k, folio)));
  if (free) clearFlag(k, folio, PG_dirty);
  folioUnlock(k, folio);
  return free;
}

/** A huge page: given up whole, or split if that concerns a part. @kernel mm/huge_memory.c madvise_free_huge_pmd v6.2 */
function* madviseFreeHugePmd(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  tlb: MmuGather,
): Step<boolean> {
  const at = yield* __pmdTransHugeLock(k, vma, start);
  if (at === null) return false;
  const pmd = yield* pmdpGet(k, at.pmdp);
  const folio = pmdPfn(k, pmd);
  if (
    !pmdPresent(k, pmd) ||
    isHugeZeroPmd(k, pmd) ||
    !ownsHuge(k, folio) ||
    !(yield* folioTrylock(k, folio))
  ) {
    ptlUnlock(k, at.table);
    return false;
  }
  if (end - start !== hpagePmdSize(k)) {
    yield* folioGet(k, folio);
    ptlUnlock(k, at.table);
    yield* splitHugePageToList(k, folio);
    folioUnlock(k, folio);
    yield* folioPut(k, folio);
    return false;
  }
  clearFlag(k, folio, PG_dirty);
  folioUnlock(k, folio);
  if (pmdYoung(k, pmd) || pmdDirty(k, pmd)) {
    const old = yield* pmdpInvalidate(k, at.pmdp);
    yield* flushPmdTlbRange(k, vma.vmMm, start);
    yield* setPmdAt(k, at.pmdp, pmdMkclean(k, pmdMkold(k, old)));
    tlbRemoveTlbEntry(k, tlb, start, hpagePmdSize(k));
  }
  yield* markPageLazyfree(k, folio);
  ptlUnlock(k, at.table);
  return true;
}

/** Whether nobody else maps any of the folio. */
function ownsHuge(k: Machine, folio: number): boolean {
  return k.patched.likelyMappedShared ? !folioLikelyMappedShared(k, folio) : folioMapcount(k, folio) === 1;
}
