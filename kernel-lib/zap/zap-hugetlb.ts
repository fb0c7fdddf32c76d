import { folioMarkDirty } from '../folio/dirty.js';
import {
  type HugePteAt,
  hugePtepGet,
  hugePteOffset,
  setHugePteAt,
  hugePtepGetAndClear,
} from '../huge/hugetlb-pte.js';
import { restoreReserveOnUnmap } from '../huge/hugetlb.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { pteDirty, pteNone, ptePfn, ptePresent, pteUffdWp } from '../pgtable/pte.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import { folioRemoveRmapPmd } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { PTE_MARKER_UFFD_WP, makePteMarker } from '../swap/entry.js';
import { pteSwpUffdWpAny } from '../uffd/markers.js';
import type { Vma } from '../vma/vma.js';
import { type MmuGather, __tlbRemovePageSize, tlbFlushMmu, tlbRemoveTlbEntry } from './mmu-gather.js';

/**
 * Removes what a range of a hugetlb VMA maps.
 *
 * @kernel mm/hugetlb.c __unmap_hugepage_range v6.2
 * @differs a page that a child still maps never gives its reservation back, as since a mend of df7a6d1f6405
 * @param dropMarker whether write-protection is forgotten, too
 */
export function* __unmapHugepageRange(
  k: Machine,
  tlb: MmuGather,
  vma: Vma,
  start: number,
  end: number,
  dropMarker: boolean,
): Step<void> {
  for (let address = start; address < end; address += hpagePmdSize(k)) {
    const at = hugePteOffset(k, vma, address);
    if (at === null) continue;
    yield* ptlLock(k, at.table);
    const page = yield* unmapHugePte(k, tlb, vma, at, address, dropMarker);
    ptlUnlock(k, at.table);
    if (page === 0) continue;
    if (k.patched.unmapRestoresReserve) yield* restoreReserveOnUnmap(k, vma, address, page);
    if (yield* __tlbRemovePageSize(k, tlb, page, false)) yield* tlbFlushMmu(k, tlb);
  }
}

/** @returns the page that the entry mapped, 0 for none */
function* unmapHugePte(
  k: Machine,
  tlb: MmuGather,
  vma: Vma,
  { ptep }: HugePteAt,
  address: number,
  dropMarker: boolean,
): Step<number> {
  const seen = yield* hugePtepGet(k, ptep);
  if (pteNone(k, seen)) return 0;
  const marker = makePteMarker(k, PTE_MARKER_UFFD_WP);
  if (!ptePresent(k, seen)) {
    const keep = pteSwpUffdWpAny(k, seen) && !dropMarker;
    yield* setHugePteAt(k, ptep, keep ? marker : k.pte.pteEmpty);
    return 0;
  }
  const pte = yield* hugePtepGetAndClear(k, ptep);
  tlbRemoveTlbEntry(k, tlb, address, hpagePmdSize(k));
  const page = ptePfn(k, pte);
  if (pteDirty(k, pte)) yield* folioMarkDirty(k, page);
  if (pteUffdWp(k, pte) && !dropMarker) yield* setHugePteAt(k, ptep, marker);
  yield* folioRemoveRmapPmd(k, page, vma);
  return page;
}
