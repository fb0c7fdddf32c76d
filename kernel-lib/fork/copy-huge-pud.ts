import { __pudTransHugeLock } from '../huge/pud-lock.js';
import type { Machine } from '../machine/machine.js';
import { pudMkold, pudOffset, pudWrprotect, pudpGet, setPudAt } from '../pgtable/pud.js';
import { ptlLock, ptlUnlock, pudAlloc } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/**
 * Gives a child the same leaf, two levels above the lowest: read-only in both, and not yet used by the child.
 *
 * @kernel mm/huge_memory.c copy_huge_pud v6.2
 * @differs loads and stores the entry in two steps: what a walker notes in between is lost
 */
export function* copyHugePud(k: Machine, dst: Vma, src: Vma, address: number): Step<void> {
  const dstTable = pudAlloc(k, Mm.at(k, dst.vmMm).pgd, address);
  yield* ptlLock(k, dstTable);
  const at = yield* __pudTransHugeLock(k, src, address);
  if (at !== null) {
    const pud = pudWrprotect(k, yield* pudpGet(k, at.pudp));
    yield* setPudAt(k, at.pudp, pud);
    yield* setPudAt(k, pudOffset(k, dstTable, address), pudMkold(k, pud));
    ptlUnlock(k, at.table);
  }
  ptlUnlock(k, dstTable);
}
