import type { Machine } from '../machine/machine.js';
import { type Pte, pteNone, ptePresent, pteSwpUffdWp, pteUffdWp } from '../pgtable/pte.js';
import { setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { PTE_MARKER_UFFD_WP, makePteMarker, pteMarkerGet, pteToSwpEntry } from '../swap/entry.js';
import { VM_UFFD_MINOR, VM_UFFD_MISSING, VM_UFFD_WP } from '../vma/vm-flags.js';
import { type Vma, vmaIsAnonymous } from '../vma/vma.js';

/** @kernel include/linux/userfaultfd_k.h userfaultfd_missing v6.2 */
export function userfaultfdMissing(vma: Vma): boolean {
  return (vma.vmFlags & VM_UFFD_MISSING) !== 0;
}

/** @kernel include/linux/userfaultfd_k.h userfaultfd_wp v6.2 */
export function userfaultfdWp(vma: Vma): boolean {
  return (vma.vmFlags & VM_UFFD_WP) !== 0;
}

/** @kernel include/linux/userfaultfd_k.h userfaultfd_minor v6.2 */
export function userfaultfdMinor(vma: Vma): boolean {
  return (vma.vmFlags & VM_UFFD_MINOR) !== 0;
}

/** Whether a fault on this entry has to be shown to userfaultfd. @kernel include/linux/userfaultfd_k.h userfaultfd_pte_wp v6.2 */
export function userfaultfdPteWp(k: Machine, vma: Vma, pte: Pte): boolean {
  return userfaultfdWp(vma) && pteUffdWp(k, pte);
}

/** The marker bits of an entry, whatever it is. */
export function markerOf(k: Machine, pte: Pte): number {
  if (pteNone(k, pte) || ptePresent(k, pte)) return 0;
  return pteMarkerGet(k, pteToSwpEntry(k, pte));
}

/** @kernel include/linux/userfaultfd_k.h pte_marker_uffd_wp v6.2 */
export function pteMarkerUffdWp(k: Machine, pte: Pte): boolean {
  return (markerOf(k, pte) & PTE_MARKER_UFFD_WP) !== 0;
}

/** Whether an entry that is not present says write-protected: in its own bit or as a marker. */
export function pteSwpUffdWpAny(k: Machine, pte: Pte): boolean {
  if (pteNone(k, pte) || ptePresent(k, pte)) return false;
  return pteSwpUffdWp(k, pte) || pteMarkerUffdWp(k, pte);
}

/**
 * An entry of a file mapping was just cleared: what userfaultfd noted in it stays behind as a marker.
 *
 * @kernel include/linux/mm_inline.h pte_install_uffd_wp_if_needed v6.2
 */
export function* pteInstallUffdWpIfNeeded(k: Machine, vma: Vma, ptep: number, pteval: Pte): Step<void> {
  if (vmaIsAnonymous(vma) || !userfaultfdWp(vma)) return;
  const armed = ptePresent(k, pteval) ? pteUffdWp(k, pteval) : pteSwpUffdWpAny(k, pteval);
  if (armed) yield* setPteAt(k, ptep, makePteMarker(k, PTE_MARKER_UFFD_WP));
}
