import { folioNrPages } from '../folio/compound.js';
import { PG_dirty, PG_swapcache } from '../folio/flags.js';
import {
  pagePrivate,
  pageRefcount,
  setFlag,
  setPageRefcount,
  testClearFlag,
  testFlag,
} from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { __filemapRemoveFolio, pageAddressSpace } from '../pagecache/page-cache.js';
import { shmemRecalcInode } from '../pagecache/shmem.js';
import { swpToRadixEntry } from '../pagecache/xarray.js';
import { folioPut } from '../folio/alloc.js';
import type { Step } from '../step/step.js';
import { folioAllocSwap, swapDuplicate } from '../swap/area.js';
import { __deleteFromSwapCache, addSlotToSwapCache, folioFreeSwap } from '../swap/cache.js';
import { writeSlot } from '../swap/io.js';
import { workingsetEviction } from '../swap/workingset.js';

/** How writing a page out went. @kernel mm/vmscan.c PAGE_KEEP v6.2 */
export type Pageout = 'KEEP' | 'ACTIVATE' | 'SUCCESS' | 'CLEAN';

/**
 * Writes a locked, unmapped page to swap. On SUCCESS it is unlocked.
 *
 * @kernel mm/vmscan.c pageout v6.2
 */
export function* pageout(k: Machine, page: number): Step<Pageout> {
  // The isolation's reference and the cache's: anybody else's could still write to it.
  yield* settle();
  if (pageRefcount(k, page) !== 1 + folioNrPages(k, page)) return 'KEEP';
  if (!testClearFlag(k, page, PG_dirty)) return 'CLEAN';
  if (!testFlag(k, page, PG_swapcache)) return yield* shmemWritepage(k, page);
  yield* swapWritepage(k, page);
  return 'SUCCESS';
}

/** Another CPU may take a reference just before the count is read. */
function* settle(): Step<void> {
  yield;
}

/** @kernel mm/page_io.c swap_writepage v6.2 */
function* swapWritepage(k: Machine, page: number): Step<void> {
  if (yield* folioFreeSwap(k, page)) folioUnlock(k, page);
  else writeSlot(k, page);
}

/** Moves a page of shmem to the swap cache and writes it. @kernel mm/shmem.c shmem_writepage v6.2 */
function* shmemWritepage(k: Machine, page: number): Step<Pageout> {
  const mapping = pageAddressSpace(k, page)!;
  const swap = folioAllocSwap(k);
  if (swap === 0) {
    setFlag(k, page, PG_dirty);
    return 'ACTIVATE';
  }
  yield* addSlotToSwapCache(k, page, swap);
  shmemRecalcInode(mapping);
  mapping.swapped++;
  yield* swapDuplicate(k, swap);
  __filemapRemoveFolio(k, page, swpToRadixEntry(swap));
  yield* folioPut(k, page);
  yield* swapWritepage(k, page);
  return 'SUCCESS';
}

/**
 * Takes a locked, clean page out of its cache for good, if only the cache and the isolation hold it. Then it has
 * no references left.
 *
 * @kernel mm/vmscan.c __remove_mapping v6.2
 * @param shadow whose reclaim it is, absent when it is none
 */
export function* __removeMapping(k: Machine, page: number, shadow?: 'global' | 'memcg'): Step<boolean> {
  yield* settle();
  if (pageRefcount(k, page) !== 1 + folioNrPages(k, page) || testFlag(k, page, PG_dirty)) return false;
  if (testFlag(k, page, PG_swapcache)) {
    const entry = pagePrivate(k, page);
    if (shadow !== undefined) workingsetEviction(k, page, entry, shadow === 'memcg');
    __deleteFromSwapCache(k, page);
  } else {
    __filemapRemoveFolio(k, page, 0);
  }
  setPageRefcount(k, page, 0);
  return true;
}
