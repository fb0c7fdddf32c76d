import { folioPut } from '../folio/alloc.js';
import { folioEntireMapcount, folioMapcount, folioNrPages, folioTestLarge } from '../folio/compound.js';
import { folioGet, ownMapcount, pageFolio, pageMapcount } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, ptePfn } from '../pgtable/pte.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { folioPteBatch } from './pte-batch.js';
import { splitHugePageToList } from './split-folio.js';

/**
 * A guess whether several processes map a folio. For large ones, before ebb34f78d72c, the first page's map count.
 *
 * @kernel include/linux/mm.h folio_likely_mapped_shared 6.12
 */
export function folioLikelyMappedShared(k: Machine, folio: number): boolean {
  if (!k.patched.likelyMappedShared) return pageMapcount(k, folio) !== 1;
  const mapcount = folioMapcount(k, folio);
  if (!folioTestLarge(k, folio)) return mapcount > 1;
  if (mapcount <= 1) return false;
  if (folioEntireMapcount(k, folio) > 0 || mapcount > folioNrPages(k, folio)) return true;
  return ownMapcount(k, folio) > 1;
}

/** What a walk is to do about an entry that maps a page of a large folio. */
export type LargeStep =
  /** End here. */
  | { readonly do: 'stop' }
  /** Look at the same entry again: its page is a small one now. */
  | { readonly do: 'again' }
  /** Pass over so many entries. */
  | { readonly do: 'skip'; readonly nrPtes: number }
  /** So many entries map the whole folio: work on that. */
  | { readonly do: 'whole'; readonly nrPtes: number };

const STOP: LargeStep = { do: 'stop' };
const AGAIN: LargeStep = { do: 'again' };

/** Where a walk stands; the table is locked, and so it is afterwards. */
export interface Standing {
  readonly table: number;
  readonly address: number;
  readonly end: number;
  readonly pte: Pte;
}

/** Splits a large folio of which the advice concerns a page, unless others map it. */
export function* splitIfOwn(k: Machine, { table, pte }: Standing, shared: boolean): Step<LargeStep> {
  if (shared) return STOP;
  return (yield* splitFolio(k, table, pageFolio(k, ptePfn(k, pte)))) === 'split' ? AGAIN : STOP;
}

/** The same, unless the advice concerns all of the folio. */
export function* splitIfPart(k: Machine, standing: Standing): Step<LargeStep> {
  const { table, address, end, pte } = standing;
  const folio = pageFolio(k, ptePfn(k, pte));
  const nrPtes = folioPteBatch(k, table, address, end, pte);
  if (nrPtes === folioNrPages(k, folio)) return { do: 'whole', nrPtes };
  const skip: LargeStep = { do: 'skip', nrPtes };
  if (folioLikelyMappedShared(k, folio)) return { do: 'skip', nrPtes };
  return (yield* splitFolio(k, table, folio)) === 'split' ? AGAIN : skip;
}

function* splitFolio(k: Machine, table: number, folio: number): Step<'split' | 'kept'> {
  if (!(yield* folioTrylock(k, folio))) return 'kept';
  yield* folioGet(k, folio);
  ptlUnlock(k, table);
  const error = yield* splitHugePageToList(k, folio);
  folioUnlock(k, folio);
  yield* folioPut(k, folio);
  yield* ptlLock(k, table);
  return error === 0 ? 'split' : 'kept';
}
