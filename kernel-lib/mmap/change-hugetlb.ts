import { hugePteAlloc, hugePteOffset, hugePtepGet, setHugePteAt } from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import { PMD_NONE, hpagePmdSize, pmdModify } from '../pgtable/pmd.js';
import {
  type Pte,
  pteClearUffdWp,
  pteMkuffdWp,
  pteNone,
  ptePresent,
  pteSame,
  pteSwpClearUffdWp,
  pteSwpMkuffdWp,
  pteWrprotect,
} from '../pgtable/pte.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { PTE_MARKER_UFFD_WP, makePteMarker } from '../swap/entry.js';
import { isPteMarker } from '../swap/special-pte.js';
import { flushTlbMmRange } from '../tlb/tlb.js';
import { pteMarkerUffdWp } from '../uffd/markers.js';
import type { Vma } from '../vma/vma.js';
import type { Pgprot } from '../arch/codec.js';
import { MM_CP_UFFD_WP, MM_CP_UFFD_WP_RESOLVE } from './cp-flags.js';

/**
 * Gives the huge pages of [start, end) a protection.
 *
 * @kernel mm/hugetlb.c hugetlb_change_protection v6.2
 * @param cpFlags MM_CP_…
 */
export function* hugetlbChangeProtection(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  newprot: Pgprot,
  cpFlags: number,
): Step<void> {
  for (let address = start; address < end; address += hpagePmdSize(k)) {
    const wp = (cpFlags & MM_CP_UFFD_WP) !== 0;
    // A marker needs a table to stand in.
    const at = wp ? hugePteAlloc(k, vma, address) : hugePteOffset(k, vma, address);
    if (at === null) continue;
    yield* ptlLock(k, at.table);
    const pte = yield* hugePtepGet(k, at.ptep);
    const changed = changedHugePte(k, pte, newprot, cpFlags);
    if (!pteSame(changed, pte)) yield* setHugePteAt(k, at.ptep, changed);
    ptlUnlock(k, at.table);
  }
  yield* flushTlbMmRange(k, vma.vmMm, start, end);
}

/** Markers stand also in private mappings, where those of small pages did not before v6.4. */
function changedHugePte(k: Machine, pte: Pte, newprot: Pgprot, cpFlags: number): Pte {
  const wp = (cpFlags & MM_CP_UFFD_WP) !== 0;
  const resolve = (cpFlags & MM_CP_UFFD_WP_RESOLVE) !== 0;
  if (pteNone(k, pte)) return wp ? makePteMarker(k, PTE_MARKER_UFFD_WP) : pte;
  if (isPteMarker(k, pte)) return resolve && pteMarkerUffdWp(k, pte) ? PMD_NONE : pte;
  if (!ptePresent(k, pte)) return wp ? pteSwpMkuffdWp(k, pte) : resolve ? pteSwpClearUffdWp(k, pte) : pte;
  const modified = pmdModify(k, pte, newprot);
  if (wp) return pteWrprotect(k, pteMkuffdWp(k, modified));
  return resolve ? pteClearUffdWp(k, modified) : modified;
}
