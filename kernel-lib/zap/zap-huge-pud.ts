import { __pudTransHugeLock } from '../huge/pud-lock.js';
import type { Machine } from '../machine/machine.js';
import { hpagePudSize, pudAddress, pudpHugeGetAndClear } from '../pgtable/pud.js';
import { ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import type { Vma } from '../vma/vma.js';
import { type MmuGather, tlbRemoveTlbEntry } from './mmu-gather.js';

/**
 * Removes a leaf two levels above the lowest. Nobody counts who maps memory of a device, so there is no more to do.
 *
 * @kernel mm/huge_memory.c zap_huge_pud v6.2
 * @returns false if there is none any more
 */
export function* zapHugePud(k: Machine, tlb: MmuGather, vma: Vma, address: number): Step<boolean> {
  const at = yield* __pudTransHugeLock(k, vma, address);
  if (at === null) return false;
  yield* pudpHugeGetAndClear(k, at.pudp);
  tlbRemoveTlbEntry(k, tlb, pudAddress(k, address), hpagePudSize(k));
  ptlUnlock(k, at.table);
  return true;
}
