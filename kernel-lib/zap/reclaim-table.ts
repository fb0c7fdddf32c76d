import type { Machine } from '../machine/machine.js';
import { pmdOffset, pmdTable, pmdpHugeGetAndClear } from '../pgtable/pmd.js';
import { pteNone } from '../pgtable/pte.js';
import { freePteTable, pmdSpan, pteOffset, ptlLock, ptlUnlock, readPte } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/**
 * Frees a table that a zap may have left empty.
 *
 * MODEL: try_to_free_pte() of mm/pt_reclaim.c, v6.14.
 * @param address first byte that the table spans
 */
export function* tryToFreePte(k: Machine, vma: Vma, table: number, address: number): Step<void> {
  const pmds = pmdTable(k, Mm.at(k, vma.vmMm).pgd, address);
  yield* ptlLock(k, pmds);
  yield* ptlLock(k, table);
  const empty = isEmpty(k, table, address);
  if (empty) yield* pmdpHugeGetAndClear(k, pmdOffset(k, pmds, address));
  ptlUnlock(k, table);
  ptlUnlock(k, pmds);
  if (empty) freePteTable(k, table);
}

function isEmpty(k: Machine, table: number, start: number): boolean {
  for (let at = start; at < start + pmdSpan(k); at += k.pageSize) {
    if (!pteNone(k, readPte(k, pteOffset(k, table, at)))) return false;
  }
  return true;
}
