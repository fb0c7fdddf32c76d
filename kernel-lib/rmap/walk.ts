import { hpagePmdNr } from '../folio/compound.js';
import { PageAnon, PageKsm, pageIndex, pageOwner } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { type Pmd, hugeAddress, pmdOffset, pmdPfn, pmdTable, pmdTransHuge, pmdpGet } from '../pgtable/pmd.js';
import { type Pte, ptePfn, ptePresent } from '../pgtable/pte.js';
import { pteOffset, pteTable, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { isMigrationEntry, pteToSwpEntry } from '../swap/entry.js';
import { isDeviceExclusiveEntry, isDevicePrivateEntry, swpOffsetPfn } from '../swap/pfn-entry.js';
import { isPmdMigrationEntry, migrationPtePage } from '../swap/migration-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { AnonVma, AnonVmaChain } from '../vma/anon-vma.js';
import { AddressSpace, vmasMapping } from '../vma/file.js';
import { Mm } from '../vma/mm.js';
import { Vma } from '../vma/vma.js';
import { rmapWalkKsm } from './ksm-node.js';

/** A place where a page may be mapped: only the page table can tell. */
export interface Place {
  readonly vma: Vma;
  readonly address: number;
}

/** The address at which a VMA would map a page, -1 if it is not within. @kernel mm/internal.h vma_address v6.2 */
export function vmaAddress(vma: Vma, index: number): number {
  // Indexes are kept modulo 2^32; no VMA is that long.
  const offset = (index - vma.vmPgoff) >>> 0;
  const address = vma.vmStart + offset * vma.k.pageSize;
  return address < vma.vmEnd ? address : -1;
}

/** Everywhere that a page may be mapped. @kernel mm/rmap.c rmap_walk v6.2 @differs the places are listed first */
export function rmapWalk(k: Machine, page: number): Place[] {
  if (pageOwner(k, page) === 0) return [];
  if (PageKsm(k, page)) return rmapWalkKsm(k, page);
  return PageAnon(k, page) ? anonPlaces(k, page) : filePlaces(k, page);
}

function anonPlaces(k: Machine, page: number): Place[] {
  const places: Place[] = [];
  const index = pageIndex(k, page);
  for (const vma of anonVmas(k, page)) {
    const address = vmaAddress(vma, index);
    if (address >= 0) places.push({ vma, address });
  }
  return places;
}

/** VMAs that may map pages of an anonymous folio. */
function anonVmas(k: Machine, folio: number): Vma[] {
  const vmas: Vma[] = [];
  for (let at = AnonVma.at(k, pageOwner(k, folio)).rbRoot; at !== 0; at = AnonVmaChain.at(k, at).rbNext) {
    vmas.push(Vma.at(k, AnonVmaChain.at(k, at).vma));
  }
  return vmas;
}

/** The part of a large folio that a VMA may map. */
export interface FolioPlace {
  readonly vma: Vma;
  /** Where its first page would be mapped, possibly before the VMA begins. */
  readonly origin: number;
  readonly start: number;
  readonly end: number;
}

/** Everywhere that pages of a large anonymous folio may be mapped: for those, what rmapWalk() is for small ones. */
export function rmapWalkLarge(k: Machine, folio: number): FolioPlace[] {
  const size = hpagePmdNr(k) * k.pageSize;
  const index = pageIndex(k, folio);
  return anonVmas(k, folio).flatMap((vma) => {
    // Indexes are kept modulo 2^32: the difference may be negative.
    const origin = vma.vmStart + ((index - vma.vmPgoff) | 0) * k.pageSize;
    const start = Math.max(vma.vmStart, origin);
    const end = Math.min(vma.vmEnd, origin + size);
    return start < end ? [{ vma, origin, start, end }] : [];
  });
}

function filePlaces(k: Machine, page: number): Place[] {
  const index = pageIndex(k, page);
  const mapping = AddressSpace.at(k, pageOwner(k, page));
  return vmasMapping(k, mapping, index, index).map((vma) => ({ vma, address: vmaAddress(vma, index) }));
}

/** An entry that maps the page, its table locked. */
export interface MappedAt {
  readonly table: number;
  readonly ptep: number;
}

/** Look for migration entries of the page instead of mappings. @kernel include/linux/rmap.h PVMW_MIGRATION v6.2 */
export const PVMW_MIGRATION = 2;

/**
 * Looks whether the page is mapped at a place.
 *
 * @kernel mm/page_vma_mapped.c page_vma_mapped_walk v6.2
 * @param flags PVMW_…
 * @returns the entry, whose table the caller unlocks; null, nothing locked, if another page or none is mapped
 */
export function* pageVmaMappedWalk(
  k: Machine,
  page: number,
  { vma, address }: Place,
  flags = 0,
): Step<MappedAt | null> {
  const table = pteTable(k, Mm.at(k, vma.vmMm).pgd, address);
  if (table === 0) return null;
  const ptep = pteOffset(k, table, address);
  yield* ptlLock(k, table);
  const pte = yield* ptepGet(k, ptep);
  if (checkPte(k, pte, page, flags)) return { table, ptep };
  ptlUnlock(k, table);
  return null;
}

/**
 * Whether an entry maps a page, or stands for it while it moves.
 *
 * @kernel mm/page_vma_mapped.c check_pte v6.2
 */
export function checkPte(k: Machine, pte: Pte, page: number, flags: number): boolean {
  const migration = (flags & PVMW_MIGRATION) !== 0;
  if (!migration && ptePresent(k, pte)) return ptePfn(k, pte) === page;
  if (!pteHasSwapEntry(k, pte)) return false;
  const entry = pteToSwpEntry(k, pte);
  const wanted = migration
    ? isMigrationEntry(k, entry)
    : isDevicePrivateEntry(k, entry) || isDeviceExclusiveEntry(k, entry);
  return wanted && swpOffsetPfn(entry) === page;
}

/** A leaf that maps a large folio, its table locked. */
export interface PmdMappedAt {
  readonly table: number;
  readonly pmdp: number;
}

/**
 * Whether one entry maps the whole folio at a place: if so with its table locked, for the caller to unlock.
 *
 * @param flags PVMW_MIGRATION: whether one stands for it while it moves
 */
export function* pmdMappedWalk(
  k: Machine,
  folio: number,
  { vma, origin }: FolioPlace,
  flags = 0,
): Step<PmdMappedAt | null> {
  if (origin < 0 || origin !== hugeAddress(k, origin)) return null;
  const table = pmdTable(k, Mm.at(k, vma.vmMm).pgd, origin);
  if (table === 0) return null;
  const pmdp = pmdOffset(k, table, origin);
  yield* ptlLock(k, table);
  const pmd = yield* pmdpGet(k, pmdp);
  if (checkPmd(k, pmd, folio, flags)) return { table, pmdp };
  ptlUnlock(k, table);
  return null;
}

/** @kernel mm/page_vma_mapped.c check_pmd v6.2 @differs asks for the entry's kind, too */
function checkPmd(k: Machine, pmd: Pmd, folio: number, flags: number): boolean {
  if ((flags & PVMW_MIGRATION) === 0) return pmdTransHuge(k, pmd) && pmdPfn(k, pmd) === folio;
  return isPmdMigrationEntry(k, pmd) && migrationPtePage(k, pmd) === folio;
}
