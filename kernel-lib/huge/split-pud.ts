import type { Machine } from '../machine/machine.js';
import { pudAddress, pudLeaf, pudpGet } from '../pgtable/pud.js';
import { ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { pudpHugeClearFlush } from '../tlb/tlb.js';
import type { Vma } from '../vma/vma.js';
import { type PudMappedAt, __pudTransHugeLock } from './pud-lock.js';

/** Splits what looks like a leaf without its lock. @kernel include/linux/huge_mm.h split_huge_pud v6.2 */
export function* splitHugePud(k: Machine, vma: Vma, pudp: number, address: number): Step<void> {
  if (pudLeaf(yield* pudpGet(k, pudp))) yield* __splitHugePud(k, vma, address);
}

/**
 * Splits a leaf two levels above the lowest: it goes, and faults will bring what is needed back in smaller pieces.
 *
 * @kernel mm/huge_memory.c __split_huge_pud v6.2
 */
export function* __splitHugePud(k: Machine, vma: Vma, address: number): Step<void> {
  const at = yield* __pudTransHugeLock(k, vma, address);
  if (at === null) return;
  yield* __splitHugePudLocked(k, vma, at, pudAddress(k, address));
  ptlUnlock(k, at.table);
}

/** @kernel mm/huge_memory.c __split_huge_pud_locked v6.2 */
function* __splitHugePudLocked(k: Machine, vma: Vma, at: PudMappedAt, haddr: number): Step<void> {
  k.count('thp_split_pud');
  yield* pudpHugeClearFlush(k, vma.vmMm, haddr, at.pudp);
}
