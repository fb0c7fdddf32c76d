import { folioNrPages } from '../folio/compound.js';
import { PG_dirty, PG_error, PG_uptodate } from '../folio/flags.js';
import { clearFlag, pageContent, pagePrivate, setFlag, setPageContent } from '../folio/frame.js';
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
 * Writes a locked page in the swap cache to its slot and unlocks it. A failed write makes it dirty again.
 *
 * MODEL: the part of swap_writepage() behind the last chance to free the slot.
 */
export function writeSlot(k: Machine, page: number): void {
  const nr = folioNrPages(k, page);
  const zero = k.patched.swapZeromap && isFolioZeroFilled(k, page);
  if (!zero && nr > 1) k.count('thp_swpout');
  k.count(zero ? 'swpout_zero' : 'pswpout', nr);
  if (!zero && k.globals.swapIoFails !== 0) setFlag(k, page, PG_error | PG_dirty);
  for (let i = 0; i < nr; i++) {
    const entry = pagePrivate(k, page) + i;
    setSlotZero(k, entry, zero);
    if (!zero && k.globals.swapIoFails === 0) setSlotContent(k, entry, pageContent(k, page + i));
  }
  folioUnlock(k, page);
}
