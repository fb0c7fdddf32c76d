import type { Machine } from '../machine/machine.js';
import { hasPudLeaves, pudAt, pudLeaf, pudOffset, pudTable, pudpGet } from '../pgtable/pud.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/** A leaf two levels above the lowest, its table locked. */
export interface PudMappedAt {
  readonly table: number;
  readonly pudp: number;
}

/** Whether such a leaf mapped an address a moment ago. Only the lock can tell whether it still does. */
export function mapsHugePud(k: Machine, vma: Vma, address: number): boolean {
  return hasPudLeaves(k) && pudLeaf(pudAt(k, Mm.at(k, vma.vmMm).pgd, address));
}

/** Locks the table of a leaf; null, nothing locked, if there is none. @kernel mm/huge_memory.c __pud_trans_huge_lock v6.2 */
export function* __pudTransHugeLock(k: Machine, vma: Vma, address: number): Step<PudMappedAt | null> {
  const table = pudTable(k, Mm.at(k, vma.vmMm).pgd, address);
  if (table === 0) return null;
  const pudp = pudOffset(k, table, address);
  yield* ptlLock(k, table);
  if (pudLeaf(yield* pudpGet(k, pudp))) return { table, pudp };
  ptlUnlock(k, table);
  return null;
}
