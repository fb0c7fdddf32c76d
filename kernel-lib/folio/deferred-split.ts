import { GLOBALS } from '../machine/globals.js';
import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import { PG_swapcache } from './flags.js';
import { INDEX, LRU_NEXT, LRU_PREV, frameWord, testFlag } from './frame.js';

/**
 * The queue of large folios that are worth splitting, for when memory is short: oldest first. Its links lie in the
 * second tail.
 */
const QUEUED = INDEX;
const NEXT = LRU_NEXT;
const PREV = LRU_PREV;
const FIRST = GLOBALS.offset.deferredSplitFirst;
const LAST = GLOBALS.offset.deferredSplitLast;

function word(folio: number, which: number): number {
  return frameWord(folio + 2, which);
}

export function deferredSplitQueued(k: Machine, folio: number): boolean {
  return ld(k.frames, word(folio, QUEUED)) !== 0;
}

/** The oldest folio in the queue, or the one behind `folio`; 0 for none. */
export function nextDeferredSplit(k: Machine, folio?: number): number {
  return folio === undefined ? k.globals.deferredSplitFirst : ld(k.frames, word(folio, NEXT));
}

/**
 * Queues a folio of which some pages are mapped no more.
 *
 * @kernel mm/huge_memory.c deferred_split_folio 6.12
 */
export function deferredSplitFolio(k: Machine, folio: number): void {
  // Reclaim is about to split it anyway.
  if (testFlag(k, folio, PG_swapcache) || deferredSplitQueued(k, folio)) return;
  k.count('thp_deferred_split_page');
  const last = k.globals.deferredSplitLast;
  st(k.frames, word(folio, QUEUED), 1);
  st(k.frames, word(folio, PREV), last);
  link(k, last, NEXT, FIRST, folio);
  k.globals.deferredSplitLast = folio;
}

/** The folio goes, as such or for good. @kernel mm/huge_memory.c __folio_unqueue_deferred_split 6.12 */
export function __folioUnqueueDeferredSplit(k: Machine, folio: number): void {
  if (!deferredSplitQueued(k, folio)) return;
  const next = ld(k.frames, word(folio, NEXT));
  const prev = ld(k.frames, word(folio, PREV));
  link(k, prev, NEXT, FIRST, next);
  link(k, next, PREV, LAST, prev);
  for (const which of [QUEUED, NEXT, PREV]) st(k.frames, word(folio, which), 0);
}

/** Sets a link of `at`, or the queue's end where there is no such folio. */
function link(k: Machine, at: number, which: number, end: number, to: number): void {
  if (at === 0) st(k.slab, k.globals.at + end, to);
  else st(k.frames, word(at, which), to);
}
