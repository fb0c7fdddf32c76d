import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, ptePfn, pteSpecial } from '../pgtable/pte.js';
import type { Step } from '../step/step.js';
import { PAGE_MAPPING_ANON, PG_anon_exclusive, PG_swapbacked } from '../folio/flags.js';
import {
  PageAnon,
  ZERO_PFN,
  isDevicePfn,
  PageAnonExclusive,
  PageKsm,
  clearFlag,
  decMapcount,
  folioMaybeDmaPinned,
  incMapcount,
  pageFolio,
  setFlag,
  setPageIndex,
  setPageMapping,
  testFlag,
} from '../folio/frame.js';
import {
  addEntireMapcount,
  addLargeMapcount,
  addNrPagesMapped,
  folioEntireMapcount,
  folioMapcount,
  folioTestLarge,
  hpagePmdNr,
  nrPagesMapped,
} from '../folio/compound.js';
import { deferredSplitFolio } from '../folio/deferred-split.js';
import { mlockFolio, munlockPage } from '../folio/mlock.js';
import { AnonVma } from '../vma/anon-vma.js';
import { Mm, MMF_HAS_PINNED } from '../vma/mm.js';
import { MM_ANONPAGES, MM_FILEPAGES, MM_SHMEMPAGES } from '../vma/mm.js';
import { VM_LOCKED, VM_SPECIAL } from '../vma/vm-flags.js';
import { type Vma, linearPageIndex } from '../vma/vma.js';

/** How page_add_anon_rmap() is to take a page. @kernel include/linux/rmap.h RMAP_EXCLUSIVE v6.2 */
export const RMAP_NONE = 0;
export const RMAP_EXCLUSIVE = 1;

/**
 * Maps a page or a whole large folio that is not yet anonymous.
 *
 * @kernel mm/rmap.c page_add_new_anon_rmap v6.2
 * @param exclusive false only since 9ae2feacedde, for pages that swap-in brings
 */
export function* pageAddNewAnonRmap(
  k: Machine,
  page: number,
  vma: Vma,
  address: number,
  exclusive = true,
): Step<void> {
  setFlag(k, page, PG_swapbacked);
  if (folioTestLarge(k, page)) yield* mappedEntirely(k, page);
  else yield* mappedSmall(k, page);
  __pageSetAnonRmap(k, page, vma, address, exclusive);
}

/** Map counts are shared between CPUs. */
export function* mapped(k: Machine, page: number): Step<number> {
  yield;
  const count = incMapcount(k, page);
  const folio = pageFolio(k, page);
  if (folioTestLarge(k, folio)) {
    addLargeMapcount(k, folio, 1);
    if (count === 1) addNrPagesMapped(k, folio, 1);
  }
  return count;
}

/** The same of a page that is a folio of its own. */
function* mappedSmall(k: Machine, page: number): Step<number> {
  yield;
  return incMapcount(k, page);
}

/** One more leaf maps a large folio. */
export function* mappedEntirely(k: Machine, folio: number): Step<void> {
  yield;
  addEntireMapcount(k, folio, 1);
}

/**
 * Gives an anonymous page its anon_vma: the VMA's own if the page is exclusive, else the root of its family, for
 * then it may be older than the VMA.
 *
 * @kernel mm/rmap.c __page_set_anon_rmap v6.2
 */
function __pageSetAnonRmap(k: Machine, page: number, vma: Vma, address: number, exclusive: boolean): void {
  vmBugOn(vma.anonVma === 0, 'an anonymous page needs a VMA with an anon_vma');
  if (!PageAnon(k, page)) {
    const anonVma = exclusive ? vma.anonVma : AnonVma.at(k, vma.anonVma).root;
    setPageMapping(k, page, anonVma, PAGE_MAPPING_ANON);
    setPageIndex(k, page, linearPageIndex(vma, address));
  }
  if (exclusive) setFlag(k, page, PG_anon_exclusive);
}

/** Maps an anonymous page that may be mapped elsewhere. @kernel mm/rmap.c page_add_anon_rmap v6.2 */
export function* pageAddAnonRmap(
  k: Machine,
  page: number,
  vma: Vma,
  address: number,
  flags: number,
): Step<void> {
  const first = (yield* mapped(k, page)) === 1;
  const exclusive = (flags & RMAP_EXCLUSIVE) !== 0;
  vmBugOn(!first && exclusive, 'I2: an exclusive page is mapped once');
  if (!PageKsm(k, page)) {
    if (first) __pageSetAnonRmap(k, page, vma, address, exclusive);
    vmBugOn(!first && PageAnonExclusive(k, page), 'I2: an exclusive page is mapped once');
  }
  yield* mlockVmaPage(k, page, vma);
}

/**
 * Maps an anonymous folio by a leaf, as it was mapped before it moved.
 *
 * @kernel mm/rmap.c folio_add_anon_rmap_pmd 6.12
 * @differs the folio is anonymous already
 */
export function* folioAddAnonRmapPmd(k: Machine, folio: number, vma: Vma, flags: number): Step<void> {
  yield* mappedEntirely(k, folio);
  if ((flags & RMAP_EXCLUSIVE) !== 0) setFlag(k, folio, PG_anon_exclusive);
  if ((vma.vmFlags & (VM_LOCKED | VM_SPECIAL)) === VM_LOCKED) yield* mlockFolio(k, folio);
}

/** Maps a page of an address space. @kernel mm/rmap.c page_add_file_rmap v6.2 */
export function* pageAddFileRmap(k: Machine, page: number, vma: Vma): Step<void> {
  yield* mapped(k, page);
  yield* mlockVmaPage(k, page, vma);
}

/**
 * Locks a page that has been mapped. A single page of a large folio is not locked: the folio as a whole would be.
 *
 * @kernel mm/internal.h mlock_vma_page v6.2
 */
export function* mlockVmaPage(k: Machine, page: number, vma: Vma): Step<void> {
  if ((vma.vmFlags & (VM_LOCKED | VM_SPECIAL)) !== VM_LOCKED) return;
  if (!folioTestLarge(k, pageFolio(k, page))) yield* mlockFolio(k, page);
}

/**
 * Mappings of neighbouring pages of one folio go.
 *
 * @kernel mm/rmap.c page_remove_rmap v6.2
 * @param nrPages more than one since 10ebac4f95e7
 */
export function* pageRemoveRmap(k: Machine, page: number, vma: Vma, nrPages = 1): Step<void> {
  const folio = pageFolio(k, page);
  const large = folioTestLarge(k, folio);
  if (large) yield* unmappedOfLarge(k, folio, page, nrPages);
  else yield* unmapped(k, page);
  // PG_anon stays until the page is freed: who still holds a reference may ask for it.
  if ((vma.vmFlags & VM_LOCKED) === 0) return;
  if (!large || k.patched.mlockLargeFolios) yield* munlockPage(k, folio);
}

function* unmapped(k: Machine, page: number): Step<number> {
  yield;
  return decMapcount(k, page);
}

/** Pages of a large folio that nobody maps any longer could be freed, if only the folio were split. */
function* unmappedOfLarge(k: Machine, folio: number, page: number, nrPages: number): Step<void> {
  let gone = 0;
  for (let at = page; at < page + nrPages; at++) if ((yield* unmapped(k, at)) === 0) gone++;
  addLargeMapcount(k, folio, -nrPages);
  addNrPagesMapped(k, folio, -gone);
  if (gone === 0 || folioEntireMapcount(k, folio) > 0) return;
  // The last to go takes the folio along; before, it was queued for nothing.
  const partially = !k.patched.deferOnlyPartlyMapped || nrPagesMapped(k, folio) > 0;
  if (partially && PageAnon(k, folio)) deferredSplitFolio(k, folio);
}

/** A leaf that maps a whole folio goes. @kernel mm/rmap.c folio_remove_rmap_pmd 6.12 */
export function* folioRemoveRmapPmd(k: Machine, folio: number, vma: Vma): Step<void> {
  const mappedPages = nrPagesMapped(k, folio);
  const last = (yield* unmappedEntirely(k, folio)) === 0;
  if (last && mappedPages > 0 && mappedPages < hpagePmdNr(k)) deferredSplitFolio(k, folio);
  if ((vma.vmFlags & VM_LOCKED) !== 0) yield* munlockPage(k, folio);
}

function* unmappedEntirely(k: Machine, folio: number): Step<number> {
  yield;
  return addEntireMapcount(k, folio, -1);
}

/** A page proven to be this VMA's own moves to its anon_vma. @kernel mm/rmap.c page_move_anon_rmap v6.2 */
export function pageMoveAnonRmap(k: Machine, page: number, vma: Vma): void {
  setPageMapping(k, pageFolio(k, page), vma.anonVma, PAGE_MAPPING_ANON);
  setFlag(k, page, PG_anon_exclusive);
}

/**
 * Shares an anonymous page with a child; false if it may be pinned, when the child must get a copy.
 *
 * @kernel include/linux/rmap.h page_try_dup_anon_rmap v6.2
 */
export function* pageTryDupAnonRmap(k: Machine, page: number, vma: Vma): Step<boolean> {
  if (!(yield* takeExclusive(k, page, vma))) return false;
  yield* pageDupRmap(k, page);
  return true;
}

/** The same for a folio that a leaf maps. @kernel include/linux/rmap.h folio_try_dup_anon_rmap_pmd 6.12 */
export function* folioTryDupAnonRmapPmd(k: Machine, folio: number, vma: Vma): Step<boolean> {
  if (!(yield* takeExclusive(k, folio, vma))) return false;
  yield* mappedEntirely(k, folio);
  return true;
}

function* takeExclusive(k: Machine, page: number, vma: Vma): Step<boolean> {
  if (!PageAnonExclusive(k, page)) return true;
  if (yield* pageNeedsCowForDma(k, vma, page)) return false;
  clearFlag(k, page, PG_anon_exclusive);
  return true;
}

/** One more mapping of a page that is mapped already, or of a page-cache page. */
export function* pageDupRmap(k: Machine, page: number): Step<void> {
  yield* mapped(k, page);
}

/** @kernel include/linux/mm.h page_needs_cow_for_dma v6.2 */
function* pageNeedsCowForDma(k: Machine, vma: Vma, page: number): Step<boolean> {
  if ((Mm.at(k, vma.vmMm).flags & MMF_HAS_PINNED) === 0) return false;
  return yield* folioMaybeDmaPinned(k, pageFolio(k, page));
}

/**
 * Takes exclusivity from a page that is about to be shared with the swap cache, migration or KSM; false if it may
 * be pinned.
 *
 * @kernel include/linux/rmap.h page_try_share_anon_rmap v6.2
 */
export function* pageTryShareAnonRmap(k: Machine, page: number): Step<boolean> {
  // The PTE was cleared before: GUP-fast, which reads it again after taking its pin, is seen here or gives up.
  if (yield* folioMaybeDmaPinned(k, pageFolio(k, page))) return false;
  clearFlag(k, page, PG_anon_exclusive);
  return true;
}

/** Whether any page-table entry maps the page. @kernel include/linux/mm.h folio_mapped v6.2 */
export function* folioMapped(k: Machine, page: number): Step<boolean> {
  yield;
  return folioMapcount(k, page) > 0;
}

/** Which RSS counter a page-cache page belongs to. @kernel include/linux/mm.h mm_counter_file v6.2 */
export function mmCounterFile(k: Machine, page: number): number {
  return testFlag(k, pageFolio(k, page), PG_swapbacked) ? MM_SHMEMPAGES : MM_FILEPAGES;
}

/** Which RSS counter a mapped page belongs to. @kernel include/linux/mm.h mm_counter v6.2 */
export function mmCounter(k: Machine, page: number): number {
  return PageAnon(k, page) ? MM_ANONPAGES : mmCounterFile(k, page);
}

/**
 * The page that an entry maps, 0 for the zero page and memory of a device.
 *
 * @kernel mm/memory.c vm_normal_page v6.2
 * @differs where entries have no special bit, what VM_PFNMAP maps is told from copies by the frame's number, not by
 * the VMA's vm_pgoff
 */
export function vmNormalPage(k: Machine, pte: Pte): number {
  if (pteSpecial(k, pte)) return 0;
  const pfn = ptePfn(k, pte);
  return pfn === ZERO_PFN || isDevicePfn(k, pfn) ? 0 : pfn;
}
