import type { Machine } from '../machine/machine.js';
import { freePgdRange } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';
import { tlbFinishMmu, tlbGatherMmu } from './mmu-gather.js';
import { unmapSingleVma } from './zap.js';

/** Removes everything that whole VMAs map. @kernel mm/memory.c unmap_vmas v6.2 @differs the caller lists the VMAs */
export function* unmapVmas(k: Machine, mm: Mm, vmas: readonly Vma[]): Step<void> {
  const tlb = tlbGatherMmu(k, mm.at);
  for (const vma of vmas) yield* unmapSingleVma(k, tlb, vma, vma.vmStart, vma.vmEnd, { dropMarker: true });
  yield* tlbFinishMmu(k, tlb);
}

/**
 * Frees the page tables between two VMAs that stay.
 *
 * @kernel mm/memory.c free_pgtables v6.2
 * @param floor end of the VMA below, 0 for none
 * @param ceiling start of the VMA above, Infinity for none: then the root's lower tables all go
 */
export function freePgtables(k: Machine, mm: Mm, floor: number, ceiling: number): void {
  freePgdRange(k, mm.pgd, floor, ceiling);
}
