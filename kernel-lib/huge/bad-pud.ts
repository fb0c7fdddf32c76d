import type { Machine } from '../machine/machine.js';
import { warnOnOnce } from '../machine/warn.js';
import { pudClearBad, pudOffset, pudTable } from '../pgtable/pud.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';
import { mapsHugePud } from './pud-lock.js';

/**
 * What whoever expects a table two levels above the lowest does to a leaf: it looks like a broken table, is said to
 * be one in the log, and thrown away. No TLB is flushed.
 *
 * MODEL: pud_none_or_clear_bad(), of entries that are not none.
 * @returns whether there was one
 */
export function* clearsBadPud(k: Machine, vma: Vma, address: number): Step<boolean> {
  if (!mapsHugePud(k, vma, address)) return false;
  const table = pudTable(k, Mm.at(k, vma.vmMm).pgd, address);
  warnOnOnce(k, 'pud_clear_bad', 'bad pud');
  yield* pudClearBad(k, pudOffset(k, table, address));
  return true;
}
