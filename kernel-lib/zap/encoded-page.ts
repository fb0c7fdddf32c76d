import type { GatherSizes, Machine } from '../machine/machine.js';

/**
 * A slot of a batch: a page with two bits of what is still to be done, or how many pages the one before stands for.
 *
 * MODEL: `struct encoded_page`, with the number of a frame in the place of a pointer.
 */
export type EncodedPage = number;

/** The largest machine has fewer frames than the bits above have room for. */
const PAGE_SHIFT = 2;

/** The page's map count still counts the mapping that is gone. @kernel include/linux/mm_types.h ENCODED_PAGE_BIT_DELAY_RMAP 6.12 */
export const ENCODED_PAGE_BIT_DELAY_RMAP = 1;
/** The next slot holds a number of pages. @kernel include/linux/mm_types.h ENCODED_PAGE_BIT_NR_PAGES_NEXT 6.12 */
export const ENCODED_PAGE_BIT_NR_PAGES_NEXT = 2;

/** @kernel include/linux/mm_types.h encode_page 6.12 */
export function encodePage(page: number, flags: number): EncodedPage {
  return (page << PAGE_SHIFT) | flags;
}

/** @kernel include/linux/mm_types.h encoded_page_flags 6.12 */
export function encodedPageFlags(encoded: EncodedPage): number {
  return encoded & (ENCODED_PAGE_BIT_DELAY_RMAP | ENCODED_PAGE_BIT_NR_PAGES_NEXT);
}

/** @kernel include/linux/mm_types.h encoded_page_ptr 6.12 */
export function encodedPagePtr(encoded: EncodedPage): number {
  return encoded >>> PAGE_SHIFT;
}

/** @kernel include/linux/mm_types.h encode_nr_pages 6.12 */
export function encodeNrPages(nrPages: number): EncodedPage {
  return nrPages << PAGE_SHIFT;
}

/** @kernel include/linux/mm_types.h encoded_nr_pages 6.12 */
export function encodedNrPages(encoded: EncodedPage): number {
  return encoded >>> PAGE_SHIFT;
}

/** Slots of a batch on the stack. @kernel include/asm-generic/tlb.h MMU_GATHER_BUNDLE v6.2 */
const MMU_GATHER_BUNDLE = 8;
/** Pages whose batches an unmapping may hold back, the stack's batch not counted. */
const MAX_GATHERED = 10_000;

/** `MAX_GATHER_BATCH` and `MAX_GATHER_BATCH_COUNT` of include/asm-generic/tlb.h: a batch fills a page behind its header. */
export function gatherSizes(k: Machine): GatherSizes {
  if (k.gatherSizes !== undefined) return k.gatherSizes;
  const pointer = k.pte.arch.longBits / 8;
  // A pointer and two counts.
  const header = Math.ceil((pointer + 8) / pointer) * pointer;
  const batch = (k.pageSize - header) / pointer;
  return { bundle: MMU_GATHER_BUNDLE, batch, batches: Math.floor(MAX_GATHERED / batch) };
}
