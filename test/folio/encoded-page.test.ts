import { expect, test } from 'vitest';
import {
  ENCODED_PAGE_BIT_DELAY_RMAP,
  ENCODED_PAGE_BIT_NR_PAGES_NEXT,
  encodeNrPages,
  encodePage,
  encodedPageFlags,
  encodedPagePtr,
  nrPagesAt,
  slotsOf,
} from '../../kernel-lib/folio/encoded-page.js';

/** Pages of 4 KiB in 1 TiB, and the last that a slot can hold. */
const PAGES_OF_1_TIB = 2 ** 28;
const LAST_PAGE = 2 ** 30 - 1;

test.each([77, PAGES_OF_1_TIB, 2 * PAGES_OF_1_TIB - 1, LAST_PAGE])(
  'a slot holds page %i and what is still to be done with it',
  (page) => {
    for (const flags of [0, 1, 2, 3]) {
      const [slot] = Int32Array.of(encodePage(page, flags));
      expect([encodedPagePtr(slot!), encodedPageFlags(slot!)]).toEqual([page, flags]);
    }
  },
);

test('a page that stands for its neighbours takes the next slot for their number', () => {
  const pages = Int32Array.of(
    encodePage(PAGES_OF_1_TIB, ENCODED_PAGE_BIT_NR_PAGES_NEXT),
    encodeNrPages(512),
    encodePage(7, ENCODED_PAGE_BIT_DELAY_RMAP),
  );
  expect([slotsOf(pages[0]!), nrPagesAt(pages, 0)]).toEqual([2, 512]);
  expect([slotsOf(pages[2]!), nrPagesAt(pages, 2)]).toEqual([1, 1]);
});
