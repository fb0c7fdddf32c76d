import { ZERO_PFN, setFlag } from '../folio/frame.js';
import { PG_dirty } from '../folio/flags.js';
import { folioPut } from '../folio/alloc.js';
import { folioMarkAccessed } from '../folio/lru.js';
import { PageAnon } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, pteDirty, pteNone, ptePfn, pteSpecial, pteYoung } from '../pgtable/pte.js';
import {
  pmdAddrEnd,
  pteOffset,
  pteTable,
  ptepGet,
  ptepGetAndClear,
  ptlLock,
  ptlUnlock,
} from '../pgtable/table.js';
import { mmCounter, pageRemoveRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { addMmCounter } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/**
 * Removes what a range of a VMA maps.
 *
 * @kernel mm/memory.c zap_page_range_single v6.2
 * @param start first byte; @param end first byte behind; both page-aligned
 */
export function* zapPageRangeSingle(k: Machine, vma: Vma, start: number, end: number): Step<void> {
  const { pgd } = Mm.at(k, vma.vmMm);
  const from = Math.max(start, vma.vmStart);
  const to = Math.min(end, vma.vmEnd);
  for (let address = from; address < to;) {
    const next = pmdAddrEnd(k, address, to);
    const table = pteTable(k, pgd, address);
    if (table !== 0) yield* zapPteRange(k, vma, table, address, next);
    address = next;
  }
}

/** @kernel mm/memory.c zap_pte_range v6.2 @differs the references are dropped one by one, not gathered */
function* zapPteRange(k: Machine, vma: Vma, table: number, start: number, end: number): Step<void> {
  yield* ptlLock(k, table);
  for (let address = start; address < end; address += k.pageSize) {
    const ptep = pteOffset(k, table, address);
    const pte = yield* ptepGet(k, ptep);
    if (pteNone(k, pte)) continue;
    yield* zapPresent(k, vma, ptep);
  }
  ptlUnlock(k, table);
}

function* zapPresent(k: Machine, vma: Vma, ptep: number): Step<void> {
  const pte = yield* ptepGetAndClear(k, ptep);
  if (pteSpecial(k, pte) || ptePfn(k, pte) === ZERO_PFN) return;
  const page = ptePfn(k, pte);
  if (!PageAnon(k, page)) yield* noteFileUse(k, page, pte);
  addMmCounter(k, Mm.at(k, vma.vmMm), mmCounter(k, page), -1);
  yield* pageRemoveRmap(k, page, vma);
  yield* folioPut(k, page);
}

/** What the entry knew of a page-cache page goes to the page. */
function* noteFileUse(k: Machine, page: number, pte: Pte): Step<void> {
  if (pteDirty(k, pte)) setFlag(k, page, PG_dirty);
  if (pteYoung(k, pte)) yield* folioMarkAccessed(k, page);
}
