import { folioPutRefs } from '../folio/alloc.js';
import { addPincount, folioTestLarge } from '../folio/compound.js';
import { PG_dirty } from '../folio/flags.js';
import {
  GUP_PIN_COUNTING_BIAS,
  ZERO_PFN,
  folioRefAdd,
  folioRefTryAddRcu,
  pageFolio,
  setFlag,
} from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { FOLL_GET, FOLL_PIN } from './flags.js';

/**
 * Takes the reference or pin that the flags ask for, or neither.
 *
 * @kernel mm/gup.c try_grab_page v6.2
 * @differs pins of the zero page are not counted, as since v6.5 and in the recorded v6.1 kernels
 */
export function* tryGrabPage(k: Machine, page: number, flags: number): Step<void> {
  const folio = pageFolio(k, page);
  if (flags & FOLL_GET) yield* folioRefAdd(k, folio, 1);
  else if (flags & FOLL_PIN && folio !== ZERO_PFN) yield* pin(k, folio, 1);
}

/** Adds a pin, or takes one without its reference. */
function* pin(k: Machine, folio: number, by: 1 | -1): Step<void> {
  if (folioTestLarge(k, folio)) yield* addPincount(k, folio, by);
  if (by > 0) yield* folioRefAdd(k, folio, pinRefs(k, folio));
}

/** References that one pin takes. */
function pinRefs(k: Machine, folio: number): number {
  return folioTestLarge(k, folio) ? 1 : GUP_PIN_COUNTING_BIAS;
}

/**
 * The same for a page that nobody keeps from being freed; false if it was.
 *
 * @kernel mm/gup.c try_grab_folio v6.2
 * @differs a large folio does not come apart under the reference
 */
export function* tryGrabFolio(k: Machine, page: number, flags: number): Step<boolean> {
  const folio = pageFolio(k, page);
  const refs = flags & FOLL_GET ? 1 : pinRefs(k, folio);
  if (!(yield* folioRefTryAddRcu(k, folio, refs))) return false;
  if (flags & FOLL_PIN && folioTestLarge(k, folio)) yield* addPincount(k, folio, 1);
  return true;
}

/** @kernel mm/gup.c gup_put_folio v6.2 */
export function* gupPutFolio(k: Machine, page: number, flags: number): Step<void> {
  const folio = pageFolio(k, page);
  if (flags & FOLL_GET) return yield* folioPutRefs(k, folio, 1);
  if (folio === ZERO_PFN) return;
  yield* pin(k, folio, -1);
  yield* folioPutRefs(k, folio, pinRefs(k, folio));
}

/** @kernel mm/gup.c unpin_user_pages v6.2 */
export function* unpinUserPages(k: Machine, pages: readonly number[]): Step<void> {
  for (const page of pages) yield* gupPutFolio(k, page, FOLL_PIN);
}

/**
 * Unpins pages that were written through the pin.
 *
 * @kernel mm/gup.c unpin_user_pages_dirty_lock v6.2
 */
export function* unpinUserPagesDirtyLock(
  k: Machine,
  pages: readonly number[],
  makeDirty: boolean,
): Step<void> {
  if (makeDirty) for (const page of pages) yield* setPageDirtyLock(k, page);
  yield* unpinUserPages(k, pages);
}

/** @kernel mm/page-writeback.c set_page_dirty_lock v6.2 */
export function* setPageDirtyLock(k: Machine, subpage: number): Step<void> {
  const page = pageFolio(k, subpage);
  yield* folioLock(k, page);
  setFlag(k, page, PG_dirty);
  folioUnlock(k, page);
}
