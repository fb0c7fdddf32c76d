import { EINVAL } from '../base/errno.js';
import { vmNormalPage } from '../rmap/map.js';
import { PG_dirty, PG_swapcache } from '../folio/flags.js';
import { clearFlag, pageMapcount, testFlag } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { lruAddDrain, markPageLazyfree } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import {
  PTE_NONE,
  type Pte,
  pteDirty,
  pteMkclean,
  pteMkold,
  pteNone,
  ptePresent,
  pteYoung,
} from '../pgtable/pte.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { folioFreeSwap, freeSwapAndCache } from '../swap/cache.js';
import { isHwpoisonEntry, isSwapinErrorEntry, nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { MM_SWAPENTS, Mm, addMmCounter } from '../vma/mm.js';
import { type Vma, vmaIsAnonymous } from '../vma/vma.js';
import { walkPageRange } from './walk-page-range.js';

/** @kernel mm/madvise.c madvise_free_single_vma v6.2 @returns 0, or -EINVAL for memory that is not anonymous */
export function* madviseFreeSingleVma(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if (!vmaIsAnonymous(vma)) return -EINVAL;
  yield* lruAddDrain(k);
  yield* walkPageRange(k, vma, start, end, madviseFreePteRange, undefined);
  return 0;
}

/** @kernel mm/madvise.c madvise_free_pte_range v6.2 */
function* madviseFreePteRange(k: Machine, vma: Vma, table: number, start: number, end: number): Step<void> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const ptep = pteOffset(k, table, at);
    const pte = yield* ptepGet(k, ptep);
    if (pteNone(k, pte)) continue;
    if (ptePresent(k, pte)) yield* freePresent(k, ptep, pte);
    else yield* freeNonpresent(k, vma, ptep, pte);
  }
  ptlUnlock(k, table);
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
  yield* setPteAt(k, ptep, PTE_NONE);
}

function* freePresent(k: Machine, ptep: number, pte: Pte): Step<void> {
  const page = vmNormalPage(k, pte);
  if (page === 0 || !(yield* discardCopy(k, page))) return;
  if (pteYoung(k, pte) || pteDirty(k, pte)) yield* setPteAt(k, ptep, pteMkclean(k, pteMkold(k, pte)));
  yield* markPageLazyfree(k, page);
}

/**
 * A page that was swapped is only given up together with its slot, and only by its sole owner: to the others it
 * must stay dirty.
 *
 * @returns whether the page may be given up
 */
function* discardCopy(k: Machine, page: number): Step<boolean> {
  if (!testFlag(k, page, PG_swapcache | PG_dirty)) return true;
  if (!(yield* folioTrylock(k, page))) return false;
  const cached = testFlag(k, page, PG_swapcache);
  const free = pageMapcount(k, page) === 1 && (!cached || (yield* folioFreeSwap(k, page)));
  if (free) clearFlag(k, page, PG_dirty);
  folioUnlock(k, page);
  return free;
}
