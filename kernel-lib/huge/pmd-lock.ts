import type { Machine } from '../machine/machine.js';
import { pmdAt, pmdOffset, pmdIsHuge, pmdTable, pmdpGet } from '../pgtable/pmd.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/** Whether a huge page, possibly one that is moving, was at an address a moment ago. Only the lock can tell whether it still is. */
export function mapsHugePage(k: Machine, vma: Vma, address: number): boolean {
  return k.pte.huge !== undefined && pmdIsHuge(k, pmdAt(k, Mm.at(k, vma.vmMm).pgd, address));
}

/**
 * Locks the table in which a leaf maps a huge page, or an entry stands for one that is moving.
 *
 * @kernel mm/huge_memory.c __pmd_trans_huge_lock v6.2
 * @returns the entry, whose table the caller unlocks; null, nothing locked, where none is
 */
export function* __pmdTransHugeLock(k: Machine, vma: Vma, address: number): Step<PmdMappedAt | null> {
  const table = pmdTable(k, Mm.at(k, vma.vmMm).pgd, address);
  if (table === 0) return null;
  const pmdp = pmdOffset(k, table, address);
  yield* ptlLock(k, table);
  if (pmdIsHuge(k, yield* pmdpGet(k, pmdp))) return { table, pmdp };
  ptlUnlock(k, table);
  return null;
}
