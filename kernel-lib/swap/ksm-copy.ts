import { allocPage } from '../folio/alloc.js';
import { PG_dirty, PG_swapbacked, PG_uptodate } from '../folio/flags.js';
import {
  PageKsm,
  PageAnon,
  copyUserHighpage,
  pageIndex,
  pageOwner,
  setFlag,
  testFlag,
} from '../folio/frame.js';
import { folioTrylock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { AnonVma } from '../vma/anon-vma.js';
import { type Vma, linearPageIndex } from '../vma/vma.js';

/**
 * KSM merges pages of different places; a page that it merged can come back from swap at a place that its anon_vma
 * does not cover. Then this place gets a copy, locked.
 *
 * @kernel mm/ksm.c ksm_might_need_to_copy v6.2
 * @differs a poisoned page is copied as any other
 * @returns the page itself or the copy
 */
export function* ksmMightNeedToCopy(k: Machine, page: number, vma: Vma, address: number): Step<number> {
  if (PageKsm(k, page)) return page;
  if (!PageAnon(k, page)) return page;
  const sameFamily = vma.anonVma !== 0 && familyOf(k, pageOwner(k, page)) === familyOf(k, vma.anonVma);
  if (sameFamily && pageIndex(k, page) === linearPageIndex(vma, address) >>> 0) return page;
  if (!testFlag(k, page, PG_uptodate)) return page;
  const copy = allocPage(k);
  if (copy === 0) return 0;
  yield* copyUserHighpage(k, copy, page);
  setFlag(k, copy, PG_dirty | PG_uptodate | PG_swapbacked);
  yield* folioTrylock(k, copy);
  k.count('ksm_swpin_copy');
  return copy;
}

function familyOf(k: Machine, anonVma: number): number {
  return AnonVma.at(k, anonVma).root;
}
