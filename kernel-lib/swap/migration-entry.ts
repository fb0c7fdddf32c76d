import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pteAdvancePfn,
  pteSwpClearExclusive,
  pteSwpExclusive,
  pteSwpMkexclusive,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteSwpSoftDirty,
  pteSwpUffdWp,
} from '../pgtable/pte.js';
import { type Pmd, isSwapPmd, pmdPresent, pmdPte } from '../pgtable/pmd.js';
import {
  PFN_BITS,
  entryToPte,
  isMigrationEntry,
  pteToSwpEntry,
  swpEntry,
  swpOffset,
  swpType,
} from './entry.js';
import { swpOffsetPfn } from './pfn-entry.js';

/**
 * What stands in the page tables for a page that is moving to another frame: the old frame, and what the entry
 * allowed. Who wants the page waits until it has moved.
 */

/** Whether the page may be written once it has moved. @kernel include/linux/swapops.h is_writable_migration_entry v6.2 */
export function isWritableMigrationEntry(k: Machine, entry: number): boolean {
  return swpType(entry) === k.swpTypes.SWP_MIGRATION_WRITE;
}

/** Neither writable nor exclusive by its type. @kernel include/linux/swapops.h is_readable_migration_entry v6.2 */
export function isReadableMigrationEntry(k: Machine, entry: number): boolean {
  return swpType(entry) === k.swpTypes.SWP_MIGRATION_READ;
}

/** @kernel include/linux/swapops.h make_readable_migration_entry v6.2 @param offset the frame, with what else is noted */
export function makeReadableMigrationEntry(k: Machine, offset: number): number {
  return swpEntry(k.swpTypes.SWP_MIGRATION_READ, offset);
}

/** @kernel include/linux/swapops.h make_readable_exclusive_migration_entry v6.2 */
export function makeReadableExclusiveMigrationEntry(k: Machine, offset: number): number {
  return swpEntry(k.swpTypes.SWP_MIGRATION_READ_EXCLUSIVE, offset);
}

/** @kernel include/linux/swapops.h make_writable_migration_entry v6.2 */
export function makeWritableMigrationEntry(k: Machine, offset: number): number {
  return swpEntry(k.swpTypes.SWP_MIGRATION_WRITE, offset);
}

/** @kernel include/linux/swapops.h SWP_MIG_YOUNG v6.2 */
const SWP_MIG_YOUNG = 1 << PFN_BITS;
const SWP_MIG_DIRTY = 1 << (PFN_BITS + 1);

/** Whether the offset has room for the MMU's notes beside the frame. @kernel include/linux/swapops.h migration_entry_supports_ad v6.2 */
function migrationEntrySupportsAd(k: Machine): boolean {
  return k.swapMigrationAdSupported;
}

/** @kernel include/linux/swapops.h make_migration_entry_young v6.2 */
export function makeMigrationEntryYoung(k: Machine, entry: number): number {
  return migrationEntrySupportsAd(k) ? entry | SWP_MIG_YOUNG : entry;
}

/** Without room for the note, a page is old once it has moved. @kernel include/linux/swapops.h is_migration_entry_young v6.2 */
export function isMigrationEntryYoung(k: Machine, entry: number): boolean {
  return migrationEntrySupportsAd(k) && (entry & SWP_MIG_YOUNG) !== 0;
}

/** @kernel include/linux/swapops.h make_migration_entry_dirty v6.2 */
export function makeMigrationEntryDirty(k: Machine, entry: number): number {
  return migrationEntrySupportsAd(k) ? entry | SWP_MIG_DIRTY : entry;
}

/** Without room for the note, only the page itself is dirty. @kernel include/linux/swapops.h is_migration_entry_dirty v6.2 */
export function isMigrationEntryDirty(k: Machine, entry: number): boolean {
  return migrationEntrySupportsAd(k) && (entry & SWP_MIG_DIRTY) !== 0;
}

/** Whether the place has the page for itself: it will be exclusive again. A writable entry always has. */
export function migrationPteExclusive(k: Machine, pte: Pte): boolean {
  const entry = pteToSwpEntry(k, pte);
  if (k.patched.migrationSwpExclusive) return isWritableMigrationEntry(k, entry) || pteSwpExclusive(k, pte);
  return !isReadableMigrationEntry(k, entry);
}

/** The entry of a place that may only read an anonymous page. */
export function readableMigrationPte(k: Machine, offset: number, exclusive: boolean): Pte {
  if (!exclusive) return entryToPte(k, makeReadableMigrationEntry(k, offset));
  return k.patched.migrationSwpExclusive
    ? pteSwpMkexclusive(k, entryToPte(k, makeReadableMigrationEntry(k, offset)))
    : entryToPte(k, makeReadableExclusiveMigrationEntry(k, offset));
}

/** A place that loses the right to write, and with fork that to the page alone; what else is noted stays. */
function weakened(k: Machine, pte: Pte, exclusive: boolean): Pte {
  let weak = readableMigrationPte(k, swpOffset(pteToSwpEntry(k, pte)), exclusive);
  if (pteSwpSoftDirty(k, pte)) weak = pteSwpMksoftDirty(k, weak);
  if (pteSwpUffdWp(k, pte)) weak = pteSwpMkuffdWp(k, weak);
  return weak;
}

/** For fork: the page is shared from now on. */
export function sharedMigrationPte(k: Machine, pte: Pte): Pte {
  if (!migrationPteExclusive(k, pte)) return pte;
  const byBit = k.patched.migrationSwpExclusive && !isWritableMigrationEntry(k, pteToSwpEntry(k, pte));
  return byBit ? pteSwpClearExclusive(k, pte) : weakened(k, pte, false);
}

/** For mprotect: the page may not be written from now on. @param anon whether it is anonymous, and so exclusive */
export function wrprotectedMigrationPte(k: Machine, pte: Pte, anon: boolean): Pte {
  return isWritableMigrationEntry(k, pteToSwpEntry(k, pte)) ? weakened(k, pte, anon) : pte;
}

/** Whether a huge page that was mapped by one entry is moving. @kernel include/linux/swapops.h is_pmd_migration_entry v6.2 */
export function isPmdMigrationEntry(k: Machine, pmd: Pmd): boolean {
  return isSwapPmd(k, pmd) && isMigrationEntry(k, pteToSwpEntry(k, pmd));
}

/** The entry that would map, or stand for, page `n` of what one above the lowest level does. */
export function pageOfPmd(k: Machine, pmd: Pmd, n: number): Pte {
  if (pmdPresent(k, pmd)) return pteAdvancePfn(k, pmdPte(k, pmd), n);
  // A marker of hugetlb stands for all of its pages.
  if (!isPmdMigrationEntry(k, pmd)) return pmd;
  const entry = pteToSwpEntry(k, pmd);
  let pte = entryToPte(k, swpEntry(swpType(entry), swpOffset(entry) + n));
  if (pteSwpSoftDirty(k, pmd)) pte = pteSwpMksoftDirty(k, pte);
  if (pteSwpUffdWp(k, pmd)) pte = pteSwpMkuffdWp(k, pte);
  return pteSwpExclusive(k, pmd) ? pteSwpMkexclusive(k, pte) : pte;
}

/** The frame that a migration entry names. */
export function migrationPtePage(k: Machine, pte: Pte): number {
  return swpOffsetPfn(pteToSwpEntry(k, pte));
}
