import type { Machine } from '../machine/machine.js';
import { pmdAddrEnd, pteTable } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/** Works on the entries for [start, end), all of them in one lowest-level table, whose lock it takes itself. */
export type PmdEntry<T> = (
  k: Machine,
  vma: Vma,
  table: number,
  start: number,
  end: number,
  arg: T,
) => Step<void>;

/**
 * Visits the lowest-level tables behind [start, end), which lies in `vma`. Where there is no table there is
 * nothing to visit.
 *
 * @kernel mm/pagewalk.c walk_page_range v6.2
 * @differs within one VMA, and no table is made
 */
export function* walkPageRange<T>(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  pmdEntry: PmdEntry<T>,
  arg: T,
): Step<void> {
  const { pgd } = Mm.at(k, vma.vmMm);
  for (let at = start; at < end;) {
    const next = pmdAddrEnd(k, at, end);
    const table = pteTable(k, pgd, at);
    if (table !== 0) yield* pmdEntry(k, vma, table, at, next, arg);
    at = next;
  }
}
