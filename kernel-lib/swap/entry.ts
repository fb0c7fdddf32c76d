import type { Machine } from '../machine/machine.js';
import { type Pte, pteSwpMkuffdWp, pteSwpOffset, pteSwpType, swpEntryToPte } from '../pgtable/pte.js';

/**
 * MODEL: a swap entry as one number: 5 bits of type above 26 bits of offset. 0 is no entry, for slot 0 of an area
 * is its header.
 */
const OFFSET_BITS = 26;
const OFFSET_MASK = (1 << OFFSET_BITS) - 1;

/**
 * MODEL: of the offset in this form, the bits that hold a frame's number; the two above are the notes of a migration
 * entry. In a page-table entry the notes stand higher: see Machine.swpPfnBits.
 */
export const PFN_BITS = 24;

export function swpEntry(type: number, offset: number): number {
  return (type << OFFSET_BITS) | (offset & OFFSET_MASK);
}

export function swpType(entry: number): number {
  return entry >>> OFFSET_BITS;
}

export function swpOffset(entry: number): number {
  return entry & OFFSET_MASK;
}

/** The entry in a page-table entry that is neither none nor present. */
export function pteToSwpEntry(k: Machine, pte: Pte): number {
  const type = pteSwpType(k, pte);
  const offset = pteSwpOffset(k, pte);
  if (!hasNotes(k, type)) return swpEntry(type, offset);
  const notes = Math.floor(offset / 2 ** k.swpPfnBits);
  return swpEntry(type, (offset % 2 ** k.swpPfnBits) + notes * 2 ** PFN_BITS);
}

/** The bare page-table entry of a swap entry, no marker set. */
export function entryToPte(k: Machine, entry: number): Pte {
  const type = swpType(entry);
  const offset = swpOffset(entry);
  if (!hasNotes(k, type)) return swpEntryToPte(k, type, offset);
  const notes = offset >>> PFN_BITS;
  return swpEntryToPte(k, type, (offset & ((1 << PFN_BITS) - 1)) + notes * 2 ** k.swpPfnBits);
}

/** Whether offsets of a type hold young and dirty above a frame's number. */
function hasNotes(k: Machine, type: number): boolean {
  return k.swapMigrationAdSupported && isMigrationType(k, type);
}

/** Whether an entry stands for something else than a slot. @kernel include/linux/swapops.h non_swap_entry v6.2 */
export function nonSwapEntry(k: Machine, entry: number): boolean {
  return swpType(entry) >= k.swpTypes.MAX_SWAPFILES;
}

/** @kernel include/linux/swapops.h is_pte_marker_entry v6.2 */
export function isPteMarkerEntry(k: Machine, entry: number): boolean {
  return swpType(entry) === k.swpTypes.SWP_PTE_MARKER;
}

/** What a marker says. @kernel include/linux/swapops.h PTE_MARKER_UFFD_WP v6.2 */
export const PTE_MARKER_UFFD_WP = 1;
/** Called PTE_MARKER_SWAPIN_ERROR before v6.6. */
export const PTE_MARKER_POISONED = 2;
/** v6.13 and later. */
export const PTE_MARKER_GUARD = 4;

/** The marker bits of an entry, 0 if it is none. @kernel include/linux/swapops.h pte_marker_get v6.2 */
export function pteMarkerGet(k: Machine, entry: number): number {
  return isPteMarkerEntry(k, entry) ? swpOffset(entry) : 0;
}

/**
 * What a series of 2021 proposed instead of a marker: an entry with the write-protection bit and nothing else, see
 * special-pte.ts. Where the architecture has no such bit it is the empty entry. MODEL: UFFD_WP_SWP_PTE_SPECIAL there.
 */
export function uffdWpSwpPteSpecial(k: Machine): Pte {
  return k.uffdWp ? pteSwpMkuffdWp(k, k.pte.pteEmpty) : k.pte.pteEmpty;
}

/** @kernel include/linux/swapops.h make_pte_marker v6.2 */
export function makePteMarker(k: Machine, marker: number): Pte {
  if (k.patched.specialSwapPtes && marker === PTE_MARKER_UFFD_WP) return uffdWpSwpPteSpecial(k);
  return swpEntryToPte(k, k.swpTypes.SWP_PTE_MARKER, marker);
}

/** @kernel include/linux/swapops.h is_hwpoison_entry v6.2 */
export function isHwpoisonEntry(k: Machine, entry: number): boolean {
  return swpType(entry) === k.swpTypes.SWP_HWPOISON;
}

/** @kernel include/linux/swapops.h is_migration_entry v6.2 */
export function isMigrationEntry(k: Machine, entry: number): boolean {
  return isMigrationType(k, swpType(entry));
}

function isMigrationType(k: Machine, type: number): boolean {
  const { SWP_MIGRATION_READ, SWP_MIGRATION_WRITE } = k.swpTypes;
  return SWP_MIGRATION_READ >= 0 && type >= SWP_MIGRATION_READ && type <= SWP_MIGRATION_WRITE;
}

/** Whether reading the page failed for good: an entry of its own before 15520a3f0469, a marker since. */
export function isSwapinErrorEntry(k: Machine, entry: number): boolean {
  if (!k.patched.swapErrorMarker) return swpType(entry) === k.swpTypes.SWP_SWAPIN_ERROR;
  return (pteMarkerGet(k, entry) & PTE_MARKER_POISONED) !== 0;
}

/** @kernel include/linux/swapops.h make_swapin_error_entry v6.2 @param page kept in the entry before the marker */
export function makeSwapinErrorEntry(k: Machine, page: number): number {
  if (k.patched.swapErrorMarker) return swpEntry(k.swpTypes.SWP_PTE_MARKER, PTE_MARKER_POISONED);
  return swpEntry(k.swpTypes.SWP_SWAPIN_ERROR, page);
}
