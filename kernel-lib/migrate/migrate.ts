import { EAGAIN, ENOMEM } from '../base/errno.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import {
  PAGE_MAPPING_FLAGS,
  PG_active,
  PG_dirty,
  PG_error,
  PG_outside,
  PG_referenced,
  PG_swapbacked,
  PG_swapcache,
  PG_unevictable,
  PG_uptodate,
  PG_workingset,
} from '../folio/flags.js';
import {
  PageAnon,
  PageKsm,
  clearFlag,
  copyUserHighpage,
  folioGet,
  folioRefCount,
  pageFlags,
  pageIndex,
  pageMapcount,
  pageMappingWord,
  pageOwner,
  pagePrivate,
  setFlag,
  setPageIndex,
  setPageMapping,
  setPagePrivate,
  testClearFlag,
  testFlag,
} from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru, lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { pageAddressSpace } from '../pagecache/page-cache.js';
import { xaStore } from '../pagecache/xarray.js';
import { StableNode } from '../rmap/ksm-node.js';
import type { Step } from '../step/step.js';
import { setCachedPage } from '../swap/area.js';
import { removeMigrationPtes, tryToMigrate } from './migration-ptes.js';

/**
 * Moves an isolated page to another frame: its content, its mappings, its place in a cache. The old frame keeps the
 * isolation's reference only.
 *
 * @kernel mm/migrate.c migrate_pages v6.2
 * @differs one page, tried once: whoever holds the page is not going to let go while the caller waits
 * @returns 0, -EAGAIN when somebody else holds the page, or -ENOMEM
 */
export function* migratePages(k: Machine, src: number): Step<number> {
  const dst = allocPage(k);
  if (dst === 0) return -ENOMEM;
  yield* folioLock(k, src);
  yield* folioTrylock(k, dst);
  const rc = yield* moveLocked(k, src, dst);
  folioUnlock(k, dst);
  folioUnlock(k, src);
  yield* folioPut(k, dst);
  return rc;
}

/** MODEL: __migrate_folio_unmap() and __migrate_folio_move() in one. */
function* moveLocked(k: Machine, src: number, dst: number): Step<number> {
  const wasMapped = pageMapcount(k, src) > 0;
  if (wasMapped) yield* tryToMigrate(k, src);
  const rc = pageMapcount(k, src) > 0 ? -EAGAIN : yield* moveToNewFolio(k, dst, src);
  if (rc === 0) {
    // On its list before it is mapped: a mapping of a locked VMA counts itself there.
    yield* folioAddLru(k, dst);
    if (wasMapped) yield* lruAddDrain(k);
    k.count('pgmigrate_success');
  }
  if (wasMapped) yield* removeMigrationPtes(k, src, rc === 0 ? dst : src);
  return rc;
}

/** @kernel mm/migrate.c move_to_new_folio v6.2 */
function* moveToNewFolio(k: Machine, dst: number, src: number): Step<number> {
  const rc = yield* folioMigrateMapping(k, dst, src);
  if (rc !== 0) return rc;
  yield* copyUserHighpage(k, dst, src);
  folioMigrateFlags(k, dst, src);
  setPageMapping(k, src, 0, 0);
  return 0;
}

/**
 * Gives the new frame the old one's place in page cache or swap cache, unless somebody else has a reference.
 *
 * @kernel mm/migrate.c folio_migrate_mapping v6.2
 */
function* folioMigrateMapping(k: Machine, dst: number, src: number): Step<number> {
  const swapcache = testFlag(k, src, PG_swapcache);
  const cached = swapcache || (!PageAnon(k, src) && pageOwner(k, src) !== 0);
  if ((yield* folioRefCount(k, src)) !== (cached ? 2 : 1)) return -EAGAIN;
  setPageIndex(k, dst, pageIndex(k, src));
  setPageMapping(k, dst, pageOwner(k, src), pageMappingWord(k, src) & PAGE_MAPPING_FLAGS);
  setFlag(k, dst, pageFlags(k, src) & (PG_swapbacked | PG_outside));
  if (cached) yield* takeCachePlace(k, dst, src, swapcache);
  return 0;
}

function* takeCachePlace(k: Machine, dst: number, src: number, swapcache: boolean): Step<void> {
  if (swapcache) {
    const entry = pagePrivate(k, src);
    setPagePrivate(k, dst, entry);
    setFlag(k, dst, PG_swapcache);
    setCachedPage(k, entry, dst);
  } else {
    xaStore(k, pageAddressSpace(k, src)!, pageIndex(k, src), dst);
  }
  yield* folioGet(k, dst);
  yield* folioPut(k, src);
  // Moved while nobody can find the page: a store that dirties it will dirty the new frame.
  if (testClearFlag(k, src, PG_dirty)) setFlag(k, dst, PG_dirty);
}

/** @kernel mm/migrate.c folio_migrate_flags v6.2 */
function folioMigrateFlags(k: Machine, dst: number, src: number): void {
  const copied = PG_error | PG_referenced | PG_uptodate | PG_workingset | PG_dirty;
  setFlag(k, dst, pageFlags(k, src) & copied);
  if (testClearFlag(k, src, PG_active)) setFlag(k, dst, PG_active);
  else if (testClearFlag(k, src, PG_unevictable)) setFlag(k, dst, PG_unevictable);
  if (PageKsm(k, dst)) StableNode.at(k, pageOwner(k, dst)).kpfn = dst;
  clearFlag(k, src, PG_swapcache | PG_dirty);
  setPagePrivate(k, src, 0);
}
