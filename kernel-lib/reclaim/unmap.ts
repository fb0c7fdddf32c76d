import { vmBugOn } from '../base/error.js';
import { folioPut } from '../folio/alloc.js';
import { folioMapcount, folioTestLarge } from '../folio/compound.js';
import { PG_dirty, PG_hwpoison, PG_swapbacked, PG_swapcache } from '../folio/flags.js';
import {
  PageAnon,
  PageAnonExclusive,
  folioRefCount,
  pageFolio,
  pageMapcount,
  pagePrivate,
  setFlag,
  testFlag,
} from '../folio/frame.js';
import { mlockPageDrainLocal } from '../folio/mlock.js';
import { __splitHugePmdLocked } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pteDirty,
  pteSoftDirty,
  pteSwpMkexclusive,
  pteSwpMksoftDirty,
  pteSwpMkuffdWp,
  pteUffdWp,
  swpEntryToPte,
} from '../pgtable/pte.js';
import { ptlUnlock, setPteAt } from '../pgtable/table.js';
import { mmCounter, mlockVmaPage, pageRemoveRmap, pageTryShareAnonRmap } from '../rmap/map.js';
import {
  type MappedAt,
  type Place,
  pageVmaMappedWalk,
  pmdMappedWalk,
  rmapWalk,
  rmapWalkLarge,
} from '../rmap/walk.js';
import { type Step, resultOf } from '../step/step.js';
import { swapDuplicate, swapFree } from '../swap/area.js';
import { entryToPte } from '../swap/entry.js';
import { pteInstallUffdWpIfNeeded } from '../uffd/markers.js';
import { MM_ANONPAGES, MM_SWAPENTS, Mm, addMmCounter } from '../vma/mm.js';
import { ptepClearFlush } from '../tlb/tlb.js';
import { VM_LOCKED } from '../vma/vm-flags.js';

/** What try_to_unmap() is to do. @kernel include/linux/rmap.h TTU_IGNORE_MLOCK v6.2 */
export interface TtuFlags {
  readonly ignoreMlock?: boolean;
  /** Leave hwpoison entries behind. */
  readonly hwpoison?: boolean;
}

/**
 * Removes all mappings of a locked page that can be removed.
 *
 * @kernel mm/rmap.c try_to_unmap v6.2
 * @differs without the anon_vma’s lock
 */
export function* tryToUnmap(k: Machine, page: number, flags: TtuFlags = {}): Step<void> {
  if (folioTestLarge(k, page)) return yield* tryToUnmapLarge(k, page, flags);
  for (const place of rmapWalk(k, page)) {
    const at = yield* pageVmaMappedWalk(k, page, place);
    if (at === null) continue;
    const unmapped = yield* tryToUnmapOne(k, page, place, at, flags);
    ptlUnlock(k, at.table);
    if (!unmapped || pageMapcount(k, page) === 0) return;
  }
}

/** All pages of a large anonymous folio, after its leaves are split. */
function* tryToUnmapLarge(k: Machine, folio: number, flags: TtuFlags): Step<void> {
  for (const place of rmapWalkLarge(k, folio)) {
    const leaf = yield* pmdMappedWalk(k, folio, place);
    if (leaf !== null) {
      yield* __splitHugePmdLocked(k, place.vma, leaf, place.origin, false);
      ptlUnlock(k, leaf.table);
    }
    for (let address = place.start; address < place.end; address += k.pageSize) {
      const page = folio + (address - place.origin) / k.pageSize;
      const at = yield* pageVmaMappedWalk(k, page, { vma: place.vma, address });
      if (at === null) continue;
      const unmapped = yield* tryToUnmapOne(k, page, { vma: place.vma, address }, at, flags);
      ptlUnlock(k, at.table);
      if (!unmapped || folioMapcount(k, folio) === 0) return;
    }
  }
}

/**
 * @kernel mm/rmap.c try_to_unmap_one v6.2
 * @differs flushes page by page: no TTU_BATCH_FLUSH
 * @returns false when the walk is to stop
 */
function* tryToUnmapOne(
  k: Machine,
  page: number,
  { vma, address }: Place,
  at: MappedAt,
  flags: TtuFlags,
): Step<boolean> {
  if (flags.ignoreMlock !== true && (vma.vmFlags & VM_LOCKED) !== 0) {
    yield* resultOf(mlockVmaPage(k, page, vma));
    return false;
  }
  const mm = Mm.at(k, vma.vmMm);
  const folio = pageFolio(k, page);
  const exclusive = PageAnon(k, page) && PageAnonExclusive(k, page);
  const pteval = yield* ptepClearFlush(k, vma.vmMm, address, at.ptep);
  yield* pteInstallUffdWpIfNeeded(k, vma, at.ptep, pteval);
  if (pteDirty(k, pteval)) setFlag(k, folio, PG_dirty);
  if (flags.hwpoison === true && testFlag(k, page, PG_hwpoison)) {
    addMmCounter(k, mm, mmCounter(k, page), -1);
    yield* setPteAt(k, at.ptep, swpEntryToPte(k, k.swpTypes.SWP_HWPOISON, page));
  } else if (!PageAnon(k, page)) {
    addMmCounter(k, mm, mmCounter(k, page), -1);
  } else if (!(yield* unmapAnon(k, page, at, mm, pteval, exclusive))) {
    return false;
  }
  yield* resultOf(pageRemoveRmap(k, page, vma));
  if ((vma.vmFlags & VM_LOCKED) !== 0) yield* mlockPageDrainLocal(k);
  yield* folioPut(k, folio);
  return true;
}

/** @returns false when the page stays; its entry is as it was then */
function* unmapAnon(
  k: Machine,
  page: number,
  at: MappedAt,
  mm: Mm,
  pteval: Pte,
  exclusive: boolean,
): Step<boolean> {
  const folio = pageFolio(k, page);
  if (!testFlag(k, folio, PG_swapbacked)) return yield* discardLazyfree(k, folio, at, mm, pteval);
  vmBugOn(!testFlag(k, folio, PG_swapcache), 'an anonymous page has its slot before it is unmapped');
  const entry = pagePrivate(k, folio) + page - folio;
  yield* swapDuplicate(k, entry);
  // The entry is cleared already: a pin that is not seen here sees that and gives up.
  if (exclusive && !(yield* resultOf(pageTryShareAnonRmap(k, page)))) {
    swapFree(k, entry);
    yield* setPteAt(k, at.ptep, pteval);
    return false;
  }
  addMmCounter(k, mm, MM_ANONPAGES, -1);
  addMmCounter(k, mm, MM_SWAPENTS, 1);
  yield* setPteAt(k, at.ptep, swapPte(k, entry, pteval, exclusive));
  return true;
}

function swapPte(k: Machine, entry: number, pteval: Pte, exclusive: boolean): Pte {
  let pte = entryToPte(k, entry);
  if (exclusive) pte = pteSwpMkexclusive(k, pte);
  if (pteSoftDirty(k, pteval)) pte = pteSwpMksoftDirty(k, pte);
  if (pteUffdWp(k, pteval)) pte = pteSwpMkuffdWp(k, pte);
  return pte;
}

/** A page that MADV_FREE gave up goes without a trace, unless somebody has written to it or holds it. */
function* discardLazyfree(k: Machine, page: number, at: MappedAt, mm: Mm, pteval: Pte): Step<boolean> {
  const onlyMapped = (yield* folioRefCount(k, page)) === 1 + folioMapcount(k, page);
  if (onlyMapped && !testFlag(k, page, PG_dirty)) {
    addMmCounter(k, mm, MM_ANONPAGES, -1);
    return true;
  }
  yield* setPteAt(k, at.ptep, pteval);
  setFlag(k, page, PG_swapbacked);
  return false;
}
