import type { Machine } from '../machine/machine.js';
import { type Pte, pteNone, ptePresent, pteSame } from '../pgtable/pte.js';
import { isPteMarkerEntry, pteToSwpEntry, uffdWpSwpPteSpecial } from './entry.js';

/**
 * Page-table entries that are neither none nor present and hold no swap entry.
 *
 * In January 2021 a series for userfaultfd write-protection of file memory proposed such special entries: nothing in
 * them but the write-protection bit, so that there is no swap type and no offset to read. Whoever asked is_swap_pte()
 * before he decoded an entry had to ask pte_has_swap_entry() from then on. What was merged in v5.19 are markers: a
 * swap type of their own, so that decoding stays legal.
 */

/** Whether an entry is the special one, bit for bit. MODEL: is_swap_special_pte() was never merged. */
export function isSwapSpecialPte(k: Machine, pte: Pte): boolean {
  return k.patched.specialSwapPtes && k.uffdWp && pteSame(pte, uffdWpSwpPteSpecial(k));
}

/** Neither none nor present. @kernel include/linux/swapops.h is_swap_pte v6.2 */
export function isSwapPte(k: Machine, pte: Pte): boolean {
  return !pteNone(k, pte) && !ptePresent(k, pte);
}

/**
 * Whether an entry may be decoded. Before the series this is is_swap_pte(), and a special entry is decoded to slot 0
 * of swap area 0. MODEL: pte_has_swap_entry() was never merged.
 */
export function pteHasSwapEntry(k: Machine, pte: Pte): boolean {
  return isSwapPte(k, pte) && !(k.patched.knowsSpecialSwapPtes && isSwapSpecialPte(k, pte));
}

/** @kernel include/linux/swapops.h is_pte_marker v6.2 */
export function isPteMarker(k: Machine, pte: Pte): boolean {
  return isSwapPte(k, pte) && isPteMarkerEntry(k, pteToSwpEntry(k, pte));
}

/** None, or a marker whatever it says: nothing is mapped here. @kernel include/linux/swapops.h pte_none_mostly v6.2 */
export function pteNoneMostly(k: Machine, pte: Pte): boolean {
  return pteNone(k, pte) || isPteMarker(k, pte);
}
