import { ENOMEM } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { PG_uptodate } from '../folio/flags.js';
import { NO_PAGE, PageAnon, folioGet, setFlag } from '../folio/frame.js';
import { setHugetlbMigratable, setRestoreReserve } from '../folio/hugetlb-pool.js';
import { allocHugePage, copyUserHugePage } from '../huge/hugetlb.js';
import { hugePteAlloc, hugePteOffset, hugePtepGet, makeHugePte, setHugePteAt } from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import { warnOnOnce } from '../machine/warn.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import {
  type Pte,
  pteClearUffdWp,
  pteMkuffdWp,
  pteNone,
  ptePfn,
  ptePresent,
  pteSame,
  pteSwpClearSoftDirty,
  pteSwpClearUffdWp,
  pteUffdWp,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import { folioTryDupAnonRmapPmd, mappedEntirely, pageAddNewAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { PTE_MARKER_UFFD_WP, isMigrationEntry, pteMarkerGet, pteToSwpEntry } from '../swap/entry.js';
import { sharedMigrationPte } from '../swap/migration-entry.js';
import { isPteMarker } from '../swap/special-pte.js';
import { userfaultfdWp } from '../uffd/markers.js';
import { isCowMapping } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { copyPteMarker } from './copy-marker.js';

/**
 * Copies a hugetlb VMA's entries to a child. The child has reserved nothing.
 *
 * @kernel mm/hugetlb.c copy_hugetlb_page_range v6.2
 * @differs loads and stores the entry in two steps: what a walker notes in between is lost
 * @returns 0, or -ENOMEM when a pinned page had to be copied and the pool was empty
 */
export function* copyHugetlbPageRange(k: Machine, dst: Vma, src: Vma): Step<number> {
  for (let address = src.vmStart; address < src.vmEnd; address += hpagePmdSize(k)) {
    const from = hugePteOffset(k, src, address);
    if (from === null) continue;
    const to = hugePteAlloc(k, dst, address);
    yield* ptlLock(k, to.table);
    yield* ptlLock(k, from.table);
    const entry = yield* hugePtepGet(k, from.ptep);
    const copied = yield* copyHugePte(k, { dst, src, ptep: from.ptep, address }, entry);
    if (copied !== null && !pteNone(k, copied)) yield* setHugePteAt(k, to.ptep, copied);
    ptlUnlock(k, from.table);
    ptlUnlock(k, to.table);
    if (copied === null) return -ENOMEM;
  }
  return 0;
}

/** One entry under way to a child. */
interface HugeCopy {
  readonly dst: Vma;
  readonly src: Vma;
  /** Where the parent's entry stands. */
  readonly ptep: number;
  readonly address: number;
}

/** @returns what the child gets, null when there is no memory for it */
function* copyHugePte(k: Machine, copy: HugeCopy, entry: Pte): Step<Pte | null> {
  const { dst, src } = copy;
  if (pteNone(k, entry)) return entry;
  if (isPteMarker(k, entry)) return copiedHugeMarker(k, dst, entry);
  if (!ptePresent(k, entry)) return yield* copyNonpresent(k, copy, entry);
  const page = ptePfn(k, entry);
  yield* folioGet(k, page);
  if (!PageAnon(k, page)) yield* mappedEntirely(k, page);
  else if (!(yield* folioTryDupAnonRmapPmd(k, page, src))) return yield* copyPinned(k, copy, page, entry);
  let pte = entry;
  if (isCowMapping(src.vmFlags) && pteWrite(k, entry)) {
    pte = pteWrprotect(k, entry);
    yield* setHugePteAt(k, copy.ptep, pte);
  }
  return k.patched.hugetlbForkUffdWp && !userfaultfdWp(dst) ? pteClearUffdWp(k, pte) : pte;
}

/** Unlike of small pages, a marker never went to a child that does not track write-protection. */
function copiedHugeMarker(k: Machine, dst: Vma, entry: Pte): Pte {
  const marker = pteMarkerGet(k, pteToSwpEntry(k, entry));
  if (k.patched.poisonMarker) return copyPteMarker(k, marker, userfaultfdWp(dst));
  if (k.patched.errorMarkerSurvivesFork && marker !== PTE_MARKER_UFFD_WP) {
    warnOnOnce(k, 'copy_hugetlb_page_range', 'hugetlb has no pages in swap that could be lost');
  }
  return userfaultfdWp(dst) ? entry : k.pte.pteEmpty;
}

/** What stands for a page that is lost, or that is moving and shared from now on. */
function* copyNonpresent(k: Machine, { dst, src, ptep }: HugeCopy, entry: Pte): Step<Pte> {
  if (!isMigrationEntry(k, pteToSwpEntry(k, entry))) return entry;
  let pte = entry;
  const shared = sharedMigrationPte(k, entry);
  if (isCowMapping(src.vmFlags) && !pteSame(shared, entry)) {
    pte = pteSwpClearSoftDirty(k, shared);
    yield* setHugePteAt(k, ptep, pte);
  }
  return userfaultfdWp(dst) ? pte : pteSwpClearUffdWp(k, pte);
}

/**
 * The child's own copy of a page that may be pinned. MODEL: hugetlb_install_page() and what comes before it.
 *
 * @param old the parent's entry
 */
function* copyPinned(k: Machine, { dst, address }: HugeCopy, page: number, old: Pte): Step<Pte | null> {
  const copy = allocHugePage(k, dst, address, true);
  if (copy !== NO_PAGE) {
    yield* copyUserHugePage(k, copy, page);
    setFlag(k, copy, PG_uptodate);
    setRestoreReserve(k, copy, false);
    setHugetlbMigratable(k, copy, true);
    yield* pageAddNewAnonRmap(k, copy, dst, address);
  }
  yield* folioPut(k, page);
  if (copy === NO_PAGE) return null;
  const keepsWp = k.patched.hugetlbForkUffdWp && userfaultfdWp(dst) && pteUffdWp(k, old);
  const pte = makeHugePte(k, dst, copy, true);
  return keepsWp ? pteMkuffdWp(k, pte) : pte;
}
