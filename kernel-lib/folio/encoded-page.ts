/**
 * A slot of a batch: a page with two bits of what is still to be done, or how many pages the one before stands for.
 *
 * MODEL: `struct encoded_page`, with the number of a frame in the place of a pointer. It is a word of 32 bits, so pages
 * below 2^30 have room: four times those of a machine with 1 TiB.
 */
export type EncodedPage = number;

/** Slots that follow one another. */
export type EncodedPages = Int32Array;

/** Bits below the page: a pointer has them to spare. */
const FLAG_BITS = 2;

/** The page's map count still counts the mapping that is gone. @kernel include/linux/mm_types.h ENCODED_PAGE_BIT_DELAY_RMAP 6.12 */
export const ENCODED_PAGE_BIT_DELAY_RMAP = 1;
/** The next slot holds a number of pages. @kernel include/linux/mm_types.h ENCODED_PAGE_BIT_NR_PAGES_NEXT 6.12 */
export const ENCODED_PAGE_BIT_NR_PAGES_NEXT = 2;

/** @kernel include/linux/mm_types.h encode_page 6.12 */
export function encodePage(page: number, flags: number): EncodedPage {
  return (page << FLAG_BITS) | flags;
}

/** @kernel include/linux/mm_types.h encoded_page_flags 6.12 */
export function encodedPageFlags(encoded: EncodedPage): number {
  return encoded & (ENCODED_PAGE_BIT_DELAY_RMAP | ENCODED_PAGE_BIT_NR_PAGES_NEXT);
}

/** @kernel include/linux/mm_types.h encoded_page_ptr 6.12 */
export function encodedPagePtr(encoded: EncodedPage): number {
  return encoded >>> FLAG_BITS;
}

/** @kernel include/linux/mm_types.h encode_nr_pages 6.12 */
export function encodeNrPages(nrPages: number): EncodedPage {
  return nrPages << FLAG_BITS;
}

/** @kernel include/linux/mm_types.h encoded_nr_pages 6.12 */
export function encodedNrPages(encoded: EncodedPage): number {
  return encoded >>> FLAG_BITS;
}

/** How many slots a page takes: one, or another for its number. */
export function slotsOf(encoded: EncodedPage): number {
  return (encoded & ENCODED_PAGE_BIT_NR_PAGES_NEXT) !== 0 ? 2 : 1;
}

/** How many pages a slot stands for. */
export function nrPagesAt(pages: EncodedPages, at: number): number {
  return slotsOf(pages[at]!) === 2 ? encodedNrPages(pages[at + 1]!) : 1;
}
