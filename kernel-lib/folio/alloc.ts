import { ld, st } from '../step/memory.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { vmBugOn } from '../base/error.js';
import {
  FRAME_WORDS,
  LRU_NEXT,
  NO_PAGE,
  folioRefSubAndTest,
  frameWord,
  pageMapcount,
  pageRefcount,
  setPageRefcount,
  testFlag,
} from './frame.js';
import { PG_lru } from './flags.js';
import { lruvecDelFolio } from './lru-list.js';

/**
 * Takes a frame with one reference and content 0, or NO_PAGE when memory is full.
 *
 * MODEL: frames that were never used come first, in order of address; then those given back, last first.
 */
export function allocPage(k: Machine): number {
  const fresh = k.globals.nextFrame;
  if (fresh < k.nrFrames) {
    k.globals.nextFrame = fresh + 1;
    k.globals.nrUsedFrames++;
    setPageRefcount(k, fresh, 1);
    return fresh;
  }
  const pfn = k.globals.freeFrames;
  if (pfn === NO_PAGE) return NO_PAGE;
  k.globals.freeFrames = ld(k.frames, frameWord(pfn, LRU_NEXT));
  k.globals.nrUsedFrames++;
  clear(k, pfn);
  setPageRefcount(k, pfn, 1);
  return pfn;
}

function clear(k: Machine, pfn: number): void {
  for (let word = 0; word < FRAME_WORDS; word++) st(k.frames, frameWord(pfn, word), 0);
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
  vmBugOn(pageRefcount(k, pfn) !== 0, `frame ${pfn} is freed with references`);
  vmBugOn(pageMapcount(k, pfn) !== 0, `frame ${pfn} is freed while it is mapped`);
  if (testFlag(k, pfn, PG_lru)) lruvecDelFolio(k, pfn);
  clear(k, pfn);
  st(k.frames, frameWord(pfn, LRU_NEXT), k.globals.freeFrames);
  k.globals.freeFrames = pfn;
  k.globals.nrUsedFrames--;
}
