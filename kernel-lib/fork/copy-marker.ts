import type { Machine } from '../machine/machine.js';
import { warnOnOnce } from '../machine/warn.js';
import type { Pte } from '../pgtable/pte.js';
import {
  PTE_MARKER_GUARD,
  PTE_MARKER_POISONED,
  PTE_MARKER_UFFD_WP,
  makePteMarker,
  pteMarkerGet,
  pteToSwpEntry,
} from '../swap/entry.js';
import { VM_UFFD_WP } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/**
 * What a child gets of a marker. First all of them, with a warning where it does not track write-protection; then, with
 * 49d6d7fb6313, none there, and so lost pages were forgotten; with 7e3ce3f8d2d2 those were spared.
 */
export function copiedMarker(k: Machine, dst: Vma, pte: Pte): Pte {
  const tracked = (dst.vmFlags & VM_UFFD_WP) !== 0;
  const marker = pteMarkerGet(k, pteToSwpEntry(k, pte));
  if (k.patched.poisonMarker) return copyPteMarker(k, marker, tracked);
  if (tracked) return pte;
  if (!k.patched.markerForkFollowsChild) {
    warnOnOnce(k, 'copy_nonpresent_pte', 'a child without userfaultfd write-protection gets a marker');
    return pte;
  }
  const error = k.patched.errorMarkerSurvivesFork && (marker & PTE_MARKER_POISONED) !== 0;
  return error ? pte : k.pte.pteEmpty;
}

/**
 * A child's marker, bit by bit.
 *
 * @kernel include/linux/mm_inline.h copy_pte_marker 6.12
 * @param tracked whether the child tracks write-protection
 * @returns none when nothing of it is for the child
 */
export function copyPteMarker(k: Machine, marker: number, tracked: boolean): Pte {
  const copied = marker & (PTE_MARKER_POISONED | PTE_MARKER_GUARD | (tracked ? PTE_MARKER_UFFD_WP : 0));
  return copied === 0 ? k.pte.pteEmpty : makePteMarker(k, copied);
}
