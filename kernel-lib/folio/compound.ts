import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { PAGE_MAPPING_TAIL, PG_head, PG_tail } from './flags.js';
import {
  ENTIRE_MAPCOUNT,
  LRU_NEXT,
  LRU_PREV,
  PINCOUNT,
  clearFlag,
  frameWord,
  ownMapcount,
  setFlag,
  setPageMapping,
  testFlag,
} from './frame.js';

/**
 * Large folios: as many frames as a lowest-level table has entries. Flags, references and LRU links are those of the
 * head; map counts, PG_anon_exclusive and content are each page's own. What belongs to the folio beside that is kept
 * in words of its first tail that tails do not need, as in the kernel.
 */
const NR_PAGES_MAPPED = LRU_NEXT;
const LARGE_MAPCOUNT = LRU_PREV;

/** Pages of a huge page: `HPAGE_PMD_NR` of include/linux/huge_mm.h. */
export function hpagePmdNr(k: Machine): number {
  return k.levels[k.levels.length - 1]!.entries;
}

/** `folio_test_large` of include/linux/page-flags.h. */
export function folioTestLarge(k: Machine, folio: number): boolean {
  return testFlag(k, folio, PG_head);
}

/** @kernel include/linux/mm.h folio_nr_pages v6.2 */
export function folioNrPages(k: Machine, folio: number): number {
  return folioTestLarge(k, folio) ? hpagePmdNr(k) : 1;
}

/** Makes frames one folio. @kernel mm/page_alloc.c prep_compound_page v6.2 @differs one order */
export function prepCompoundPage(k: Machine, head: number): void {
  setFlag(k, head, PG_head);
  for (let tail = head + 1; tail < head + hpagePmdNr(k); tail++) {
    setFlag(k, tail, PG_tail);
    setPageMapping(k, tail, head, PAGE_MAPPING_TAIL);
  }
}

/** What is left of a folio that is to be single pages. The flags and mapping words are the caller's work. */
export function clearCompound(k: Machine, folio: number): void {
  for (const tail of [folio + 1, folio + 2]) {
    for (const which of [ENTIRE_MAPCOUNT, NR_PAGES_MAPPED, LARGE_MAPCOUNT, PINCOUNT]) {
      st(k.frames, frameWord(tail, which), 0);
    }
  }
  clearFlag(k, folio, PG_head);
}

function word(folio: number, which: number): number {
  return frameWord(folio + 1, which);
}

function add(k: Machine, folio: number, which: number, by: number): number {
  const sum = ld(k.frames, word(folio, which)) + by;
  st(k.frames, word(folio, which), sum);
  return sum;
}

/** How often leaves above the lowest level map the folio. @kernel include/linux/mm.h folio_entire_mapcount v6.2 */
export function folioEntireMapcount(k: Machine, folio: number): number {
  return ld(k.frames, word(folio, ENTIRE_MAPCOUNT));
}

/** Adds to it, and to the folio's sum; the count afterwards. */
export function addEntireMapcount(k: Machine, folio: number, by: number): number {
  add(k, folio, LARGE_MAPCOUNT, by);
  return add(k, folio, ENTIRE_MAPCOUNT, by);
}

/** How many pages of a large folio lowest-level entries map. */
export function nrPagesMapped(k: Machine, folio: number): number {
  return ld(k.frames, word(folio, NR_PAGES_MAPPED));
}

/** Notes that lowest-level entries map `by` more of a large folio's pages than before. */
export function addNrPagesMapped(k: Machine, folio: number, by: number): void {
  add(k, folio, NR_PAGES_MAPPED, by);
}

/** Notes `by` more mappings of single pages of a large folio. */
export function addLargeMapcount(k: Machine, folio: number, by: number): void {
  add(k, folio, LARGE_MAPCOUNT, by);
}

/** All mappings of the folio: of the whole and of its pages. @kernel include/linux/mm.h folio_mapcount 6.12 */
export function folioMapcount(k: Machine, folio: number): number {
  return folioTestLarge(k, folio) ? ld(k.frames, word(folio, LARGE_MAPCOUNT)) : ownMapcount(k, folio);
}

/** Pins of a large folio are counted apart from its references. */
export function* addPincount(k: Machine, folio: number, by: number): Step<void> {
  yield;
  add(k, folio, PINCOUNT, by);
}
