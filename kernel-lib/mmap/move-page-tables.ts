import type { Machine } from '../machine/machine.js';
import { type Pte, pteMksoftDirty, pteNone, ptePresent, pteSwpMksoftDirty } from '../pgtable/pte.js';
import {
  pmdAddrEnd,
  pteAlloc,
  pteOffset,
  pteTable,
  ptepGet,
  ptepGetAndClear,
  ptlLock,
  ptlUnlock,
  setPteAt,
} from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';

/**
 * Moves the entries of [oldAddr, oldAddr + len) to `newAddr`. The mmap lock is held for writing, so that no fault
 * sees a page at neither place.
 *
 * @kernel mm/mremap.c move_page_tables v6.2
 * @differs whole page tables are never moved, only their entries
 */
export function* movePageTables(
  k: Machine,
  mm: Mm,
  oldAddr: number,
  newAddr: number,
  len: number,
): Step<void> {
  const oldEnd = oldAddr + len;
  for (let at = oldAddr; at < oldEnd;) {
    const to = newAddr + (at - oldAddr);
    // Neither the old nor the new addresses may cross into another table.
    const next = Math.min(pmdAddrEnd(k, at, oldEnd), at + (pmdAddrEnd(k, to, Infinity) - to));
    const oldTable = pteTable(k, mm.pgd, at);
    if (oldTable !== 0) yield* movePtes(k, oldTable, at, next, pteAlloc(k, mm.pgd, to), to);
    at = next;
  }
}

/** @kernel mm/mremap.c move_ptes v6.2 */
function* movePtes(
  k: Machine,
  oldTable: number,
  oldAddr: number,
  oldEnd: number,
  newTable: number,
  newAddr: number,
): Step<void> {
  yield* ptlLock(k, oldTable);
  if (newTable !== oldTable) yield* ptlLock(k, newTable);
  for (let at = oldAddr; at < oldEnd; at += k.pageSize) {
    const oldPtep = pteOffset(k, oldTable, at);
    if (pteNone(k, yield* ptepGet(k, oldPtep))) continue;
    const pte = yield* ptepGetAndClear(k, oldPtep);
    const newPtep = pteOffset(k, newTable, newAddr + (at - oldAddr));
    yield* setPteAt(k, newPtep, moveSoftDirtyPte(k, pte));
  }
  if (newTable !== oldTable) ptlUnlock(k, newTable);
  ptlUnlock(k, oldTable);
}

/**
 * To who tracks stores, a page that has moved is a changed page.
 *
 * @kernel mm/mremap.c move_soft_dirty_pte v6.2
 */
function moveSoftDirtyPte(k: Machine, pte: Pte): Pte {
  if (!k.softDirty) return pte;
  return ptePresent(k, pte) ? pteMksoftDirty(k, pte) : pteSwpMksoftDirty(k, pte);
}
