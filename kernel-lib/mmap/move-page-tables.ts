import { clearsBadPud } from '../huge/bad-pud.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pteClearUffdWp,
  pteMksoftDirty,
  pteNone,
  ptePresent,
  pteSwpClearUffdWp,
  pteSwpMksoftDirty,
} from '../pgtable/pte.js';
import { pudAddrEnd } from '../pgtable/pud.js';
import {
  pmdAddrEnd,
  pmdSpan,
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
import { flushTlbMmRange } from '../tlb/tlb.js';
import { movesWithoutUffdWp } from '../uffd/ctx.js';
import { pteMarkerUffdWp } from '../uffd/markers.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { Mm } from '../vma/mm.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';
import { moveHugetlbPageTables } from './move-hugetlb.js';
import { moveHugePmd, moveNormalPmd } from './move-pmd.js';

/**
 * Moves the entries of [oldAddr, oldAddr + len) to `newAddr`. The mmap lock is held for writing, so that no fault
 * sees a page at neither place.
 *
 * @kernel mm/mremap.c move_page_tables v6.2
 * @differs no tables of PMDs are moved
 * @param vma holds the old range
 */
export function* movePageTables(
  k: Machine,
  vma: Vma,
  oldAddr: number,
  newAddr: number,
  len: number,
): Step<void> {
  if (isVmHugetlbPage(vma)) return yield* moveHugetlbPageTables(k, vma, oldAddr, newAddr, len);
  const mm = Mm.at(k, vma.vmMm);
  const oldEnd = oldAddr + len;
  for (let at = oldAddr; at < oldEnd;) {
    // move_huge_pud() is never reached: get_old_pud() has thrown the leaf away, and a fault brings it at the new place.
    if (yield* clearsBadPud(k, vma, at)) {
      at = pudAddrEnd(k, at, oldEnd);
      continue;
    }
    const to = newAddr + (at - oldAddr);
    // Neither the old nor the new addresses may cross into another table.
    const next = Math.min(pmdAddrEnd(k, at, oldEnd), at + (pmdAddrEnd(k, to, Infinity) - to));
    const whole = next - at === pmdSpan(k);
    if (mapsHugePage(k, vma, at) && !(whole && (yield* moveHugePmd(k, vma, at, to)))) {
      yield* __splitHugePmd(k, vma, at);
    }
    const oldTable = pteTable(k, mm.pgd, at);
    if (oldTable !== 0 && !(whole && (yield* moveNormalPmd(k, vma, at, to)))) {
      yield* movePtes(k, vma, oldTable, at, next, pteAlloc(k, mm.pgd, to), to);
    }
    at = next;
  }
}

/** @kernel mm/mremap.c move_ptes v6.2 @differs takes no locks of the rmap */
function* movePtes(
  k: Machine,
  vma: Vma,
  oldTable: number,
  oldAddr: number,
  oldEnd: number,
  newTable: number,
  newAddr: number,
): Step<void> {
  const clearsWp = movesWithoutUffdWp(k, vma);
  yield* ptlLock(k, oldTable);
  if (newTable !== oldTable) yield* ptlLock(k, newTable);
  let forceFlush = false;
  for (let at = oldAddr; at < oldEnd; at += k.pageSize) {
    const oldPtep = pteOffset(k, oldTable, at);
    if (pteNone(k, yield* ptepGet(k, oldPtep))) continue;
    const pte = yield* ptepGetAndClear(k, oldPtep);
    if (ptePresent(k, pte)) forceFlush = true;
    const newPtep = pteOffset(k, newTable, newAddr + (at - oldAddr));
    // The VMA at the new place is not registered: nobody could ever lift the protection.
    if (clearsWp && pteMarkerUffdWp(k, pte)) continue;
    const moved = moveSoftDirtyPte(k, pte);
    yield* setPteAt(k, newPtep, clearsWp ? withoutUffdWp(k, moved) : moved);
  }
  // Before the locks are gone: who writes the page back through its new place must not miss stores at the old one.
  if (forceFlush) yield* flushTlbMmRange(k, vma.vmMm, oldAddr, oldEnd);
  if (newTable !== oldTable) ptlUnlock(k, newTable);
  ptlUnlock(k, oldTable);
}

function withoutUffdWp(k: Machine, pte: Pte): Pte {
  return ptePresent(k, pte) ? pteClearUffdWp(k, pte) : pteSwpClearUffdWp(k, pte);
}

/**
 * To who tracks stores, a page that has moved is a changed page.
 *
 * @kernel mm/mremap.c move_soft_dirty_pte v6.2
 */
function moveSoftDirtyPte(k: Machine, pte: Pte): Pte {
  if (!k.softDirty) return pte;
  if (ptePresent(k, pte)) return pteMksoftDirty(k, pte);
  return pteHasSwapEntry(k, pte) ? pteSwpMksoftDirty(k, pte) : pte;
}
