import { vmBugOn } from '../base/error.js';
import { EAGAIN, EBUSY } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { clearCompound, folioMapcount, folioTestLarge, hpagePmdNr } from '../folio/compound.js';
import { __folioUnqueueDeferredSplit } from '../folio/deferred-split.js';
import {
  PG_active,
  PG_anon_exclusive,
  PG_dirty,
  PG_locked,
  PG_lru,
  PG_mlocked,
  PG_referenced,
  PG_swapbacked,
  PG_swapcache,
  PG_tail,
  PG_unevictable,
  PG_uptodate,
  PG_workingset,
  PG_writeback,
  PAGE_MAPPING_ANON,
} from '../folio/flags.js';
import {
  clearFlag,
  folioGet,
  folioRefCount,
  pageFlags,
  pageFolio,
  pageIndex,
  pageOwner,
  pagePrivate,
  setFlag,
  setPageIndex,
  setPageMapping,
  setPagePrivate,
  setPageRefcount,
  testFlag,
} from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import { lruAddPageTail } from '../folio/lru-list.js';
import { setMlockCount } from '../folio/mlock.js';
import type { Machine } from '../machine/machine.js';
import { rmapWalkLarge } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { freeSwapCache } from '../swap/cache.js';
import { mapBack, migrateAway } from './migrate-large.js';
import { isHugeZeroPage } from './zero-page.js';

/** Flags that every page of a folio gets when it is split. PG_anon_exclusive comes back with the mappings. */
const INHERITED =
  PG_referenced |
  PG_swapbacked |
  PG_swapcache |
  PG_mlocked |
  PG_uptodate |
  PG_active |
  PG_workingset |
  PG_locked |
  PG_unevictable |
  PG_dirty;

/**
 * Makes single pages of a locked large folio; who calls holds one reference, on `page`, which stays locked.
 *
 * @kernel mm/huge_memory.c split_huge_page_to_list v6.2
 * @differs anonymous folios only
 * @param page any of the folio's
 * @param list receives the other pages, each with a reference, where reclaim has taken the folio off its LRU list
 * @returns 0, -EBUSY or -EAGAIN: somebody else holds the folio
 */
export function* splitHugePageToList(k: Machine, page: number, list?: number[]): Step<number> {
  const error = yield* trySplit(k, page, list);
  k.count(error === 0 ? 'thp_split_page' : 'thp_split_page_failed');
  return error;
}

/** Splits a folio that the caller holds a reference on, but no lock; whether it did. */
export function* splitUnlocked(k: Machine, folio: number): Step<boolean> {
  yield* folioLock(k, folio);
  const error = yield* splitHugePageToList(k, folio);
  folioUnlock(k, folio);
  return error === 0;
}

function* trySplit(k: Machine, page: number, list?: number[]): Step<number> {
  const folio = pageFolio(k, page);
  vmBugOn(!testFlag(k, folio, PG_locked) || !folioTestLarge(k, folio), 'a locked large folio is split');
  if (isHugeZeroPage(k, folio) || testFlag(k, folio, PG_writeback)) return -EBUSY;
  if (!(yield* canSplitFolio(k, folio))) return -EAGAIN;
  const places = rmapWalkLarge(k, folio);
  yield* migrateAway(k, folio, places);
  const frozen = yield* folioRefFreeze(k, folio, 1 + extraPins(k, folio));
  if (frozen) yield* __splitHugePage(k, folio, list);
  yield* mapBack(k, folio, places);
  if (frozen) yield* letGo(k, folio, page);
  return frozen ? 0 : -EAGAIN;
}

/** References that the swap cache holds. */
function extraPins(k: Machine, folio: number): number {
  return testFlag(k, folio, PG_swapcache) ? hpagePmdNr(k) : 0;
}

/** Whether only mappings, the swap cache and the caller hold the folio. @kernel mm/huge_memory.c can_split_folio v6.2 */
export function* canSplitFolio(k: Machine, folio: number): Step<boolean> {
  const references = yield* folioRefCount(k, folio);
  return folioMapcount(k, folio) === references - extraPins(k, folio) - 1;
}

/** Takes all references at once if nobody else has any. @kernel include/linux/page_ref.h folio_ref_freeze v6.2 */
function* folioRefFreeze(k: Machine, folio: number, count: number): Step<boolean> {
  if ((yield* folioRefCount(k, folio)) !== count) return false;
  setPageRefcount(k, folio, 0);
  return true;
}

/** @kernel mm/huge_memory.c __split_huge_page v6.2 @differs up to where the pages are mapped again */
function* __splitHugePage(k: Machine, folio: number, list?: number[]): Step<void> {
  __folioUnqueueDeferredSplit(k, folio);
  // The folio's own words lie in tails: they are needed for these now.
  clearCompound(k, folio);
  for (let i = hpagePmdNr(k) - 1; i >= 1; i--) __splitHugePageTail(k, folio, i, list === undefined);
  setPageRefcount(k, folio, 1 + (testFlag(k, folio, PG_swapcache) ? 1 : 0));
  if (list === undefined) return;
  for (let i = 1; i < hpagePmdNr(k); i++) {
    yield* folioGet(k, folio + i);
    list.push(folio + i);
  }
}

/** @kernel mm/huge_memory.c __split_huge_page_tail v6.2 */
function __splitHugePageTail(k: Machine, head: number, i: number, toLru: boolean): void {
  const tail = head + i;
  clearFlag(k, tail, PG_tail | PG_anon_exclusive);
  setFlag(k, tail, pageFlags(k, head) & INHERITED);
  setPageMapping(k, tail, pageOwner(k, head), PAGE_MAPPING_ANON);
  setPageIndex(k, tail, pageIndex(k, head) + i);
  const cached = testFlag(k, head, PG_swapcache);
  setPagePrivate(k, tail, cached ? pagePrivate(k, head) + i : 0);
  setPageRefcount(k, tail, cached ? 2 : 1);
  if (testFlag(k, tail, PG_unevictable)) setMlockCount(k, tail, 0);
  if (!toLru) return;
  lruAddPageTail(k, head, tail);
  setFlag(k, tail, PG_lru);
}

/** Drops the locks and references of all pages but one. Those that nobody maps go. */
function* letGo(k: Machine, folio: number, page: number): Step<void> {
  for (let at = folio; at < folio + hpagePmdNr(k); at++) {
    if (at === page) continue;
    folioUnlock(k, at);
    yield* freeSwapCache(k, at);
    yield* folioPut(k, at);
  }
}
