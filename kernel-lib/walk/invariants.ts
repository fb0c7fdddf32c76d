import { vmBug } from '../base/error.js';
import {
  PageAnon,
  PageAnonExclusive,
  PageKsm,
  maybeDmaPinned,
  pageFolio,
  pageMapcount,
} from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { __swapCount, cachedPage } from '../swap/area.js';
import { type Mapped, type PageTables, type Place, type Swapped, everyMm, tablesOf } from './all-entries.js';

/** What must hold whenever no system call and no fault is under way. */
export interface Invariant {
  /** As the fact sheets number it: `I1`, `X2`. */
  readonly id: string;
  /** Why, in one line. */
  readonly reason: string;
  /** Where it does not hold; undefined while it holds. */
  readonly broken: (k: Machine, tables: PageTables) => Broken | undefined;
}

/** A place at which an invariant does not hold. */
export interface Broken {
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

export const writableIsExclusive: Invariant = {
  id: 'I1',
  reason: 'who may write without a fault must be the only one who sees the anonymous page',
  broken: (k, { mapped }) =>
    onPage(
      mapped,
      ({ page, owner, write }) => write && PageAnon(k, page) && !PageAnonExclusive(k, owner),
      'a read-only entry, or an exclusive page',
      () => 'a writable entry of a page that may be shared',
    ),
};

export const exclusiveIsMappedOnce: Invariant = {
  id: 'I2',
  reason: 'an exclusive page belongs to one process',
  broken: (k, { mapped }) =>
    onPage(
      mapped,
      ({ page, owner }) => exclusive(k, owner) && pageMapcount(k, page) > 1,
      'an exclusive page to be mapped once',
      ({ page }) => `a map count of ${pageMapcount(k, page)}`,
    ),
};

export const swappedIsNotExclusive: Invariant = {
  id: 'I3',
  reason: 'while an entry names the slot, the page in the swap cache may be found by others',
  broken: (k, { swapped }) =>
    onSlot(
      swapped,
      ({ entry }) => cachedPage(k, entry) !== 0 && exclusive(k, cachedPage(k, entry)),
      'a page in the swap cache that is not exclusive',
      ({ entry }) => `frame ${cachedPage(k, entry)}, which is`,
    ),
};

export const pinnedIsExclusive: Invariant = {
  id: 'I4',
  reason: 'a pinned page that could be shared would be replaced under the pin by the next write',
  broken: (k, { mapped }) =>
    onPage(
      mapped,
      ({ page, owner }) =>
        maybeDmaPinned(k, pageFolio(k, page)) && PageAnon(k, page) && !PageAnonExclusive(k, owner),
      'a pinned anonymous page to be exclusive',
      () => 'one that may be shared',
    ),
};

export const mergedIsNotExclusive: Invariant = {
  id: 'I5',
  reason: 'a page that KSM merged is shared by intent',
  broken: (k, { mapped }) =>
    onPage(
      mapped,
      ({ page }) => PageKsm(k, page) && PageAnonExclusive(k, page),
      'a merged page not to be exclusive',
      () => 'one that is',
    ),
};

export const sharedIsNotExclusive: Invariant = {
  id: 'I6',
  reason: 'fork must take exclusiveness from every page that it shares, whatever the map count says',
  broken: (k, { mapped, maps }) =>
    onPage(
      mapped,
      ({ page, owner }) => exclusive(k, owner) && (maps.get(page) ?? 0) > 1,
      'one entry of an exclusive page',
      ({ page }) => `${maps.get(page)}`,
    ),
};

export const exclusiveSlotHasOneUser: Invariant = {
  id: 'X1',
  reason: 'the marker promises that nobody else can bring the page back',
  broken: (k, { swapped }) =>
    onSlot(
      swapped,
      ({ exclusive, entry }) => exclusive && __swapCount(k, entry) !== 1,
      'one reference on the slot of a marked entry',
      ({ entry }) => `${__swapCount(k, entry)}`,
    ),
};

export const exclusiveSlotsPageIsUnmapped: Invariant = {
  id: 'X2',
  reason: 'a page that is mapped or exclusive already has another owner than the marked entry',
  broken: (k, { swapped }) =>
    onSlot(
      swapped,
      (pte) => {
        const page = cachedPage(k, pte.entry);
        return pte.exclusive && page !== 0 && (pageMapcount(k, page) > 0 || exclusive(k, page));
      },
      'the cached page of a marked entry to be unmapped and not exclusive',
      ({ entry }) =>
        `frame ${cachedPage(k, entry)} with a map count of ${pageMapcount(k, cachedPage(k, entry))}`,
    ),
};

export const forkedSlotIsNotExclusive: Invariant = {
  id: 'X3',
  reason: 'fork must take the marker from parent and child',
  broken: (_k, { swapped, names }) =>
    onSlot(
      swapped,
      (pte) => pte.exclusive && (names.get(pte.entry) ?? 0) > 1,
      'no other entry to name the slot of a marked one',
      ({ entry }) => `${names.get(entry)} that name it`,
    ),
};

export const mapCountIsTrue: Invariant = {
  id: 'map count',
  reason: 'the map count decides who may reuse and who may free a page',
  broken: (k, { mapped, maps }) =>
    onPage(
      mapped,
      ({ page }) => pageMapcount(k, page) !== maps.get(page),
      'a map count as large as the number of entries',
      ({ page }) => `${pageMapcount(k, page)} with ${maps.get(page)} entries`,
    ),
};

export const swapCountIsTrue: Invariant = {
  id: 'swap count',
  reason: 'a slot must stay as long as an entry names it',
  broken: (k, { swapped, names }) =>
    onSlot(
      swapped,
      ({ entry }) => __swapCount(k, entry) < (names.get(entry) ?? 0),
      'a reference on the slot for each entry',
      ({ entry }) => `${__swapCount(k, entry)} with ${names.get(entry)} entries`,
    ),
};

export const residentCountIsTrue: Invariant = {
  id: 'RSS',
  reason: 'what /proc shows and the OOM killer weighs is what the page tables hold',
  broken: (k) => {
    for (const mm of everyMm(k)) {
      const { mapped, swapped, moving } = tablesOf(k, [mm]);
      const expected = mapped.length + moving.length;
      const where = `address space ${mm.at}`;
      const resident = mm.rssAnon + mm.rssFile + mm.rssShmem;
      if (resident !== expected) {
        return { where, expected: `${expected} pages to count as resident`, got: `${resident}` };
      }
      if (mm.swapEnts !== swapped.length) {
        return { where, expected: `${swapped.length} pages to count as swapped`, got: `${mm.swapEnts}` };
      }
    }
    return undefined;
  },
};

/**
 * All that hold between operations. I7 and I8 speak of the midst of a fault and are asserted in fault/wp.ts; X4 and X5
 * compare two machines and two moments.
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
 * @throws VmBug naming the first invariant that is broken, where, and what was expected there
 */
export function checkInvariants(k: Machine): void {
  const tables = tablesOf(k, everyMm(k));
  for (const { id, reason, broken } of invariants) {
    const found = broken(k, tables);
    if (found === undefined) continue;
    const { where, expected, got } = found;
    throw vmBug`${id} is broken at ${where}: expected ${expected}, got ${got} (${reason})`;
  }
}

function exclusive(k: Machine, page: number): boolean {
  return PageAnon(k, page) && PageAnonExclusive(k, page);
}

function onPage(
  mapped: readonly Mapped[],
  is: (pte: Mapped) => boolean,
  expected: string,
  got: (pte: Mapped) => string,
): Broken | undefined {
  const found = mapped.find(is);
  return found && { where: `${place(found)}, frame ${found.page}`, expected, got: got(found) };
}

function onSlot(
  swapped: readonly Swapped[],
  is: (pte: Swapped) => boolean,
  expected: string,
  got: (pte: Swapped) => string,
): Broken | undefined {
  const found = swapped.find(is);
  return found && { where: `${place(found)}, swap entry ${found.entry}`, expected, got: got(found) };
}

function place({ mm, address }: Place): string {
  return `0x${address.toString(16)} of address space ${mm}`;
}
