import { folioPut } from '../folio/alloc.js';
import { folioGet, folioRefCount } from '../folio/frame.js';
import { hugetlbMigratable, setHugetlbMigratable } from '../folio/hugetlb-pool.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';

/**
 * Takes a page of hugetlb, with a reference, for who wants to move it. There is no LRU list that it could leave: a
 * flag says that it is taken.
 *
 * @kernel mm/hugetlb.c folio_isolate_hugetlb 6.1
 * @returns false when it was never mapped, when somebody else has it, or when it is free
 */
export function* folioIsolateHugetlb(k: Machine, folio: number): Step<boolean> {
  if (!hugetlbMigratable(k, folio) || (yield* folioRefCount(k, folio)) === 0) return false;
  yield* folioGet(k, folio);
  setHugetlbMigratable(k, folio, false);
  return true;
}

/** Gives it back. @kernel mm/hugetlb.c folio_putback_hugetlb 6.1 */
export function* folioPutbackHugetlb(k: Machine, folio: number): Step<void> {
  setHugetlbMigratable(k, folio, true);
  yield* folioPut(k, folio);
}
