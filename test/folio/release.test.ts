import { expect, test } from 'vitest';
import { archById } from '../../kernel-lib/arch/variants.js';
import { allocPage, folioPut } from '../../kernel-lib/folio/alloc.js';
import {
  ENCODED_PAGE_BIT_NR_PAGES_NEXT,
  encodeNrPages,
  encodePage,
} from '../../kernel-lib/folio/encoded-page.js';
import { PAGE_MAPPING_ANON, PG_lru, PG_swapbacked } from '../../kernel-lib/folio/flags.js';
import {
  FIRST_PFN,
  FRAME_WORDS,
  NO_PAGE,
  frameWord,
  incMapcount,
  pageRefcount,
  setFlag,
  setPageMapping,
  setPageRefcount,
} from '../../kernel-lib/folio/frame.js';
import {
  LRU_INACTIVE_ANON,
  MEMCG_PROCESSES,
  lruSize,
  lruTail,
  lruvecAddFolio,
} from '../../kernel-lib/folio/lru-list.js';
import { releasePages } from '../../kernel-lib/folio/release.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import { ld, st } from '../../kernel-lib/step/memory.js';
import { run } from '../../kernel-lib/step/step.js';
import { makeMachine } from '../../kernel-lib/sys/machine.js';

/** A machine whose few frames are all in use, each with one reference. */
function fullMachine(): { readonly k: Machine; readonly pages: readonly number[] } {
  const release = 'v6.2';
  const arch = archById('x86_64');
  const patched = resolvePatches(release, arch.id);
  const k = makeMachine({ release, arch, patched, nrFrames: FIRST_PFN + 8, nrSwapSlots: 0, nrCpus: 1 });
  return { k, pages: takeAll(k) };
}

function takeAll(k: Machine): number[] {
  const pages: number[] = [];
  for (let page = allocPage(k); page !== NO_PAGE; page = allocPage(k)) pages.push(page);
  return pages;
}

function release(k: Machine, pages: readonly number[]): void {
  run(
    releasePages(
      k,
      Int32Array.from(pages, (page) => encodePage(page, 0)),
      pages.length,
    ),
  );
}

test('of pages that are released together the last is the first to be used again, and earlier ones come after them', () => {
  const { k, pages } = fullMachine();
  const [a, b, c, d] = pages;
  const used = k.globals.nrUsedFrames;
  release(k, [d!]);
  release(k, [a!, b!, c!]);
  expect(k.globals.nrUsedFrames).toBe(used - 4);
  expect(takeAll(k)).toEqual([c, b, a, d]);
  expect(k.globals.nrUsedFrames).toBe(used);
});

test('a page to which somebody else refers stays, and a slot may give several references of one folio back', () => {
  const { k, pages } = fullMachine();
  const [a, b] = pages;
  setPageRefcount(k, a!, 2);
  setPageRefcount(k, b!, 3);
  const slots = [encodePage(a!, 0), encodePage(b!, ENCODED_PAGE_BIT_NR_PAGES_NEXT), encodeNrPages(3)];
  run(releasePages(k, Int32Array.from(slots), slots.length));
  expect(pageRefcount(k, a!)).toBe(1);
  expect(takeAll(k)).toEqual([b]);
});

test('pages leave their LRU list when they are released', () => {
  const { k, pages } = fullMachine();
  const listed = pages.slice(0, 3);
  for (const page of listed) {
    setFlag(k, page, PG_lru | PG_swapbacked);
    lruvecAddFolio(k, page);
  }
  release(k, listed.slice(1));
  expect(lruSize(k, MEMCG_PROCESSES, LRU_INACTIVE_ANON)).toBe(1);
  expect(lruTail(k, MEMCG_PROCESSES, LRU_INACTIVE_ANON)).toBe(listed[0]);
});

test('a page that is still mapped must not be released', () => {
  const { k, pages } = fullMachine();
  incMapcount(k, pages[0]!);
  expect(() => release(k, [pages[0]!])).toThrow(/freed while it is mapped/);
});

test.each([
  ['alone', (k: Machine, page: number) => run(folioPut(k, page))],
  ['with others', (k: Machine, page: number) => release(k, [page])],
])('a frame that was given back %s keeps none of its words', (_, giveBack) => {
  const { k, pages } = fullMachine();
  const page = pages[3]!;
  const words = Array.from({ length: FRAME_WORDS }, (_, word) => word);
  const fresh = words.map((word) => ld(k.frames, frameWord(page, word)));
  // All words, but that the page has its one reference and no mapping.
  for (const word of words) st(k.frames, frameWord(page, word), 0x7f);
  setPageRefcount(k, page, 1);
  setPageMapping(k, page, 0x7f, PAGE_MAPPING_ANON);
  giveBack(k, page);
  expect(allocPage(k)).toBe(page);
  expect(words.map((word) => ld(k.frames, frameWord(page, word)))).toEqual(fresh);
});
