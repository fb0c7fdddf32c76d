import {
  hugePteAlloc,
  hugePteOffset,
  hugePtepGet,
  setHugePteAt,
  hugePteModify,
} from '../huge/hugetlb-pte.js';
import { PageAnon } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { warnOnOnce } from '../machine/warn.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
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
import { PTE_MARKER_UFFD_WP, isMigrationEntry, makePteMarker, pteToSwpEntry } from '../swap/entry.js';
import { migrationPtePage, wrprotectedMigrationPte } from '../swap/migration-entry.js';
import { isPteMarker } from '../swap/special-pte.js';
import { flushTlbMmRange } from '../tlb/tlb.js';
import { pteMarkerUffdWp } from '../uffd/markers.js';
import type { Vma } from '../vma/vma.js';
import type { Pgprot } from '../arch/entry.js';
import { MM_CP_UFFD_WP, MM_CP_UFFD_WP_RESOLVE } from './cp-flags.js';

/**
 * Gives the huge pages of [start, end) a protection.
 *
 * @kernel mm/hugetlb.c hugetlb_change_protection v6.2
 * @differs before 0e678153f5be a marker that was protected twice or lifted became a leaf of frame 0: here it does not
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
  if (isPteMarker(k, pte)) return changedHugeMarker(k, pte, resolve);
  if (!ptePresent(k, pte)) return changedNonpresent(k, pte, wp, resolve);
  const modified = hugePteModify(k, pte, newprot);
  if (wp) return pteWrprotect(k, pteMkuffdWp(k, modified));
  return resolve ? pteClearUffdWp(k, modified) : modified;
}

function changedHugeMarker(k: Machine, pte: Pte, resolve: boolean): Pte {
  const uffdWp = pteMarkerUffdWp(k, pte);
  if (!uffdWp && !k.patched.uffdPoison) {
    warnOnOnce(k, 'hugetlb_change_protection', 'hugetlb has markers for write-protection only');
  }
  return uffdWp && resolve ? k.pte.pteEmpty : pte;
}

/** What stands for a page that is moving; the place of one that is lost never changes. */
function changedNonpresent(k: Machine, pte: Pte, wp: boolean, resolve: boolean): Pte {
  if (!isMigrationEntry(k, pteToSwpEntry(k, pte))) return pte;
  const weaker = wrprotectedMigrationPte(k, pte, PageAnon(k, migrationPtePage(k, pte)));
  // It was passed over where there was no right to write that could be taken.
  if (pteSame(weaker, pte) && !k.patched.hugetlbMovingUffdWp) return pte;
  return wp ? pteSwpMkuffdWp(k, weaker) : resolve ? pteSwpClearUffdWp(k, weaker) : weaker;
}
