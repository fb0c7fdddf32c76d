import { mapsHugePud } from '../huge/pud-lock.js';
import { __splitHugePud } from '../huge/split-pud.js';
import { hasPudLeaves, pudAddrEnd } from '../pgtable/pud.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import { pmdAddrEnd, pteTable } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';

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
 * Works on the part [start, end) of what a leaf maps, whose lock it takes itself.
 *
 * @returns whether that is all; false: if there is a table now, its entries are to be visited
 */
export type HugeEntry<T> = (k: Machine, vma: Vma, start: number, end: number, arg: T) => Step<boolean>;

/**
 * Visits the lowest-level tables behind [start, end), which lies in `vma`. Where there is no table there is
 * nothing to visit.
 *
 * @kernel mm/pagewalk.c walk_page_range v6.2
 * @differs within one VMA, and no table is made
 * @param hugeEntry for leaves; absent: they are split
 */
export function* walkPageRange<T>(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  pmdEntry: PmdEntry<T>,
  arg: T,
  hugeEntry?: HugeEntry<T>,
): Step<void> {
  // Whoever comes by here has nothing to say about hugetlb.
  if (isVmHugetlbPage(vma)) return;
  for (let at = start; hasPudLeaves(k) && at < end; at = pudAddrEnd(k, at, end)) {
    if (mapsHugePud(k, vma, at)) yield* __splitHugePud(k, vma, at);
  }
  const { pgd } = Mm.at(k, vma.vmMm);
  for (let at = start; at < end;) {
    const next = pmdAddrEnd(k, at, end);
    let table = pteTable(k, pgd, at);
    if (table === 0 && mapsHugePage(k, vma, at)) {
      if (hugeEntry === undefined) yield* __splitHugePmd(k, vma, at);
      // Whoever split the huge page himself wants its pages now.
      if (hugeEntry === undefined || !(yield* hugeEntry(k, vma, at, next, arg))) table = pteTable(k, pgd, at);
    }
    if (table !== 0) yield* pmdEntry(k, vma, table, at, next, arg);
    at = next;
  }
}
