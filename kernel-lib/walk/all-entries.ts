import { ZERO_PFN, isDevicePfn, pageFolio } from '../folio/frame.js';
import { isHugeZeroPage } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { pteNone, ptePfn, ptePresent, pteSwpExclusive, pteWrite } from '../pgtable/pte.js';
import { isMigrationEntry, nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { Mm } from '../vma/mm.js';
import { vmasOf } from '../vma/vma-list.js';
import { isVmHugetlbPage } from '../vma/vma.js';
import { type PteAt, ptesOf } from './ptes.js';

/** Where an entry stands. */
export interface Place {
  readonly mm: number;
  readonly address: number;
}

/** A present entry that maps a page; the zero page is none. */
export interface Mapped extends Place {
  readonly page: number;
  /** The page whose PG_anon_exclusive counts: where a leaf maps a huge page, that of its head. */
  readonly owner: number;
  readonly write: boolean;
}

/** An entry that names a swap slot. */
export interface Swapped extends Place {
  readonly entry: number;
  readonly exclusive: boolean;
}

/** All page-table entries of all processes. */
export interface PageTables {
  readonly mapped: readonly Mapped[];
  readonly swapped: readonly Swapped[];
  /** Entries that stand for a page while it moves. */
  readonly moving: readonly Place[];
  /** Entries that map each page, and that name each slot. */
  readonly maps: ReadonlyMap<number, number>;
  readonly names: ReadonlyMap<number, number>;
}

/** Every address space. */
export function everyMm(k: Machine): Mm[] {
  const found: Mm[] = [];
  for (let at = k.globals.mmlist; at !== 0; at = Mm.at(k, at).mmNext) found.push(Mm.at(k, at));
  return found;
}

/** The entries of some processes. */
export function tablesOf(k: Machine, mms: readonly Mm[]): PageTables {
  const mapped: Mapped[] = [];
  const swapped: Swapped[] = [];
  const moving: Place[] = [];
  // Huge pages of hugetlb are accounted by themselves.
  for (const vma of mms.flatMap((mm) => vmasOf(k, mm)).filter((vma) => !isVmHugetlbPage(vma))) {
    for (const at of ptesOf(k, vma)) sort(k, vma.vmMm, at, { mapped, swapped, moving });
  }
  const maps = tally(mapped.map(({ page }) => page));
  return { mapped, swapped, moving, maps, names: tally(swapped.map(({ entry }) => entry)) };
}

interface Sorted {
  readonly mapped: Mapped[];
  readonly swapped: Swapped[];
  readonly moving: Place[];
}

function sort(k: Machine, mm: number, at: PteAt, { mapped, swapped, moving }: Sorted): void {
  const { pte, huge, address } = at;
  if (pteNone(k, pte)) return;
  if (ptePresent(k, pte)) {
    const page = ptePfn(k, pte);
    if (isDevicePfn(k, page)) return;
    const folio = pageFolio(k, page);
    if (page === ZERO_PFN || isHugeZeroPage(k, folio)) return;
    mapped.push({ mm, address, page, owner: huge ? folio : page, write: pteWrite(k, pte) });
    return;
  }
  const entry = pteToSwpEntry(k, pte);
  if (!nonSwapEntry(k, entry)) swapped.push({ mm, address, entry, exclusive: pteSwpExclusive(k, pte) });
  else if (isMigrationEntry(k, entry)) moving.push({ mm, address });
}

function tally(keys: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
