import { EAGAIN } from '../base/errno.js';
import { folioNrPages } from '../folio/compound.js';
import {
  PAGE_MAPPING_FLAGS,
  PAGE_MAPPING_KSM,
  PG_active,
  PG_dirty,
  PG_error,
  PG_idle,
  PG_outside,
  PG_referenced,
  PG_swapbacked,
  PG_swapcache,
  PG_unevictable,
  PG_uptodate,
  PG_workingset,
  PG_young,
} from '../folio/flags.js';
import {
  PageAnon,
  PageKsm,
  clearFlag,
  copyUserHighpage,
  folioRefCount,
  folioRefFreeze,
  folioRefUnfreeze,
  pageFlags,
  pageIndex,
  pageMappingWord,
  pageOwner,
  pagePrivate,
  pageRefcount,
  setFlag,
  setPageIndex,
  setPageMapping,
  setPagePrivate,
  setPageRefcount,
  testClearFlag,
  testFlag,
} from '../folio/frame.js';
import { PageHuge } from '../folio/hugetlb-pool.js';
import type { Machine } from '../machine/machine.js';
import { pageAddressSpace } from '../pagecache/page-cache.js';
import { xaStore } from '../pagecache/xarray.js';
import { StableNode } from '../rmap/ksm-node.js';
import type { Step } from '../step/step.js';
import { setCachedPage } from '../swap/area.js';

/**
 * Moves what a locked, unmapped page is to a locked new frame.
 *
 * @kernel mm/migrate.c move_to_new_folio v6.2
 * @returns 0, or -EAGAIN when somebody else has a reference on the page
 */
export function* moveToNewFolio(k: Machine, dst: number, src: number): Step<number> {
  const rc = yield* folioMigrateMapping(k, dst, src);
  if (rc !== 0) return rc;
  for (let i = 0; i < folioNrPages(k, src); i++) yield* copyUserHighpage(k, dst + i, src + i);
  folioMigrateFlags(k, dst, src);
  // What was anonymous still says so until it is freed; a page of the page cache no longer belongs there.
  if (!PageAnon(k, src)) setPageMapping(k, src, 0, 0);
  return 0;
}

/**
 * Gives the new folio the old one's place in page cache or swap cache, unless somebody else has a reference.
 *
 * @kernel mm/migrate.c folio_migrate_mapping v6.2
 */
function* folioMigrateMapping(k: Machine, dst: number, src: number): Step<number> {
  const swapcache = testFlag(k, src, PG_swapcache);
  const cached = swapcache || (!PageAnon(k, src) && pageOwner(k, src) !== 0);
  if (!cached) {
    if ((yield* folioRefCount(k, src)) !== 1) return -EAGAIN;
    takeIdentity(k, dst, src);
    return 0;
  }
  // Frozen, so that nobody who finds the page in its cache just now can get hold of the old frame.
  const nr = cacheReferences(k, src);
  if (!(yield* folioRefFreeze(k, src, 1 + nr))) return -EAGAIN;
  takeIdentity(k, dst, src);
  takeCachePlace(k, dst, src, swapcache);
  yield* folioRefUnfreeze(k, src, 1);
  return 0;
}

/** References of a cache on a folio: one for each page, but on one of hugetlb one. MODEL: folio_expected_refs(). */
function cacheReferences(k: Machine, folio: number): number {
  return PageHuge(k, folio) ? 1 : folioNrPages(k, folio);
}

function takeIdentity(k: Machine, dst: number, src: number): void {
  setPageIndex(k, dst, pageIndex(k, src));
  setPageMapping(k, dst, pageOwner(k, src), pageMappingWord(k, src) & PAGE_MAPPING_FLAGS);
  setFlag(k, dst, pageFlags(k, src) & (PG_swapbacked | PG_outside));
}

function takeCachePlace(k: Machine, dst: number, src: number, swapcache: boolean): void {
  const nr = cacheReferences(k, src);
  setPageRefcount(k, dst, pageRefcount(k, dst) + nr);
  // While nobody can find the page: a store that dirties it will dirty the new frame.
  if (testClearFlag(k, src, PG_dirty)) setFlag(k, dst, PG_dirty);
  if (swapcache) {
    const entry = pagePrivate(k, src);
    setPagePrivate(k, dst, entry);
    setFlag(k, dst, PG_swapcache);
    for (let i = 0; i < nr; i++) setCachedPage(k, entry + i, dst + i);
  } else {
    xaStore(k, pageAddressSpace(k, src)!, pageIndex(k, src), dst);
  }
}

/** What goes along whatever the page is. */
const COPIED = PG_error | PG_referenced | PG_uptodate | PG_workingset | PG_dirty | PG_young | PG_idle;

/** @kernel mm/migrate.c folio_migrate_flags v6.2 */
function folioMigrateFlags(k: Machine, dst: number, src: number): void {
  setFlag(k, dst, pageFlags(k, src) & COPIED);
  if (testClearFlag(k, src, PG_active)) setFlag(k, dst, PG_active);
  else if (testClearFlag(k, src, PG_unevictable)) setFlag(k, dst, PG_unevictable);
  folioMigrateKsm(k, dst, src);
  clearFlag(k, src, PG_swapcache);
  // What hugetlb notes there is of the frame.
  if (!PageHuge(k, src)) setPagePrivate(k, src, 0);
}

/** @kernel mm/ksm.c folio_migrate_ksm v6.2 */
function folioMigrateKsm(k: Machine, dst: number, src: number): void {
  if (!PageKsm(k, src)) return;
  StableNode.at(k, pageOwner(k, dst)).kpfn = dst;
  setPageMapping(k, src, 0, PAGE_MAPPING_KSM);
}
