import { EEXIST } from '../base/errno.js';
import { vmBugOn } from '../base/error.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import { folioMapcount, folioNrPages } from '../folio/compound.js';
import { type EncodedPages, encodedPagePtr, slotsOf } from '../folio/encoded-page.js';
import { PG_dirty, PG_swapbacked, PG_swapcache, PG_writeback } from '../folio/flags.js';
import {
  folioRefAdd,
  folioRefSubAndTest,
  pageFolio,
  pagePrivate,
  pageRefcount,
  setFlag,
  clearFlag,
  setPagePrivate,
  setPageRefcount,
  testFlag,
} from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru } from '../folio/lru.js';
import { releasePages } from '../folio/release.js';
import type { Machine } from '../machine/machine.js';
import { outcomeOf } from '../step/memory.js';
import { type Step, blocked, resultOf } from '../step/step.js';
import {
  __swapCount,
  cachedPage,
  folioAllocSwap,
  putSwapFolio,
  setCachedPage,
  swapArea,
  swapHasCache,
  swapFree,
  swapcachePrepare,
} from './area.js';
import { swapReadpage } from './io.js';
import { workingsetRefault } from './workingset.js';

/** Puts a locked page under its slot. @kernel mm/swap_state.c add_to_swap_cache v6.2 */
function* addToSwapCache(k: Machine, page: number, entry: number): Step<void> {
  vmBugOn(testFlag(k, page, PG_swapcache), 'a page is in the swap cache once');
  const nr = folioNrPages(k, page);
  yield* folioRefAdd(k, page, nr);
  setFlag(k, page, PG_swapcache);
  setPagePrivate(k, page, entry);
  // Slots of a large folio are neighbours, and so are their entries.
  for (let i = 0; i < nr; i++) setCachedPage(k, entry + i, page + i);
  k.globals.nrSwapCache += nr;
}

/** Gives a locked page a slot; false when there is none. @kernel mm/swap_state.c add_to_swap v6.2 */
export function* addToSwap(k: Machine, page: number): Step<boolean> {
  const entry = folioAllocSwap(k, folioNrPages(k, page));
  if (entry === 0) return false;
  yield* resultOf(addToSwapCache(k, page, entry));
  // The entry that maps it may be clean, after MADV_FREE: what leaves memory has to be written all the same.
  setFlag(k, page, PG_dirty);
  return true;
}

/** Puts a page of shmem under a slot that was already taken. */
export function* addSlotToSwapCache(k: Machine, page: number, entry: number): Step<void> {
  yield* resultOf(addToSwapCache(k, page, entry));
}

/** Takes a locked page out of the cache. @kernel mm/swap_state.c delete_from_swap_cache v6.2 */
export function* deleteFromSwapCache(k: Machine, page: number): Step<void> {
  __deleteFromSwapCache(k, page);
  yield* folioRefSubAndTest(k, page, folioNrPages(k, page));
}

/** The same without the reference: the caller froze it. @kernel mm/swap_state.c __delete_from_swap_cache v6.2 */
export function __deleteFromSwapCache(k: Machine, page: number): void {
  const entry = pagePrivate(k, page);
  clearFlag(k, page, PG_swapcache);
  setPagePrivate(k, page, 0);
  for (let i = 0; i < folioNrPages(k, page); i++) {
    setCachedPage(k, entry + i, 0);
    k.globals.nrSwapCache--;
    putSwapFolio(k, entry + i);
  }
}

/**
 * Frees the slot of a locked page if nobody needs it any more. The page is then all that is left of its content.
 *
 * @kernel mm/swapfile.c folio_free_swap v6.2
 */
export function* folioFreeSwap(k: Machine, page: number): Step<boolean> {
  if (!testFlag(k, page, PG_swapcache) || testFlag(k, page, PG_writeback)) return false;
  if (folioSwapped(k, page)) return false;
  yield* deleteFromSwapCache(k, page);
  setFlag(k, page, PG_dirty);
  return true;
}

/** Whether an entry still names one of a cached folio's slots. @kernel mm/swapfile.c folio_swapped v6.2 */
function folioSwapped(k: Machine, folio: number): boolean {
  const entry = pagePrivate(k, folio);
  for (let i = 0; i < folioNrPages(k, folio); i++) if (__swapCount(k, entry + i) !== 0) return true;
  return false;
}

/** The same for a page that may not be locked and has just lost a mapping. @kernel mm/swap_state.c free_swap_cache v6.2 */
export function* freeSwapCache(k: Machine, page: number): Step<void> {
  if (!testFlag(k, page, PG_swapcache) || folioMapcount(k, page) > 0) return;
  if (!(yield* folioTrylock(k, page))) return;
  yield* folioFreeSwap(k, page);
  folioUnlock(k, page);
}

/**
 * Drops the references of a batch of pages that have lost their mappings, and what the swap cache holds of them.
 *
 * @kernel mm/swap_state.c free_pages_and_swap_cache v6.2
 * @differs empties no LRU batches before: pages that wait in one are freed when they leave it
 * @param nr slots of `pages` that are in use
 */
export function* freePagesAndSwapCache(k: Machine, pages: EncodedPages, nr: number): Step<void> {
  for (let at = 0; at < nr; at += slotsOf(pages[at]!)) {
    yield* freeSwapCache(k, pageFolio(k, encodedPagePtr(pages[at]!)));
  }
  yield* releasePages(k, pages, nr);
}

/** A page-table entry lets go of a slot, and of the cached page if nobody else needs it. @kernel mm/swapfile.c free_swap_and_cache v6.2 */
export function* freeSwapAndCache(k: Machine, entry: number): Step<void> {
  swapFree(k, entry);
  if (__swapCount(k, entry) === 0 && swapHasCache(k, entry)) yield* __tryToReclaimSwap(k, entry);
}

/** @kernel mm/swapfile.c __try_to_reclaim_swap v6.2 @differs only for unmapped pages, or when swap is nearly full */
function* __tryToReclaimSwap(k: Machine, entry: number): Step<void> {
  const page = pageFolio(k, yield* swapCacheGetFolio(k, entry));
  if (page === 0) return;
  if (yield* folioTrylock(k, page)) {
    if (folioMapcount(k, page) === 0 || memCgroupSwapFull(k)) yield* folioFreeSwap(k, page);
    folioUnlock(k, page);
  }
  yield* folioPut(k, page);
}

/**
 * The cached page of a slot with a reference on its folio, 0 if it is not cached. One step: a page that left the cache between the
 * look and the reference would be looked for again.
 *
 * @kernel mm/swap_state.c swap_cache_get_folio v6.2
 */
export function* swapCacheGetFolio(k: Machine, entry: number): Step<number> {
  yield;
  return outcomeOf(() => getCachedPage(k, entry));
}

function getCachedPage(k: Machine, entry: number): number {
  const page = cachedPage(k, entry);
  if (page === 0) return page;
  const folio = pageFolio(k, page);
  setPageRefcount(k, folio, pageRefcount(k, folio) + 1);
  return page;
}

/** The same, once nobody is any more in the middle of reading the slot in or of taking its page out of the cache. */
function* settledSwapCache(k: Machine, entry: number): Step<number> {
  for (;;) {
    const page = yield* swapCacheGetFolio(k, entry);
    if (page !== 0 || !swapHasCache(k, entry)) return page;
    yield* blocked('a slot that somebody reads');
  }
}

/** Whether more than half of swap is in use: then slots are given up early. @kernel mm/memcontrol.c mem_cgroup_swap_full v6.2 */
export function memCgroupSwapFull(k: Machine): boolean {
  const si = swapArea(k);
  return si !== undefined && si.inusePages * 2 >= si.max - 1;
}

/**
 * Reads a slot into the cache, with a reference; the page is not uptodate if the device failed. 0 without memory, and
 * where nothing refers to the slot any more.
 *
 * @kernel mm/swap_state.c read_swap_cache_async v6.2
 * @differs page-cluster is 0: nothing around it is read
 */
export function* readSwapCacheAsync(k: Machine, entry: number): Step<number> {
  for (;;) {
    const cached = yield* resultOf(settledSwapCache(k, entry));
    if (cached !== 0) return cached;
    const page = allocPage(k);
    if (page === 0) return 0;
    const err = yield* swapcachePrepare(k, entry);
    if (err === 0) return yield* readIntoCache(k, page, entry);
    yield* resultOf(folioPut(k, page));
    if (err !== -EEXIST) return 0;
  }
}

/** Its slot has the flag that keeps others from reading it. */
function* readIntoCache(k: Machine, page: number, entry: number): Step<number> {
  yield* folioTrylock(k, page);
  setFlag(k, page, PG_swapbacked);
  yield* resultOf(addToSwapCache(k, page, entry));
  workingsetRefault(k, page, entry);
  yield* resultOf(folioAddLru(k, page));
  swapReadpage(k, page, entry);
  return page;
}
