import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { folioPut } from './alloc.js';
import {
  BATCH_ACTIVATE,
  BATCH_LRU_ADD,
  BATCH_LRU_DEACTIVATE,
  BATCH_LRU_DEACTIVATE_FILE,
  BATCH_LRU_LAZYFREE,
  BATCH_ROTATE,
  batchCount,
  batchEntry,
  cpuFbatch,
  folioBatchAdd,
  folioBatchInit,
} from './batch.js';
import {
  PG_active,
  PG_dirty,
  PG_idle,
  PG_locked,
  PG_lru,
  PG_mlocked,
  PG_reclaim,
  PG_referenced,
  PG_swapbacked,
  PG_swapcache,
  PG_unevictable,
  PG_writeback,
} from './flags.js';
import { folioMapcount, folioNrPages, folioTestLarge } from './compound.js';
import { PageAnon, clearFlag, folioGet, setFlag, testClearFlag, testFlag } from './frame.js';
import { lruvecAddFolio, lruvecAddFolioTail, lruvecDelFolio } from './lru-list.js';
import { mlockPageDrainLocal, setMlockCount } from './mlock.js';

type MoveFn = (k: Machine, pfn: number) => void;

/** @kernel mm/internal.h folio_evictable v6.2 @differs no mapping is unevictable as a whole */
export function folioEvictable(k: Machine, pfn: number): boolean {
  return !testFlag(k, pfn, PG_mlocked);
}

/** Queues a new page for its LRU list. @kernel mm/swap.c folio_add_lru v6.2 */
export function* folioAddLru(k: Machine, pfn: number): Step<void> {
  yield* folioBatchAddAndMove(k, pfn, BATCH_LRU_ADD, lruAddFn);
}

/** @kernel mm/swap.c folio_batch_add_and_move v6.2 */
function* folioBatchAddAndMove(k: Machine, pfn: number, batch: number, moveFn: MoveFn): Step<void> {
  yield* folioGet(k, pfn);
  const full = folioBatchAdd(k, cpuFbatch(k, batch), pfn) === 0;
  // A large folio is too much to hold back.
  if (full || folioTestLarge(k, pfn)) yield* folioBatchMoveLru(k, batch, moveFn);
}

/** @kernel mm/swap.c folio_batch_move_lru v6.2 */
function* folioBatchMoveLru(k: Machine, batch: number, moveFn: MoveFn): Step<void> {
  const fbatch = cpuFbatch(k, batch);
  const count = batchCount(k, fbatch);
  for (let i = 0; i < count; i++) {
    const pfn = batchEntry(k, fbatch, i);
    if (batch !== BATCH_LRU_ADD && !testClearFlag(k, pfn, PG_lru)) continue;
    moveFn(k, pfn);
    setFlag(k, pfn, PG_lru);
  }
  for (let i = 0; i < count; i++) yield* folioPut(k, batchEntry(k, fbatch, i));
  folioBatchInit(k, fbatch);
}

/** @kernel mm/swap.c lru_add_fn v6.2 */
function lruAddFn(k: Machine, pfn: number): void {
  const wasUnevictable = testClearFlag(k, pfn, PG_unevictable);
  if (folioEvictable(k, pfn)) {
    if (wasUnevictable) k.count('unevictable_pgs_rescued', folioNrPages(k, pfn));
  } else {
    clearFlag(k, pfn, PG_active);
    setFlag(k, pfn, PG_unevictable);
    setMlockCount(k, pfn, 0);
    if (!wasUnevictable) k.count('unevictable_pgs_culled', folioNrPages(k, pfn));
  }
  lruvecAddFolio(k, pfn);
}

/** Makes a page active that was used twice. @kernel mm/swap.c folio_activate v6.2 */
function* folioActivate(k: Machine, pfn: number): Step<void> {
  if (!testFlag(k, pfn, PG_lru) || testFlag(k, pfn, PG_active | PG_unevictable)) return;
  yield* folioBatchAddAndMove(k, pfn, BATCH_ACTIVATE, folioActivateFn);
}

/** @kernel mm/swap.c folio_activate_fn v6.2 */
function folioActivateFn(k: Machine, pfn: number): void {
  if (testFlag(k, pfn, PG_active | PG_unevictable)) return;
  lruvecDelFolio(k, pfn);
  setFlag(k, pfn, PG_active);
  lruvecAddFolio(k, pfn);
}

/** A page still in this CPU's batch is made active there. @kernel mm/swap.c __lru_cache_activate_folio v6.2 */
function __lruCacheActivateFolio(k: Machine, pfn: number): void {
  const fbatch = cpuFbatch(k, BATCH_LRU_ADD);
  for (let i = batchCount(k, fbatch) - 1; i >= 0; i--) {
    if (batchEntry(k, fbatch, i) !== pfn) continue;
    setFlag(k, pfn, PG_active);
    return;
  }
}

/**
 * inactive, unreferenced -> inactive, referenced -> active, unreferenced -> active, referenced.
 *
 * @kernel mm/swap.c folio_mark_accessed v6.2
 */
export function* folioMarkAccessed(k: Machine, pfn: number): Step<void> {
  if (!testFlag(k, pfn, PG_referenced)) {
    setFlag(k, pfn, PG_referenced);
  } else if (!testFlag(k, pfn, PG_unevictable | PG_active)) {
    if (testFlag(k, pfn, PG_lru)) yield* folioActivate(k, pfn);
    else __lruCacheActivateFolio(k, pfn);
    clearFlag(k, pfn, PG_referenced);
    // An activation lets time pass for pages that are not in memory.
    k.globals.nonresidentAge += folioNrPages(k, pfn);
  }
  clearFlag(k, pfn, PG_idle);
}

/**
 * A page that reclaim wanted to go as soon as it is written: next, if nobody has it locked or dirtied it again.
 *
 * @kernel mm/swap.c folio_rotate_reclaimable v6.2
 */
export function* folioRotateReclaimable(k: Machine, pfn: number): Step<void> {
  if (testFlag(k, pfn, PG_locked | PG_dirty | PG_unevictable) || !testFlag(k, pfn, PG_lru)) return;
  yield* folioBatchAddAndMove(k, pfn, BATCH_ROTATE, lruMoveTailFn);
}

/** @kernel mm/swap.c lru_move_tail_fn v6.2 */
function lruMoveTailFn(k: Machine, pfn: number): void {
  if (testFlag(k, pfn, PG_unevictable)) return;
  lruvecDelFolio(k, pfn);
  clearFlag(k, pfn, PG_active);
  lruvecAddFolioTail(k, pfn);
}

/** @kernel mm/swap.c deactivate_page v6.2 */
export function* deactivatePage(k: Machine, pfn: number): Step<void> {
  if (!testFlag(k, pfn, PG_lru) || testFlag(k, pfn, PG_unevictable) || !testFlag(k, pfn, PG_active)) return;
  yield* folioBatchAddAndMove(k, pfn, BATCH_LRU_DEACTIVATE, lruDeactivateFn);
}

/** @kernel mm/swap.c lru_deactivate_fn v6.2 */
function lruDeactivateFn(k: Machine, pfn: number): void {
  if (testFlag(k, pfn, PG_unevictable) || !testFlag(k, pfn, PG_active)) return;
  lruvecDelFolio(k, pfn);
  clearFlag(k, pfn, PG_active | PG_referenced);
  lruvecAddFolio(k, pfn);
}

/** @kernel mm/swap.c deactivate_file_folio v6.2 */
export function* deactivateFileFolio(k: Machine, pfn: number): Step<void> {
  if (testFlag(k, pfn, PG_unevictable)) return;
  yield* folioBatchAddAndMove(k, pfn, BATCH_LRU_DEACTIVATE_FILE, lruDeactivateFileFn);
}

/** @kernel mm/swap.c lru_deactivate_file_fn v6.2 */
function lruDeactivateFileFn(k: Machine, pfn: number): void {
  if (testFlag(k, pfn, PG_unevictable) || folioMapcount(k, pfn) > 0) return;
  lruvecDelFolio(k, pfn);
  clearFlag(k, pfn, PG_active | PG_referenced);
  if (testFlag(k, pfn, PG_writeback | PG_dirty)) {
    lruvecAddFolio(k, pfn);
    setFlag(k, pfn, PG_reclaim);
  } else {
    lruvecAddFolioTail(k, pfn);
  }
}

/** Queues a page that MADV_FREE gave up. @kernel mm/swap.c mark_page_lazyfree v6.2 */
export function* markPageLazyfree(k: Machine, pfn: number): Step<void> {
  if (!testFlag(k, pfn, PG_lru) || !mayBecomeLazyfree(k, pfn)) return;
  yield* folioBatchAddAndMove(k, pfn, BATCH_LRU_LAZYFREE, lruLazyfreeFn);
}

function mayBecomeLazyfree(k: Machine, pfn: number): boolean {
  return (
    PageAnon(k, pfn) && testFlag(k, pfn, PG_swapbacked) && !testFlag(k, pfn, PG_swapcache | PG_unevictable)
  );
}

/** @kernel mm/swap.c lru_lazyfree_fn v6.2 */
function lruLazyfreeFn(k: Machine, pfn: number): void {
  if (!mayBecomeLazyfree(k, pfn)) return;
  lruvecDelFolio(k, pfn);
  // Without PG_swapbacked the page belongs to the file lists: reclaim drops it before it swaps anything.
  clearFlag(k, pfn, PG_active | PG_referenced | PG_swapbacked);
  lruvecAddFolio(k, pfn);
  k.count('pglazyfree', folioNrPages(k, pfn));
}

/** Empties this CPU's batches, in the kernel's order. @kernel mm/swap.c lru_add_drain_cpu v6.2 */
export function* lruAddDrainCpu(k: Machine): Step<void> {
  yield* folioBatchMoveLru(k, BATCH_LRU_ADD, lruAddFn);
  yield* folioBatchMoveLru(k, BATCH_ROTATE, lruMoveTailFn);
  yield* folioBatchMoveLru(k, BATCH_LRU_DEACTIVATE_FILE, lruDeactivateFileFn);
  yield* folioBatchMoveLru(k, BATCH_LRU_DEACTIVATE, lruDeactivateFn);
  yield* folioBatchMoveLru(k, BATCH_LRU_LAZYFREE, lruLazyfreeFn);
  yield* folioBatchMoveLru(k, BATCH_ACTIVATE, folioActivateFn);
}

/** @kernel mm/swap.c lru_add_drain v6.2 */
export function* lruAddDrain(k: Machine): Step<void> {
  yield* lruAddDrainCpu(k);
  yield* mlockPageDrainLocal(k);
}

/** Takes a page off its list, with a reference; false when it is on none. @kernel mm/vmscan.c folio_isolate_lru v6.2 */
export function* folioIsolateLru(k: Machine, pfn: number): Step<boolean> {
  if (!testClearFlag(k, pfn, PG_lru)) return false;
  yield* folioGet(k, pfn);
  lruvecDelFolio(k, pfn);
  return true;
}

/** Puts an isolated page back on a list and drops the isolation's reference. @kernel mm/vmscan.c folio_putback_lru v6.2 */
export function* folioPutbackLru(k: Machine, pfn: number): Step<void> {
  yield* folioAddLru(k, pfn);
  yield* folioPut(k, pfn);
}
