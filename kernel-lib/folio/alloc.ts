import { ld, outcomeOf, st } from '../step/memory.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { vmBug } from '../base/error.js';
import {
  LRU_NEXT,
  NO_PAGE,
  folioRefSubAndTest,
  frameWord,
  ownMapcount,
  pageFlags,
  pageRefcount,
  setPageRefcount,
} from './frame.js';
import { PG_head, PG_lru } from './flags.js';
import { isDevicePrivatePage } from './device-page.js';
import { PageHuge, freeHugePage } from './hugetlb-pool.js';
import { folioMapcount, hpagePmdNr, prepCompoundPage } from './compound.js';
import { __folioUnqueueDeferredSplit } from './deferred-split.js';
import { lruvecDelFolio } from './lru-list.js';

/**
 * Takes a frame with one reference and content 0, or NO_PAGE when memory is full.
 *
 * MODEL: frames that were never used come first, in order of address; then those given back, last first.
 */
export function allocPage(k: Machine): number {
  return outcomeOf(() => takeFrame(k));
}

function takeFrame(k: Machine): number {
  const fresh = k.globals.nextFrame;
  if (fresh < k.nrFrames) {
    k.globals.nextFrame = fresh + 1;
    k.globals.nrUsedFrames++;
    setPageRefcount(k, fresh, 1);
    return fresh;
  }
  if (k.globals.freeFrames === NO_PAGE) breakUpHugeFrames(k);
  const pfn = k.globals.freeFrames;
  if (pfn === NO_PAGE) return NO_PAGE;
  k.globals.freeFrames = unlinked(k, pfn);
  k.globals.nrUsedFrames++;
  setPageRefcount(k, pfn, 1);
  return pfn;
}

/**
 * Takes a large folio with one reference and content 0, or NO_PAGE when no block of its size is left.
 *
 * MODEL: blocks that were never used come first, then those given back; single frames never grow together again.
 */
export function allocHugeFolio(k: Machine): number {
  const nr = hpagePmdNr(k);
  const folio = freshHugeFrames(k, nr);
  if (folio === NO_PAGE) return NO_PAGE;
  k.globals.nrUsedFrames += nr;
  prepCompoundPage(k, folio);
  setPageRefcount(k, folio, 1);
  return folio;
}

function freshHugeFrames(k: Machine, nr: number): number {
  const fresh = Math.ceil(k.globals.nextFrame / nr) * nr;
  if (fresh + nr <= k.nrFrames) {
    for (let pfn = k.globals.nextFrame; pfn < fresh; pfn++) giveBack(k, pfn);
    k.globals.nextFrame = fresh + nr;
    return fresh;
  }
  const folio = k.globals.freeHugeFrames;
  if (folio === NO_PAGE) return NO_PAGE;
  k.globals.freeHugeFrames = unlinked(k, folio);
  return folio;
}

/** Makes single frames of a free block. */
function breakUpHugeFrames(k: Machine): void {
  const block = k.globals.freeHugeFrames;
  if (block === NO_PAGE) return;
  k.globals.freeHugeFrames = unlinked(k, block);
  for (let pfn = block; pfn < block + hpagePmdNr(k); pfn++) giveBack(k, pfn);
}

/** Puts frames, each linked to the next, before all others that wait to be used again. */
function giveBack(k: Machine, first: number, last = first): void {
  st(k.frames, frameWord(last, LRU_NEXT), k.globals.freeFrames);
  k.globals.freeFrames = first;
}

/** Takes the link from a free frame, all that it holds; the frame behind it. */
function unlinked(k: Machine, pfn: number): number {
  const next = ld(k.frames, frameWord(pfn, LRU_NEXT));
  st(k.frames, frameWord(pfn, LRU_NEXT), 0);
  return next;
}

/** Forgets all of a frame's words. */
function clear(k: Machine, pfn: number): void {
  const at = frameWord(pfn, 0);
  // Word by word: who frees many pages would feel a loop.
  st(k.frames, at, 0);
  st(k.frames, at + 1, 0);
  st(k.frames, at + 2, 0);
  st(k.frames, at + 3, 0);
  st(k.frames, at + 4, 0);
  st(k.frames, at + 5, 0);
  st(k.frames, at + 6, 0);
  st(k.frames, at + 7, 0);
}

/**
 * Drops a reference; the last one frees the page.
 *
 * @kernel include/linux/mm.h folio_put v6.2
 */
export function* folioPut(k: Machine, pfn: number): Step<void> {
  if (yield* folioRefSubAndTest(k, pfn, 1)) freeFolio(k, pfn);
}

/** Drops several references at once; the last one frees the page. @kernel include/linux/mm.h folio_put_refs v6.2 */
export function* folioPutRefs(k: Machine, pfn: number, refs: number): Step<void> {
  if (yield* folioRefSubAndTest(k, pfn, refs)) freeFolio(k, pfn);
}

/** Gives a page without references back. MODEL: what __folio_put() does. */
export function freeFolio(k: Machine, pfn: number): void {
  if (freePagesPrepare(k, pfn, NO_PAGE)) freeUnrefPageList(k, pfn, pfn, 1);
}

/**
 * Takes a page without references off its LRU list and forgets what it was.
 *
 * @kernel mm/page_alloc.c free_pages_prepare v6.2
 * @differs takes it off its list, too, as __page_cache_release() does, and gives large folios back at once
 * @param next the frame that it is to be linked to, among those that are given back together
 * @returns whether there is a frame to be given back
 */
export function freePagesPrepare(k: Machine, folio: number, next: number): boolean {
  return outcomeOf(() => prepareFree(k, folio, next));
}

function prepareFree(k: Machine, folio: number, next: number): boolean {
  if (pageRefcount(k, folio) !== 0) throw vmBug`frame ${folio} is freed with references`;
  // Nobody else can change them any more.
  const flags = pageFlags(k, folio);
  const large = (flags & PG_head) !== 0;
  if ((large ? folioMapcount(k, folio) : ownMapcount(k, folio)) !== 0)
    throw vmBug`frame ${folio} is freed while it is mapped`;
  if ((flags & PG_lru) !== 0) lruvecDelFolio(k, folio);
  if (large) {
    giveBackLarge(k, folio);
    return false;
  }
  clear(k, folio);
  // The driver finds it by its reference count.
  if (isDevicePrivatePage(k, folio)) return false;
  st(k.frames, frameWord(folio, LRU_NEXT), next);
  return true;
}

/**
 * Gives frames back, from `first` to `last` each linked to the next.
 *
 * @kernel mm/page_alloc.c free_unref_page_list v6.2
 */
export function freeUnrefPageList(k: Machine, first: number, last: number, nr: number): void {
  outcomeOf(() => giveBackList(k, first, last, nr));
}

function giveBackList(k: Machine, first: number, last: number, nr: number): void {
  giveBack(k, first, last);
  k.globals.nrUsedFrames -= nr;
}

function giveBackLarge(k: Machine, folio: number): void {
  if (PageHuge(k, folio) && freeHugePage(k, folio)) return;
  freeHugeFrames(k, folio);
}

function freeHugeFrames(k: Machine, folio: number): void {
  const nr = hpagePmdNr(k);
  __folioUnqueueDeferredSplit(k, folio);
  for (let pfn = folio; pfn < folio + nr; pfn++) clear(k, pfn);
  st(k.frames, frameWord(folio, LRU_NEXT), k.globals.freeHugeFrames);
  k.globals.freeHugeFrames = folio;
  k.globals.nrUsedFrames -= nr;
}
