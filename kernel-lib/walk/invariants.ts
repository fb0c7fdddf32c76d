import { vmBugOn } from '../base/error.js';
import {
  PageAnon,
  PageAnonExclusive,
  PageKsm,
  ZERO_PFN,
  maybeDmaPinned,
  pageFolio,
  pageMapcount,
} from '../folio/frame.js';
import { isHugeZeroPage } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { pteNone, ptePfn, ptePresent, pteSwpExclusive, pteWrite } from '../pgtable/pte.js';
import { __swapCount, cachedPage } from '../swap/area.js';
import { nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { Mm } from '../vma/mm.js';
import { vmasOf } from '../vma/vma-list.js';
import { type PteAt, ptesOf } from './ptes.js';

/** What must hold whenever no system call and no fault is under way. */
export interface Invariant {
  /** As the fact sheets number it: `I1`, `X2`. */
  readonly id: string;
  /** Why, in one line. */
  readonly reason: string;
  /** What breaks it, as a clause; undefined while it holds. */
  readonly broken: (k: Machine, tables: PageTables) => string | undefined;
}

/** A present entry that maps a page; the zero page is none. */
interface Mapped {
  readonly page: number;
  /** The page whose PG_anon_exclusive counts: where a leaf maps a huge page, that of its head. */
  readonly owner: number;
  readonly write: boolean;
}

/** An entry that names a swap slot. */
interface Swapped {
  readonly entry: number;
  readonly exclusive: boolean;
}

/** All page-table entries of all processes. */
export interface PageTables {
  readonly mapped: readonly Mapped[];
  readonly swapped: readonly Swapped[];
  /** Entries that map each page, and that name each slot. */
  readonly maps: ReadonlyMap<number, number>;
  readonly names: ReadonlyMap<number, number>;
}

export const writableIsExclusive: Invariant = {
  id: 'I1',
  reason: 'who may write without a fault must be the only one who sees the anonymous page',
  broken: (k, { mapped }) =>
    onPage(mapped, ({ page, owner, write }) => write && PageAnon(k, page) && !PageAnonExclusive(k, owner)),
};

export const exclusiveIsMappedOnce: Invariant = {
  id: 'I2',
  reason: 'an exclusive page belongs to one process',
  broken: (k, { mapped }) =>
    onPage(mapped, ({ page, owner }) => exclusive(k, owner) && pageMapcount(k, page) > 1),
};

export const swappedIsNotExclusive: Invariant = {
  id: 'I3',
  reason: 'while an entry names the slot, the page in the swap cache may be found by others',
  broken: (k, { swapped }) =>
    onSlot(swapped, ({ entry }) => cachedPage(k, entry) !== 0 && exclusive(k, cachedPage(k, entry))),
};

export const pinnedIsExclusive: Invariant = {
  id: 'I4',
  reason: 'a pinned page that could be shared would be replaced under the pin by the next write',
  broken: (k, { mapped }) =>
    onPage(
      mapped,
      ({ page, owner }) =>
        maybeDmaPinned(k, pageFolio(k, page)) && PageAnon(k, page) && !PageAnonExclusive(k, owner),
    ),
};

export const mergedIsNotExclusive: Invariant = {
  id: 'I5',
  reason: 'a page that KSM merged is shared by intent',
  broken: (k, { mapped }) => onPage(mapped, ({ page }) => PageKsm(k, page) && PageAnonExclusive(k, page)),
};

export const sharedIsNotExclusive: Invariant = {
  id: 'I6',
  reason: 'fork must take exclusiveness from every page that it shares, whatever the map count says',
  broken: (k, { mapped, maps }) =>
    onPage(mapped, ({ page, owner }) => exclusive(k, owner) && (maps.get(page) ?? 0) > 1),
};

export const exclusiveSlotHasOneUser: Invariant = {
  id: 'X1',
  reason: 'the marker promises that nobody else can bring the page back',
  broken: (k, { swapped }) => onSlot(swapped, (pte) => pte.exclusive && __swapCount(k, pte.entry) !== 1),
};

export const exclusiveSlotsPageIsUnmapped: Invariant = {
  id: 'X2',
  reason: 'a page that is mapped or exclusive already has another owner than the marked entry',
  broken: (k, { swapped }) =>
    onSlot(swapped, (pte) => {
      const page = cachedPage(k, pte.entry);
      return pte.exclusive && page !== 0 && (pageMapcount(k, page) > 0 || PageAnonExclusive(k, page));
    }),
};

export const forkedSlotIsNotExclusive: Invariant = {
  id: 'X3',
  reason: 'fork must take the marker from parent and child',
  broken: (_k, { swapped, names }) =>
    onSlot(swapped, (pte) => pte.exclusive && (names.get(pte.entry) ?? 0) > 1),
};

export const mapCountIsTrue: Invariant = {
  id: 'map count',
  reason: 'the map count decides who may reuse and who may free a page',
  broken: (k, { mapped, maps }) => onPage(mapped, ({ page }) => pageMapcount(k, page) !== maps.get(page)),
};

export const swapCountIsTrue: Invariant = {
  id: 'swap count',
  reason: 'a slot must stay as long as an entry names it',
  broken: (k, { swapped, names }) =>
    onSlot(swapped, ({ entry }) => __swapCount(k, entry) < (names.get(entry) ?? 0)),
};

export const residentCountIsTrue: Invariant = {
  id: 'RSS',
  reason: 'what /proc shows and the OOM killer weighs is what the page tables hold',
  broken: (k) => {
    for (const mm of everyMm(k)) {
      const { mapped, swapped } = tablesOf(k, [mm]);
      const resident = mm.rssAnon + mm.rssFile + mm.rssShmem;
      if (resident !== mapped.length)
        return `${resident} pages count as resident, ${mapped.length} are mapped`;
      if (mm.swapEnts !== swapped.length)
        return `${mm.swapEnts} pages count as swapped, ${swapped.length} are`;
    }
    return undefined;
  },
};

/**
 * All of them. What holds in the midst of a fault is asserted there: I7 and I8 in fault/wp.ts.
 */
export const invariants: readonly Invariant[] = [
  writableIsExclusive,
  exclusiveIsMappedOnce,
  swappedIsNotExclusive,
  pinnedIsExclusive,
  mergedIsNotExclusive,
  sharedIsNotExclusive,
  exclusiveSlotHasOneUser,
  exclusiveSlotsPageIsUnmapped,
  forkedSlotIsNotExclusive,
  mapCountIsTrue,
  swapCountIsTrue,
  residentCountIsTrue,
];

/**
 * Looks at every entry of every process.
 *
 * @throws VmBug naming the first invariant that is broken, and by what
 */
export function checkInvariants(k: Machine): void {
  const tables = tablesOf(k, everyMm(k));
  for (const { id, reason, broken } of invariants) {
    const what = broken(k, tables);
    vmBugOn(what !== undefined, `${id} is broken (${reason}): ${what}`);
  }
}

function everyMm(k: Machine): Mm[] {
  const found: Mm[] = [];
  for (let at = k.globals.mmlist; at !== 0; at = Mm.at(k, at).mmNext) found.push(Mm.at(k, at));
  return found;
}

/** The entries of some processes. */
function tablesOf(k: Machine, mms: readonly Mm[]): PageTables {
  const mapped: Mapped[] = [];
  const swapped: Swapped[] = [];
  for (const vma of mms.flatMap((mm) => vmasOf(k, mm))) {
    for (const place of ptesOf(k, vma)) sort(k, place, mapped, swapped);
  }
  const maps = tally(mapped.map(({ page }) => page));
  return { mapped, swapped, maps, names: tally(swapped.map(({ entry }) => entry)) };
}

function sort(k: Machine, { pte, huge }: PteAt, mapped: Mapped[], swapped: Swapped[]): void {
  if (pteNone(k, pte)) return;
  if (ptePresent(k, pte)) {
    const page = ptePfn(k, pte);
    const folio = pageFolio(k, page);
    if (page === ZERO_PFN || isHugeZeroPage(k, folio)) return;
    mapped.push({ page, owner: huge ? folio : page, write: pteWrite(k, pte) });
    return;
  }
  const entry = pteToSwpEntry(k, pte);
  if (!nonSwapEntry(k, entry)) swapped.push({ entry, exclusive: pteSwpExclusive(k, pte) });
}

function tally(keys: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

function exclusive(k: Machine, page: number): boolean {
  return PageAnon(k, page) && PageAnonExclusive(k, page);
}

function onPage(mapped: readonly Mapped[], is: (pte: Mapped) => boolean): string | undefined {
  const found = mapped.find(is);
  return found && `${found.write ? 'a writable' : 'an'} entry maps frame ${found.page}`;
}

function onSlot(swapped: readonly Swapped[], is: (pte: Swapped) => boolean): string | undefined {
  const found = swapped.find(is);
  return found && `${found.exclusive ? 'a marked' : 'an'} entry names swap entry ${found.entry}`;
}
