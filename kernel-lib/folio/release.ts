import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { freePagesPrepare, freeUnrefPageList } from './alloc.js';
import { type EncodedPages, encodedPagePtr, nrPagesAt, slotsOf } from './encoded-page.js';
import { NO_PAGE, folioRefSubAndTest, pageFolio } from './frame.js';

/**
 * Drops the references of a batch, and gives the pages back that had no others: all at the end, the last of the batch
 * to be the first that is used again.
 *
 * @kernel mm/swap.c release_pages v6.2
 * @param nr slots of `pages` that are in use
 */
export function* releasePages(k: Machine, pages: EncodedPages, nr: number): Step<void> {
  let first = NO_PAGE;
  let last = NO_PAGE;
  let nrFreed = 0;
  for (let at = 0; at < nr; at += slotsOf(pages[at]!)) {
    const folio = pageFolio(k, encodedPagePtr(pages[at]!));
    if (!(yield* folioRefSubAndTest(k, folio, nrPagesAt(pages, at)))) continue;
    if (!freePagesPrepare(k, folio, first)) continue;
    if (nrFreed === 0) last = folio;
    first = folio;
    nrFreed++;
  }
  if (nrFreed > 0) freeUnrefPageList(k, first, last, nrFreed);
}
