import { folioPut } from '../folio/alloc.js';
import { hpagePmdNr } from '../folio/compound.js';
import { folioGet } from '../folio/frame.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import { isHugeZeroPmd } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { pgtableTransHugeDeposit } from '../pgtable/deposit.js';
import {
  type Pmd,
  isSwapPmd,
  pmdClearUffdWp,
  pmdMkold,
  pmdOffset,
  pmdPfn,
  pmdPresent,
  pmdWrprotect,
  pmdpGet,
  pmdpSetWrprotect,
  setPmdAt,
  swpEntryToPmd,
} from '../pgtable/pmd.js';
import { pteSwpClearUffdWp } from '../pgtable/pte.js';
import { allocPteTable, freePteTable, pmdAlloc, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { folioTryDupAnonRmapPmd } from '../rmap/map.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { sharedMigrationPte } from '../swap/migration-entry.js';
import { userfaultfdWp } from '../uffd/markers.js';
import { MM_ANONPAGES, Mm, addMmCounter } from '../vma/mm.js';
import { type Vma, vmaIsAnonymous } from '../vma/vma.js';

/**
 * Shares a huge page with a child, also one that is moving.
 *
 * @kernel mm/huge_memory.c copy_huge_pmd v6.2
 * @returns false when it is mapped by a table now, to be copied entry by entry: it may be pinned
 */
export function* copyHugePmd(k: Machine, dst: Vma, src: Vma, address: number): Step<boolean> {
  // Skipped like all of a file that nobody has copied: faults will map it.
  if (!vmaIsAnonymous(dst)) return true;
  const deposit = allocPteTable(k);
  const dstTable = pmdAlloc(k, Mm.at(k, dst.vmMm).pgd, address);
  yield* ptlLock(k, dstTable);
  const at = yield* __pmdTransHugeLock(k, src, address);
  const shared = at !== null && (yield* shareFolio(k, dst, src, at));
  if (shared) yield* shareLeaf(k, dst, at, dstTable, address, deposit);
  if (at !== null) ptlUnlock(k, at.table);
  ptlUnlock(k, dstTable);
  if (shared) return true;
  freePteTable(k, deposit);
  yield* __splitHugePmd(k, src, address);
  return false;
}

function* shareFolio(k: Machine, dst: Vma, src: Vma, at: PmdMappedAt): Step<boolean> {
  const pmd = yield* pmdpGet(k, at.pmdp);
  if (isHugeZeroPmd(k, pmd)) return true;
  if (pmdPresent(k, pmd) && !(yield* shareMapped(k, src, pmdPfn(k, pmd)))) return false;
  addMmCounter(k, Mm.at(k, dst.vmMm), MM_ANONPAGES, hpagePmdNr(k));
  return true;
}

function* shareMapped(k: Machine, src: Vma, folio: number): Step<boolean> {
  yield* folioGet(k, folio);
  if (yield* folioTryDupAnonRmapPmd(k, folio, src)) return true;
  yield* folioPut(k, folio);
  return false;
}

function* shareLeaf(
  k: Machine,
  dst: Vma,
  at: PmdMappedAt,
  dstTable: number,
  address: number,
  deposit: number,
): Step<void> {
  const old = yield* pmdpGet(k, at.pmdp);
  const moving = isSwapPmd(k, old);
  const pmd = moving ? swpEntryToPmd(k, sharedMigrationPte(k, old)) : pmdWrprotect(k, old);
  pgtableTransHugeDeposit(k, dstTable, deposit);
  if (moving) yield* setPmdAt(k, at.pmdp, pmd);
  else yield* pmdpSetWrprotect(k, at.pmdp);
  const child = moving
    ? forChild(k, dst, pmd, pteSwpClearUffdWp)
    : pmdMkold(k, forChild(k, dst, pmd, pmdClearUffdWp));
  yield* setPmdAt(k, pmdOffset(k, dstTable, address), child);
}

/** Write-protection of userfaultfd goes along only to a child that tracks it. */
function forChild(k: Machine, dst: Vma, pmd: Pmd, clear: (k: Machine, pmd: Pmd) => Pmd): Pmd {
  return userfaultfdWp(dst) ? pmd : clear(k, pmd);
}
