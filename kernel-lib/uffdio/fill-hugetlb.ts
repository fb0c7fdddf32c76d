import { EEXIST, EFAULT, EINVAL, ENOMEM } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { hpagePmdNr } from '../folio/compound.js';
import { PG_uptodate } from '../folio/flags.js';
import { NO_PAGE, pageOwner, setFlag, setPageContent } from '../folio/frame.js';
import { setHugetlbMigratable, setRestoreReserve } from '../folio/hugetlb-pool.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { allocHugePage, restoreReserveOnError, vmaHugecacheOffset } from '../huge/hugetlb.js';
import {
  hugePteAlloc,
  hugePteNoneMostly,
  hugePtepGet,
  makeHugePte,
  setHugePteAt,
} from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import { hugetlbAddToPageCache } from '../pagecache/hugetlb-file.js';
import { __filemapGetFolio } from '../pagecache/page-cache.js';
import { xaLoad } from '../pagecache/xarray.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { type Pte, pteMkdirty, pteMkuffdWp, pteNone } from '../pgtable/pte.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import { mappedEntirely, pageAddNewAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { PTE_MARKER_POISONED, makePteMarker } from '../swap/entry.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { vmaMapping } from '../vma/file.js';
import { VM_SHARED, VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import type { Fill } from './fill.js';

/**
 * Fills the huge pages of a hugetlb VMA one by one.
 *
 * @kernel mm/userfaultfd.c mfill_atomic_hugetlb 6.12
 * @returns how many bytes, or a negative error number when the first place fails
 */
export function* mfillAtomicHugetlb(
  k: Machine,
  vma: Vma,
  start: number,
  len: number,
  fill: Fill,
): Step<number> {
  const size = hpagePmdSize(k);
  // There is no huge page of zeros, and no half of a huge page.
  if (fill.mode === 'zeropage' || start % size !== 0 || len % size !== 0) return -EINVAL;
  if ((vma.vmFlags & VM_SHARED) === 0) anonVmaPrepare(k, vma);
  for (let filled = 0; filled < len; filled += size) {
    const error = yield* hugetlbMfillAtomicPte(k, vma, start + filled, fill);
    if (error !== 0) return filled > 0 ? filled : error;
  }
  return len;
}

/** @kernel mm/hugetlb.c hugetlb_mfill_atomic_pte 6.12 */
function* hugetlbMfillAtomicPte(
  k: Machine,
  vma: Vma,
  address: number,
  fill: Exclude<Fill, { mode: 'zeropage' }>,
): Step<number> {
  if (fill.mode === 'poison') {
    return yield* install(k, vma, address, makePteMarker(k, PTE_MARKER_POISONED), NO_PAGE);
  }
  const page =
    fill.mode === 'continue'
      ? yield* pageOfObject(k, vma, address)
      : yield* newPage(k, vma, address, fill.content);
  if (page < 0) return page;
  const error = yield* install(k, vma, address, filledPte(k, vma, page, fill), page);
  if (error === 0 && fill.mode === 'copy') setHugetlbMigratable(k, page, true);
  folioUnlock(k, page);
  if (error === 0) return 0;
  if (fill.mode === 'copy' && (vma.vmFlags & VM_SHARED) === 0) restoreReserveOnError(k, vma, address, page);
  yield* folioPut(k, page);
  return error;
}

/** The page that the object has there, locked and with a reference; -EFAULT for none. */
function* pageOfObject(k: Machine, vma: Vma, address: number): Step<number> {
  const page = yield* __filemapGetFolio(k, vmaMapping(k, vma)!, vmaHugecacheOffset(k, vma, address));
  return page === 0 ? -EFAULT : page;
}

/** A new locked page of the content; of a shared mapping it is the object's. Or a negative error number. */
function* newPage(k: Machine, vma: Vma, address: number, content: number): Step<number> {
  const shared = (vma.vmFlags & VM_SHARED) !== 0;
  const mapping = vmaMapping(k, vma)!;
  const index = vmaHugecacheOffset(k, vma, address);
  if (shared && xaLoad(k, mapping, index) !== 0) return -EEXIST;
  if (shared && index * hpagePmdSize(k) >= mapping.iSize) return -EFAULT;
  const page = allocHugePage(k, vma, address, false);
  if (page === NO_PAGE) return -ENOMEM;
  for (let nr = 0; nr < hpagePmdNr(k); nr++) setPageContent(k, page + nr, content);
  setFlag(k, page, PG_uptodate);
  yield* folioTrylock(k, page);
  if (shared) yield* hugetlbAddToPageCache(k, page, mapping, index);
  return page;
}

function filledPte(
  k: Machine,
  vma: Vma,
  page: number,
  fill: Extract<Fill, { mode: 'copy' | 'continue' }>,
): Pte {
  const wp = fill.mode === 'copy' && fill.wp;
  // The object's own page in a private mapping: the first store must copy it.
  const cow = fill.mode === 'continue' && (vma.vmFlags & VM_SHARED) === 0;
  const writable = !wp && !cow && (vma.vmFlags & VM_WRITE) !== 0;
  const pte = pteMkdirty(k, makeHugePte(k, vma, page, writable));
  return wp ? pteMkuffdWp(k, pte) : pte;
}

/**
 * Puts an entry where nothing stands; one with a page also in place of a marker.
 *
 * @param page NO_PAGE for none
 */
function* install(k: Machine, vma: Vma, address: number, pte: Pte, page: number): Step<number> {
  const at = hugePteAlloc(k, vma, address);
  yield* ptlLock(k, at.table);
  const now = yield* hugePtepGet(k, at.ptep);
  const free = page === NO_PAGE ? pteNone(k, now) : hugePteNoneMostly(k, now);
  if (free) {
    if (page !== NO_PAGE) yield* addRmap(k, vma, address, page);
    yield* setHugePteAt(k, at.ptep, pte);
  }
  ptlUnlock(k, at.table);
  return free ? 0 : -EEXIST;
}

function* addRmap(k: Machine, vma: Vma, address: number, page: number): Step<void> {
  if (pageOwner(k, page) !== 0) return yield* mappedEntirely(k, page);
  setRestoreReserve(k, page, false);
  yield* pageAddNewAnonRmap(k, page, vma, address);
}
