import { hpagePmdNr } from '../folio/compound.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { isHugeZeroPmd } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { pgtableTransHugeWithdraw } from '../pgtable/deposit.js';
import { hpagePmdSize, pmdDevmap, pmdPfn, pmdPresent, pmdpHugeGetAndClear } from '../pgtable/pmd.js';
import { freePteTable, ptlUnlock } from '../pgtable/table.js';
import { folioRemoveRmapPmd } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { MM_ANONPAGES, Mm, addMmCounter } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';
import { type MmuGather, __tlbRemovePageSize, tlbFlushMmu, tlbRemoveTlbEntry } from './mmu-gather.js';

/**
 * Removes a leaf, or the entry of a huge page that is moving, and the table that it had put aside.
 *
 * @kernel mm/huge_memory.c zap_huge_pmd v6.2
 * @returns false if there is none any more
 */
export function* zapHugePmd(k: Machine, tlb: MmuGather, vma: Vma, address: number): Step<boolean> {
  const at = yield* __pmdTransHugeLock(k, vma, address);
  if (at === null) return false;
  const pmd = yield* pmdpHugeGetAndClear(k, at.pmdp);
  tlbRemoveTlbEntry(k, tlb, address, hpagePmdSize(k));
  if (pmdDevmap(k, pmd)) {
    ptlUnlock(k, at.table);
    return true;
  }
  const zero = isHugeZeroPmd(k, pmd);
  // A page that is moving has no mapping here to take away, and who moves it has the reference.
  const mapped = !zero && pmdPresent(k, pmd);
  const folio = pmdPfn(k, pmd);
  if (mapped) yield* folioRemoveRmapPmd(k, folio, vma);
  freePteTable(k, pgtableTransHugeWithdraw(k, at.table));
  if (!zero) addMmCounter(k, Mm.at(k, vma.vmMm), MM_ANONPAGES, -hpagePmdNr(k));
  ptlUnlock(k, at.table);
  if (mapped && (yield* __tlbRemovePageSize(k, tlb, folio, false))) yield* tlbFlushMmu(k, tlb);
  return true;
}
