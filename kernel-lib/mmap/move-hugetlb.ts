import {
  type HugePteAt,
  hugePtepGetAndClear,
  hugePteAlloc,
  hugePteOffset,
  hugePtepGet,
  setHugePteAt,
} from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { pteClearUffdWp, pteNone, ptePresent, pteSwpClearUffdWp } from '../pgtable/pte.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { flushTlbMmRange } from '../tlb/tlb.js';
import { movesWithoutUffdWp } from '../uffd/ctx.js';
import { pteMarkerUffdWp } from '../uffd/markers.js';
import type { Vma } from '../vma/vma.js';

/**
 * Moves the entries of hugetlb's [oldAddr, oldAddr + len) to `newAddr`; all three are whole huge pages.
 *
 * @kernel mm/hugetlb.c move_hugetlb_page_tables v6.2
 * @differs tables are not shared between processes; the object's locks are not taken
 * @param vma holds the old range
 */
export function* moveHugetlbPageTables(
  k: Machine,
  vma: Vma,
  oldAddr: number,
  newAddr: number,
  len: number,
): Step<void> {
  for (let moved = 0; moved < len; moved += hpagePmdSize(k)) {
    const src = hugePteOffset(k, vma, oldAddr + moved);
    if (src === null || pteNone(k, yield* hugePtepGet(k, src.ptep))) continue;
    yield* moveHugePte(k, vma, src, hugePteAlloc(k, vma, newAddr + moved));
  }
  // The pages are at their new place already: what a CPU still finds at the old one is the same memory.
  yield* flushTlbMmRange(k, vma.vmMm, oldAddr, oldAddr + len);
}

/** Unlike a small page, one that has moved is not soft-dirty. @kernel mm/hugetlb.c move_huge_pte v6.2 */
function* moveHugePte(k: Machine, vma: Vma, src: HugePteAt, dst: HugePteAt): Step<void> {
  const clearsWp = movesWithoutUffdWp(k, vma);
  yield* ptlLock(k, dst.table);
  if (src.table !== dst.table) yield* ptlLock(k, src.table);
  const pte = yield* hugePtepGetAndClear(k, src.ptep);
  // A marker that nobody could lift stays behind, and nothing takes its place.
  if (!clearsWp) {
    yield* setHugePteAt(k, dst.ptep, pte);
  } else if (!pteMarkerUffdWp(k, pte)) {
    const clear = ptePresent(k, pte) ? pteClearUffdWp : pteSwpClearUffdWp;
    yield* setHugePteAt(k, dst.ptep, clear(k, pte));
  }
  if (src.table !== dst.table) ptlUnlock(k, src.table);
  ptlUnlock(k, dst.table);
}
