import { ld, outcomeOf, st } from '../step/memory.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { VmBug } from '../base/error.js';
import {
  LRU_NEXT,
  NO_PAGE,
  folioRefSubAndTest,
  frameWord,
  pageRefcount,
  setPageRefcount,
  testFlag,
} from './frame.js';
import { PG_lru } from './flags.js';
import { isDevicePrivatePage } from './device-page.js';
import { PageHuge, freeHugePage } from './hugetlb-pool.js';
import { folioMapcount, folioTestLarge, hpagePmdNr, prepCompoundPage } from './compound.js';
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
  k.globals.freeFrames = ld(k.frames, frameWord(pfn, LRU_NEXT));
  k.globals.nrUsedFrames++;
  clear(k, pfn);
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
  k.globals.freeHugeFrames = ld(k.frames, frameWord(folio, LRU_NEXT));
  for (let pfn = folio; pfn < folio + nr; pfn++) clear(k, pfn);
  return folio;
}

/** Makes single frames of a free block. */
function breakUpHugeFrames(k: Machine): void {
  const block = k.globals.freeHugeFrames;
  if (block === NO_PAGE) return;
  k.globals.freeHugeFrames = ld(k.frames, frameWord(block, LRU_NEXT));
  for (let pfn = block; pfn < block + hpagePmdNr(k); pfn++) giveBack(k, pfn);
}

function giveBack(k: Machine, pfn: number): void {
  st(k.frames, frameWord(pfn, LRU_NEXT), k.globals.freeFrames);
  k.globals.freeFrames = pfn;
}

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

/**
 * Gives a page without references back.
 *
 * MODEL: what __folio_put() and free_pages_prepare() do together; the frame's words are cleared when it is used again.
 */
export function freeFolio(k: Machine, pfn: number): void {
  outcomeOf(() => giveBackFolio(k, pfn));
}

function giveBackFolio(k: Machine, pfn: number): void {
  if (pageRefcount(k, pfn) !== 0) throw new VmBug(`frame ${pfn} is freed with references`);
  if (folioMapcount(k, pfn) !== 0) throw new VmBug(`frame ${pfn} is freed while it is mapped`);
  if (testFlag(k, pfn, PG_lru)) lruvecDelFolio(k, pfn);
  if (folioTestLarge(k, pfn)) return giveBackLarge(k, pfn);
  // The driver finds it by its reference count.
  if (isDevicePrivatePage(k, pfn)) return clear(k, pfn);
  clear(k, pfn);
  giveBack(k, pfn);
  k.globals.nrUsedFrames--;
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
