import { spinLock, spinUnlock } from '../step/lock.js';
import type { Step } from '../step/step.js';
import { ld, st } from '../step/memory.js';
import { vmBug, vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { GLOBALS } from '../machine/globals.js';
import { exchangeLowFirst, exchangeWhole, lowHighLow, readOnce, nativeSetPte, storeWhole } from './halves.js';
import {
  type Pte,
  eitherPte,
  pteMkdirty,
  pteMkold,
  pteMkyoung,
  ptePresent,
  pteWrprotect,
  pteYoung,
} from './pte.js';

/**
 * MODEL: page tables lie in a memory of their own and are not page frames. A table is a header of two words (its
 * lock, and the first table that huge pages have deposited with it) and its entries of two words each. An entry above
 * the lowest level holds the address of the next table and TABLE, or is empty; one or two levels above the lowest, it
 * may be a leaf: see pmd.ts and pud.ts. Empty is zero above these two lowest levels, else what the architecture says.
 */
const TABLE_HEADER = 2;
/** Words from one entry to the next. */
export const PTE_WORDS = 2;
const TABLE_LOCK = 0;
export const TABLE_DEPOSIT = 1;

/** Second word of an entry that leads to a table. No leaf has all of its upper half set. */
export const TABLE = -1;

/** Number of the lowest level. */
export function lowest(k: Machine): number {
  return k.levels.length - 1;
}

/** Where the entry for an address stands in a table of a level. */
export function entryOf(k: Machine, table: number, level: number, address: number): number {
  const { perByte, lastEntry } = k.levels[level]!;
  return table + TABLE_HEADER + PTE_WORDS * ((address * perByte) & lastEntry);
}

/**
 * Where the entries for an address stand in the tables above the lowest, counted from each table. MODEL: arithmetic,
 * kept for all addresses that one lowest-level table serves: whoever walks has most often been at a neighbour before.
 */
function upperOffsets(k: Machine, address: number): Int32Array {
  const { upper } = k;
  if (!(address >= upper.start && address < upper.end)) {
    upper.start = pmdAddrStart(k, address);
    upper.end = upper.start + pmdSpan(k);
    forgetWalk(k);
    for (let level = 0; level < lowest(k); level++) upper.offsets[level] = entryOf(k, 0, level, address);
  }
  return upper.offsets;
}

/** Allocates an empty table of a level. */
export function allocTable(k: Machine, level: number): number {
  const list = k.globals.at + GLOBALS.offset.freeTables0 + level;
  k.globals.nrTables++;
  const free = ld(k.slab, list);
  if (free !== 0) {
    st(k.slab, list, ld(k.ptes, free + TABLE_LOCK));
    st(k.ptes, free + TABLE_LOCK, 0);
    return free;
  }
  const table = k.globals.ptesEnd;
  const end = table + TABLE_HEADER + 2 * k.levels[level]!.entries;
  if (end > k.ptes.length) throw vmBug`the ${k.ptes.length} words for page tables are used up`;
  k.globals.ptesEnd = end;
  clearEntries(k, table, level);
  return table;
}

const ZERO: Pte = { lo: 0, hi: 0 };

/** What an entry of a level is that maps nothing. */
function emptyEntry(k: Machine, level: number): Pte {
  if (level === lowest(k)) return k.pte.pteEmpty;
  return level === lowest(k) - 1 ? k.leaf.pteEmpty : ZERO;
}

/** Whether an entry maps nothing and leads nowhere, for an onlooker. */
export function isEmpty(k: Machine, entry: number, level: number): boolean {
  const { lo, hi } = emptyEntry(k, level);
  return ld(k.ptes, entry) === lo && ld(k.ptes, entry + 1) === hi;
}

function clearEntries(k: Machine, table: number, level: number): void {
  const { lo, hi } = emptyEntry(k, level);
  if (lo === 0 && hi === 0) return;
  const { entries } = k.levels[level]!;
  for (let i = 0; i < entries; i++) {
    st(k.ptes, table + TABLE_HEADER + 2 * i, lo);
    st(k.ptes, table + TABLE_HEADER + 2 * i + 1, hi);
  }
}

/** Gives an empty table back. */
export function freeTable(k: Machine, table: number, level: number): void {
  if (level !== lowest(k)) forgetWalk(k);
  const list = k.globals.at + GLOBALS.offset.freeTables0 + level;
  st(k.ptes, table + TABLE_LOCK, ld(k.slab, list));
  st(k.slab, list, table);
  k.globals.nrTables--;
}

/** A lowest-level table that nothing leads to yet. */
export function allocPteTable(k: Machine): number {
  return allocTable(k, lowest(k));
}

/** Gives a lowest-level table back that nothing leads to. */
export function freePteTable(k: Machine, table: number): void {
  freeTable(k, table, lowest(k));
}

/** The table one level above the lowest for an address, made with all tables above it where missing. */
export function pmdAlloc(k: Machine, pgd: number, address: number): number {
  return allocDownTo(k, pgd, address, lowest(k) - 1);
}

/** The table two levels above the lowest for an address, made with all tables above it where missing. @kernel include/linux/mm.h pud_alloc v6.2 */
export function pudAlloc(k: Machine, pgd: number, address: number): number {
  return allocDownTo(k, pgd, address, lowest(k) - 2);
}

/** The lowest-level table for an address, made with all tables above it where missing. */
export function pteAlloc(k: Machine, pgd: number, address: number): number {
  return allocDownTo(k, pgd, address, lowest(k));
}

function allocDownTo(k: Machine, pgd: number, address: number, depth: number): number {
  const offsets = upperOffsets(k, address);
  let table = pgd;
  for (let level = 0; level < depth; level++) {
    const entry = table + offsets[level]!;
    if (ld(k.ptes, entry + 1) !== TABLE) {
      vmBugOn(!isEmpty(k, entry, level), 'a table is wanted where a huge page is mapped');
      st(k.ptes, entry, allocTable(k, level + 1));
      st(k.ptes, entry + 1, TABLE);
      forgetWalk(k);
    }
    table = ld(k.ptes, entry);
  }
  return table;
}

/** The lowest-level table for an address, 0 where there is none or a huge page is mapped. */
export function pteTable(k: Machine, pgd: number, address: number): number {
  const { upper } = k;
  if (upper.pgd === pgd && address >= upper.start && address < upper.end) return upper.table;
  const table = walkedTable(k, pgd, address);
  if (k.remembers) {
    upper.pgd = pgd;
    upper.table = table;
  }
  return table;
}

function walkedTable(k: Machine, pgd: number, address: number): number {
  const offsets = upperOffsets(k, address);
  let table = pgd;
  for (let level = 0; level < lowest(k); level++) {
    const entry = table + offsets[level]!;
    // A leaf leads to no table.
    if (ld(k.ptes, entry + 1) !== TABLE) return 0;
    table = ld(k.ptes, entry);
  }
  // A marker of hugetlb may fill its upper half, too; no table lies at such an address.
  return table > 0 ? table : 0;
}

/** Whoever lets an entry above the lowest level lead to another table, or to none, says so: the last walk is past. */
export function forgetWalk(k: Machine): void {
  k.upper.pgd = 0;
}

/** Where the entry for an address stands in its lowest-level table. */
export function pteOffset(k: Machine, table: number, address: number): number {
  // The bits that count lie in the lower half of the address, and a shift looks at no other.
  return table + TABLE_HEADER + PTE_WORDS * ((address >>> k.pageShift) & k.lastPte);
}

/** Where the entries end that one table has for the pages below `end`, which is above the table's first address. */
export function pteOffsetEnd(k: Machine, table: number, end: number): number {
  return pteOffset(k, table, end - k.pageSize) + PTE_WORDS;
}

/** The address that an entry serves, counted from one that another entry of the same table serves. */
export function pteAddress(
  k: Machine,
  ptep: number,
  known: { readonly ptep: number; readonly address: number },
): number {
  // A product is quicker than a quotient.
  return known.address + (ptep - known.ptep) * (1 / PTE_WORDS) * k.pageSize;
}

/** Bytes that one lowest-level table spans. */
export function pmdSpan(k: Machine): number {
  return k.levels[lowest(k) - 1]!.span;
}

/** First address of the lowest-level table that holds `address`. */
export function pmdAddrStart(k: Machine, address: number): number {
  const span = pmdSpan(k);
  // A remainder of numbers beyond 2^31 takes as long as a walk.
  return Math.floor(address / span) * span;
}

/** First address behind the lowest-level table that holds `address`, or `end` if that comes first. */
export function pmdAddrEnd(k: Machine, address: number, end: number): number {
  const next = pmdAddrStart(k, address) + pmdSpan(k);
  return next < end ? next : end;
}

/**
 * Frees all tables below `table` whose whole span lies in [start, end), and whatever becomes empty by that.
 *
 * @kernel mm/memory.c free_pgd_range v6.2
 * @differs the caller widens the range to the neighbouring VMAs, as free_pgtables() does with floor and ceiling
 */
export function freePgdRange(k: Machine, pgd: number, start: number, end: number): void {
  freeRange(k, pgd, 0, 0, start, end);
}

function freeRange(k: Machine, table: number, level: number, base: number, start: number, end: number): void {
  if (level === lowest(k)) return;
  const { span, entries } = k.levels[level]!;
  const first = Math.max(0, Math.floor((start - base) / span));
  const last = Math.min(entries - 1, Math.ceil((end - base) / span) - 1);
  for (let i = first; i <= last; i++) {
    const entry = table + TABLE_HEADER + 2 * i;
    if (isEmpty(k, entry, level)) continue;
    vmBugOn(ld(k.ptes, entry + 1) !== TABLE, 'tables are freed only after what they map');
    const next = ld(k.ptes, entry);
    const at = base + i * span;
    freeRange(k, next, level + 1, at, start, end);
    if (at < start || at + span > end) continue;
    const { lo, hi } = emptyEntry(k, level);
    st(k.ptes, entry, lo);
    st(k.ptes, entry + 1, hi);
    forgetWalk(k);
    freeTable(k, next, level + 1);
  }
}

/** Takes the lock of a lowest-level table. */
export function* ptlLock(k: Machine, table: number): Step<void> {
  yield* spinLock(k.ptes, table + TABLE_LOCK);
}

/** Gives the lock of a lowest-level table back. */
export function ptlUnlock(k: Machine, table: number): void {
  spinUnlock(k.ptes, table + TABLE_LOCK);
}

/** Whether somebody holds the lock of a lowest-level table, for an onlooker. */
export function ptlHeld(k: Machine, table: number): boolean {
  return ld(k.ptes, table + TABLE_LOCK) !== 0;
}

/** Reads an entry for an onlooker, for whom nobody else runs. */
export function readPte(k: Machine, ptep: number): Pte {
  return { lo: ld(k.ptes, ptep), hi: ld(k.ptes, ptep + 1) };
}

/** Reads an entry; another CPU may have changed it just before. @kernel include/linux/pgtable.h ptep_get v6.2 */
export function* ptepGet(k: Machine, ptep: number): Step<Pte> {
  return yield* readOnce(k, ptep);
}

/**
 * Reads an entry that no lock keeps still: if it is present, its halves belong together.
 *
 * @kernel include/linux/pgtable.h ptep_get_lockless v6.2
 */
export function* ptepGetLockless(k: Machine, ptep: number): Step<Pte> {
  return yield* lowHighLow(k, ptep);
}

/** Writes an entry. @kernel arch/x86/include/asm/pgtable.h set_pte_at v6.2 */
export function* setPteAt(k: Machine, ptep: number, pte: Pte): Step<void> {
  if (k.entryHalves === undefined) yield* storeWhole(k, ptep, pte);
  else if (ptePresent(k, pte)) yield* nativeSetPte(k, ptep, pte);
  else yield* exchangeLowFirst(k, ptep, pte);
}

/** Takes an entry's value and leaves none, in one atomic step. @kernel include/linux/pgtable.h ptep_get_and_clear v6.2 */
export function* ptepGetAndClear(k: Machine, ptep: number): Step<Pte> {
  return yield* exchangeWhole(k, ptep, k.pte.pteEmpty);
}

/**
 * Takes the right to write from an entry, in one atomic step: what the MMU notes in it until then stays noted.
 *
 * @kernel arch/x86/include/asm/pgtable.h ptep_set_wrprotect v6.2
 */
export function* ptepSetWrprotect(k: Machine, ptep: number): Step<void> {
  yield;
  storeEntry(k, ptep, pteWrprotect(k, readPte(k, ptep)));
}

/**
 * Makes an entry old, in one atomic step. The caller flushes the TLBs if need be.
 *
 * @kernel arch/x86/mm/pgtable.c ptep_test_and_clear_young v6.2
 * @returns whether it was young
 */
export function* ptepTestAndClearYoung(k: Machine, ptep: number): Step<boolean> {
  yield;
  const pte = readPte(k, ptep);
  if (!pteYoung(k, pte)) return false;
  storeEntry(k, ptep, pteMkold(k, pte));
  return true;
}

/**
 * Makes an entry young, and dirty for a store, in one atomic step as on arm64: what the MMU has noted stays noted.
 *
 * @kernel mm/pgtable-generic.c ptep_set_access_flags v6.2
 * @differs the caller flushes; x86 changes nothing for a load, where this makes the entry young
 */
export function* ptepSetAccessFlags(k: Machine, ptep: number, dirty: boolean): Step<void> {
  yield;
  const pte = pteMkyoung(k, readPte(k, ptep));
  storeEntry(k, ptep, eitherPte(dirty, pteMkdirty(k, pte), pte));
}

/** Stores an entry of any level, in the step that is under way. */
export function storeEntry(k: Machine, ptep: number, { lo, hi }: Pte): void {
  st(k.ptes, ptep, lo);
  st(k.ptes, ptep + 1, hi);
}

/** The level of the first entry for an address that is empty, counted from the root; that of the PTEs if none is. */
export function emptyLevel(k: Machine, pgd: number, address: number): number {
  let table = pgd;
  let level = 0;
  for (; level < lowest(k); level++) {
    const entry = entryOf(k, table, level, address);
    table = ld(k.ptes, entry);
    const leaf = level < lowest(k) - 1 && ld(k.ptes, entry + 1) !== TABLE;
    if (leaf || isEmpty(k, entry, level)) break;
  }
  return level;
}

/** What page tables can hold. MODEL: the kernel's own part of it, where it has one, is not taken off. */
export function taskSize(k: Machine): number {
  const { span, entries } = k.levels[0]!;
  return span * entries;
}
