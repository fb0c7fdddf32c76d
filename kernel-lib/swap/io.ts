import { folioNrPages } from '../folio/compound.js';
import { PG_dirty, PG_error, PG_swapcache, PG_uptodate, PG_writeback } from '../folio/flags.js';
import {
  FIRST_PFN,
  clearFlag,
  pageContent,
  pagePrivate,
  setFlag,
  setPageContent,
  testFlag,
} from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { setSlotContent, setSlotZero, slotContent, slotIsZero } from './area.js';

/**
 * Reads a slot into a locked page and unlocks it. A failed read leaves it not uptodate.
 *
 * @kernel mm/page_io.c swap_readpage v6.2
 * @differs every device has finished when this returns
 */
export function swapReadpage(k: Machine, page: number, entry: number): void {
  if (k.patched.swapZeromap && slotIsZero(k, entry)) {
    k.count('swpin_zero');
    setPageContent(k, page, 0);
    setFlag(k, page, PG_uptodate);
  } else {
    k.count('pswpin');
    if (k.globals.swapIoFails !== 0) {
      setFlag(k, page, PG_error);
      clearFlag(k, page, PG_uptodate);
    } else {
      setPageContent(k, page, slotContent(k, entry));
      setFlag(k, page, PG_uptodate);
    }
  }
  folioUnlock(k, page);
}

/** Whether every byte of a folio is 0. @kernel mm/page_io.c is_folio_zero_filled 6.12 */
function isFolioZeroFilled(k: Machine, folio: number): boolean {
  for (let i = 0; i < folioNrPages(k, folio); i++) if (pageContent(k, folio + i) !== 0) return false;
  return true;
}

/**
 * Writes a locked page in the swap cache to its slot and unlocks it. A failed write makes it dirty again; one to a
 * slow device is still under way.
 *
 * MODEL: the part of swap_writepage() behind the last chance to free the slot.
 */
export function writeSlot(k: Machine, page: number): void {
  const nr = folioNrPages(k, page);
  const zero = k.patched.swapZeromap && isFolioZeroFilled(k, page);
  const failed = !zero && k.globals.swapIoFails !== 0;
  if (!zero && nr > 1) k.count('thp_swpout');
  k.count(zero ? 'swpout_zero' : 'pswpout', nr);
  if (failed) setFlag(k, page, PG_error | PG_dirty);
  else if (!zero && k.globals.swapIsSlow !== 0) setFlag(k, page, PG_writeback);
  for (let i = 0; i < nr; i++) {
    const entry = pagePrivate(k, page) + i;
    setSlotZero(k, entry, zero);
    if (!zero && !failed) setSlotContent(k, entry, pageContent(k, page + i));
  }
  folioUnlock(k, page);
}

/** The device has finished whatever was under way. MODEL: end_page_writeback() of all pages at once. */
export function endSwapWrites(k: Machine): void {
  k.globals.swapIsSlow = 0;
  for (let page = FIRST_PFN; page < k.globals.nextFrame; page++) {
    if (testFlag(k, page, PG_swapcache)) clearFlag(k, page, PG_writeback);
  }
}
