import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import type { Machine } from '../machine/machine.js';
import { pgtableTransHugeDeposit, pgtableTransHugeWithdraw } from '../pgtable/deposit.js';
import {
  type Pmd,
  isSwapPmd,
  pmdAt,
  pmdClearUffdWp,
  pmdMksoftDirty,
  pmdNone,
  pmdOffset,
  pmdPopulate,
  pmdTable,
  pmdpHugeGetAndClear,
  setPmdAt,
} from '../pgtable/pmd.js';
import { pteSwpClearUffdWp, pteSwpMksoftDirty } from '../pgtable/pte.js';
import { pmdAlloc, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { flushPmdTlbRange } from '../tlb/tlb.js';
import { movesWithoutUffdWp } from '../uffd/ctx.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/**
 * Moves a leaf, and the table that it has put aside.
 *
 * @kernel mm/huge_memory.c move_huge_pmd v6.2
 * @returns false when there is none any more, or something is at the new place
 */
export function* moveHugePmd(k: Machine, vma: Vma, oldAddr: number, newAddr: number): Step<boolean> {
  const { pgd } = Mm.at(k, vma.vmMm);
  if (!pmdNone(k, pmdAt(k, pgd, newAddr))) return false;
  const newTable = pmdAlloc(k, pgd, newAddr);
  const old = yield* __pmdTransHugeLock(k, vma, oldAddr);
  if (old === null) return false;
  if (newTable !== old.table) yield* ptlLock(k, newTable);
  const pmd = yield* pmdpHugeGetAndClear(k, old.pmdp);
  if (newTable !== old.table) pgtableTransHugeDeposit(k, newTable, pgtableTransHugeWithdraw(k, old.table));
  const moved = moveSoftDirtyPmd(k, pmd);
  yield* setPmdAt(
    k,
    pmdOffset(k, newTable, newAddr),
    movesWithoutUffdWp(k, vma) ? clearUffdWpPmd(k, moved) : moved,
  );
  yield* flushPmdTlbRange(k, vma.vmMm, oldAddr);
  if (newTable !== old.table) ptlUnlock(k, newTable);
  ptlUnlock(k, old.table);
  return true;
}

/** What has moved counts as written. @kernel mm/huge_memory.c move_soft_dirty_pmd v6.2 */
function moveSoftDirtyPmd(k: Machine, pmd: Pmd): Pmd {
  if (!k.softDirty) return pmd;
  return isSwapPmd(k, pmd) ? pteSwpMksoftDirty(k, pmd) : pmdMksoftDirty(k, pmd);
}

/** @kernel mm/huge_memory.c clear_uffd_wp_pmd 6.1 */
function clearUffdWpPmd(k: Machine, pmd: Pmd): Pmd {
  return isSwapPmd(k, pmd) ? pteSwpClearUffdWp(k, pmd) : pmdClearUffdWp(k, pmd);
}

/**
 * Moves a whole table. Its entries do not become soft-dirty.
 *
 * @kernel mm/mremap.c move_normal_pmd v6.2
 * @differs on every architecture, where Linux does so on x86, arm64 and RISC-V
 * @returns false when something is at the new place, or each entry has to be changed
 */
export function* moveNormalPmd(k: Machine, vma: Vma, oldAddr: number, newAddr: number): Step<boolean> {
  // Its entries would have to be looked at one by one.
  if (movesWithoutUffdWp(k, vma)) return false;
  const mm = Mm.at(k, vma.vmMm);
  if (!pmdNone(k, pmdAt(k, mm.pgd, newAddr))) return false;
  const oldTable = pmdTable(k, mm.pgd, oldAddr);
  const newTable = pmdAlloc(k, mm.pgd, newAddr);
  yield* ptlLock(k, oldTable);
  if (newTable !== oldTable) yield* ptlLock(k, newTable);
  const { lo: table } = yield* pmdpHugeGetAndClear(k, pmdOffset(k, oldTable, oldAddr));
  yield* pmdPopulate(k, pmdOffset(k, newTable, newAddr), table);
  yield* flushPmdTlbRange(k, mm.at, oldAddr);
  if (newTable !== oldTable) ptlUnlock(k, newTable);
  ptlUnlock(k, oldTable);
  return true;
}
