import { ENOMEM } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { PG_uptodate } from '../folio/flags.js';
import { NO_PAGE, PageAnon, folioGet, setFlag } from '../folio/frame.js';
import { setRestoreReserve } from '../folio/hugetlb-pool.js';
import { allocHugePage, copyUserHugePage } from '../huge/hugetlb.js';
import { hugePteAlloc, hugePteOffset, hugePtepGet, makeHugePte, setHugePteAt } from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import { PMD_NONE, hpagePmdSize } from '../pgtable/pmd.js';
import {
  type Pte,
  pteNone,
  ptePfn,
  ptePresent,
  pteSwpClearUffdWp,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import { folioTryDupAnonRmapPmd, mappedEntirely, pageAddNewAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { isPteMarker } from '../swap/special-pte.js';
import { userfaultfdWp } from '../uffd/markers.js';
import { isCowMapping } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/**
 * Copies a hugetlb VMA's entries to a child. The child has reserved nothing.
 *
 * @kernel mm/hugetlb.c copy_hugetlb_page_range v6.2
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
  // Unlike for small pages, a marker never went to a child that does not track write-protection.
  if (isPteMarker(k, entry)) return userfaultfdWp(dst) ? entry : PMD_NONE;
  if (!ptePresent(k, entry)) return userfaultfdWp(dst) ? entry : pteSwpClearUffdWp(k, entry);
  const page = ptePfn(k, entry);
  yield* folioGet(k, page);
  if (!PageAnon(k, page)) yield* mappedEntirely(k, page);
  else if (!(yield* folioTryDupAnonRmapPmd(k, page, src))) return yield* copyPinned(k, copy, page);
  if (!isCowMapping(src.vmFlags) || !pteWrite(k, entry)) return entry;
  const shared = pteWrprotect(k, entry);
  yield* setHugePteAt(k, copy.ptep, shared);
  return shared;
}

/** The child's own copy of a page that may be pinned. MODEL: hugetlb_install_page() and what comes before it. */
function* copyPinned(k: Machine, { dst, address }: HugeCopy, page: number): Step<Pte | null> {
  const copy = allocHugePage(k, dst, address, true);
  if (copy !== NO_PAGE) {
    yield* copyUserHugePage(k, copy, page);
    setFlag(k, copy, PG_uptodate);
    setRestoreReserve(k, copy, false);
    yield* pageAddNewAnonRmap(k, copy, dst, address);
  }
  yield* folioPut(k, page);
  return copy === NO_PAGE ? null : makeHugePte(k, dst, copy, true);
}
