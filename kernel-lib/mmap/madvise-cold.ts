import { EINVAL } from '../base/errno.js';
import { vmNormalPage } from '../rmap/map.js';
import { PG_lru, PG_referenced, PG_unevictable } from '../folio/flags.js';
import { clearFlag, pageMapcount, testFlag } from '../folio/frame.js';
import { deactivatePage, folioIsolateLru, folioPutbackLru, lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { pteMkold, ptePresent, pteYoung } from '../pgtable/pte.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { reclaimPages } from '../reclaim/reclaim-pages.js';
import type { Step } from '../step/step.js';
import type { Vma } from '../vma/vma.js';
import { VM_HUGETLB, VM_LOCKED, VM_PFNMAP } from '../vma/vm-flags.js';
import { walkPageRange } from './walk-page-range.js';

/**
 * Makes the pages the first that reclaim would take.
 *
 * @kernel mm/madvise.c madvise_cold v6.2
 */
export function* madviseCold(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if (!canMadvLruVma(vma)) return -EINVAL;
  yield* lruAddDrain(k);
  yield* walkPageRange(k, vma, start, end, coldPteRange, undefined);
  return 0;
}

/**
 * Writes the pages out, if nobody else maps them.
 *
 * @kernel mm/madvise.c madvise_pageout v6.2
 * @differs the caller may write to every file that it maps
 */
export function* madvisePageout(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if (!canMadvLruVma(vma)) return -EINVAL;
  yield* lruAddDrain(k);
  yield* walkPageRange(k, vma, start, end, pageoutPteRange, undefined);
  return 0;
}

/** Gathers the pages of one table under its lock, and gives them up after it. */
function* pageoutPteRange(k: Machine, _vma: Vma, table: number, start: number, end: number): Step<void> {
  const pages: number[] = [];
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const ptep = pteOffset(k, table, at);
    const page = yield* ownPage(k, ptep);
    if (page === 0) continue;
    if (k.patched.pageoutKeepsYoung) clearFlag(k, page, PG_referenced);
    else yield* forgetUse(k, ptep, page);
    if (!(yield* folioIsolateLru(k, page))) continue;
    if (testFlag(k, page, PG_unevictable)) yield* folioPutbackLru(k, page);
    else pages.push(page);
  }
  ptlUnlock(k, table);
  yield* reclaimPages(k, pages);
}

/** @kernel mm/madvise.c can_madv_lru_vma v6.2 */
function canMadvLruVma(vma: Vma): boolean {
  return (vma.vmFlags & (VM_LOCKED | VM_PFNMAP | VM_HUGETLB)) === 0;
}

function* coldPteRange(k: Machine, _vma: Vma, table: number, start: number, end: number): Step<void> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const ptep = pteOffset(k, table, at);
    const page = yield* ownPage(k, ptep);
    if (page === 0) continue;
    yield* forgetUse(k, ptep, page);
    yield* deactivatePage(k, page);
  }
  ptlUnlock(k, table);
}

/** The page on the LRU that an entry maps and nobody else does, 0 if there is none. */
function* ownPage(k: Machine, ptep: number): Step<number> {
  const pte = yield* ptepGet(k, ptep);
  const page = ptePresent(k, pte) ? vmNormalPage(k, pte) : 0;
  return page !== 0 && testFlag(k, page, PG_lru) && pageMapcount(k, page) === 1 ? page : 0;
}

/** Makes the page look unused. */
function* forgetUse(k: Machine, ptep: number, page: number): Step<void> {
  const pte = yield* ptepGet(k, ptep);
  if (pteYoung(k, pte)) yield* setPteAt(k, ptep, pteMkold(k, pte));
  clearFlag(k, page, PG_referenced);
}
