import { ld, st } from '../step/memory.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { folioPut } from './alloc.js';
import { BATCH_MLOCK, batchCount, batchEntry, cpuFbatch, folioBatchAdd, folioBatchInit } from './batch.js';
import { folioNrPages, folioTestLarge } from './compound.js';
import { PG_active, PG_lru, PG_mlocked, PG_unevictable } from './flags.js';
import {
  LRU_PREV,
  clearFlag,
  folioGet,
  frameWord,
  setFlag,
  testClearFlag,
  testFlag,
  testSetFlag,
} from './frame.js';
import { lruvecAddFolio, lruvecDelFolio } from './lru-list.js';

/** What to do with a page, in the low bits of an mlock batch's entry. @kernel mm/mlock.c LRU_PAGE v6.2 */
const LRU_PAGE = 1;
const NEW_PAGE = 2;

/**
 * How many locked VMAs are known to map an unevictable page. Kept in its list link, for it is on no list.
 */
function mlockCount(k: Machine, pfn: number): number {
  return ld(k.frames, frameWord(pfn, LRU_PREV));
}

export function setMlockCount(k: Machine, pfn: number, count: number): void {
  st(k.frames, frameWord(pfn, LRU_PREV), count);
}

/** A page on the LRU becomes locked. @kernel mm/mlock.c mlock_folio v6.2 */
export function* mlockFolio(k: Machine, pfn: number): Step<void> {
  if (!testSetFlag(k, pfn, PG_mlocked)) k.count('unevictable_pgs_mlocked', folioNrPages(k, pfn));
  yield* queue(k, pfn, LRU_PAGE);
}

/** A page not yet on the LRU is born locked. @kernel mm/mlock.c mlock_new_page v6.2 */
export function* mlockNewPage(k: Machine, pfn: number): Step<void> {
  setFlag(k, pfn, PG_mlocked);
  k.count('unevictable_pgs_mlocked', folioNrPages(k, pfn));
  yield* queue(k, pfn, NEW_PAGE);
}

/** A locked VMA lets go of a page. @kernel mm/mlock.c munlock_page v6.2 */
export function* munlockPage(k: Machine, pfn: number): Step<void> {
  yield* queue(k, pfn, 0);
}

function* queue(k: Machine, pfn: number, what: number): Step<void> {
  yield* folioGet(k, pfn);
  const full = folioBatchAdd(k, cpuFbatch(k, BATCH_MLOCK), (pfn << 2) | what) === 0;
  if (full || folioTestLarge(k, pfn)) yield* mlockPagevec(k);
}

/** @kernel mm/mlock.c mlock_page_drain_local v6.2 */
export function* mlockPageDrainLocal(k: Machine): Step<void> {
  if (batchCount(k, cpuFbatch(k, BATCH_MLOCK)) > 0) yield* mlockPagevec(k);
}

/** @kernel mm/mlock.c mlock_pagevec v6.2 */
function* mlockPagevec(k: Machine): Step<void> {
  const fbatch = cpuFbatch(k, BATCH_MLOCK);
  const count = batchCount(k, fbatch);
  for (let i = 0; i < count; i++) {
    const entry = batchEntry(k, fbatch, i);
    if (entry & LRU_PAGE) __mlockPage(k, entry >> 2);
    else if (entry & NEW_PAGE) __mlockNewPage(k, entry >> 2);
    else __munlockPage(k, entry >> 2);
  }
  for (let i = 0; i < count; i++) yield* folioPut(k, batchEntry(k, fbatch, i) >> 2);
  folioBatchInit(k, fbatch);
}

/** @kernel mm/mlock.c __mlock_page v6.2 */
function __mlockPage(k: Machine, pfn: number): void {
  if (!testClearFlag(k, pfn, PG_lru)) return;
  if (!testFlag(k, pfn, PG_mlocked)) rescue(k, pfn);
  else if (testFlag(k, pfn, PG_unevictable)) setMlockCount(k, pfn, mlockCount(k, pfn) + 1);
  else cull(k, pfn);
  setFlag(k, pfn, PG_lru);
}

function cull(k: Machine, pfn: number): void {
  lruvecDelFolio(k, pfn);
  clearFlag(k, pfn, PG_active);
  setFlag(k, pfn, PG_unevictable);
  setMlockCount(k, pfn, 1);
  lruvecAddFolio(k, pfn);
  k.count('unevictable_pgs_culled', folioNrPages(k, pfn));
}

function rescue(k: Machine, pfn: number): void {
  if (!testFlag(k, pfn, PG_unevictable)) return;
  lruvecDelFolio(k, pfn);
  clearFlag(k, pfn, PG_unevictable);
  lruvecAddFolio(k, pfn);
  k.count('unevictable_pgs_rescued', folioNrPages(k, pfn));
}

/** @kernel mm/mlock.c __mlock_new_page v6.2 */
function __mlockNewPage(k: Machine, pfn: number): void {
  if (testFlag(k, pfn, PG_mlocked)) {
    setFlag(k, pfn, PG_unevictable);
    setMlockCount(k, pfn, 1);
    k.count('unevictable_pgs_culled', folioNrPages(k, pfn));
  }
  lruvecAddFolio(k, pfn);
  setFlag(k, pfn, PG_lru);
}

/** @kernel mm/mlock.c __munlock_page v6.2 */
function __munlockPage(k: Machine, pfn: number): void {
  const isolated = testClearFlag(k, pfn, PG_lru);
  if (isolated && testFlag(k, pfn, PG_unevictable) && stillLocked(k, pfn)) {
    setFlag(k, pfn, PG_lru);
    return;
  }
  if (testClearFlag(k, pfn, PG_mlocked)) {
    const counted = isolated || !testFlag(k, pfn, PG_unevictable);
    k.count(counted ? 'unevictable_pgs_munlocked' : 'unevictable_pgs_stranded', folioNrPages(k, pfn));
  }
  // Whether it may be evicted can only be asked after the flag is gone.
  if (isolated) rescue(k, pfn);
  if (isolated) setFlag(k, pfn, PG_lru);
}

/** Takes one from the count, which may be too low already; whether any lock is left. */
function stillLocked(k: Machine, pfn: number): boolean {
  const count = mlockCount(k, pfn);
  if (count > 0) setMlockCount(k, pfn, count - 1);
  return count > 1;
}
