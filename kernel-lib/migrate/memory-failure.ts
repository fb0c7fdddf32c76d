import { EBUSY, EHWPOISON } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import {
  PG_active,
  PG_dirty,
  PG_error,
  PG_hwpoison,
  PG_lru,
  PG_mlocked,
  PG_swapcache,
  PG_unevictable,
  PG_uptodate,
  PG_writeback,
} from '../folio/flags.js';
import {
  PageAnon,
  PageKsm,
  clearFlag,
  pageMapcount,
  pageRefcount,
  setFlag,
  testFlag,
  testSetFlag,
} from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import { folioIsolateLru, lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { filemapRemoveFolio, pageAddressSpace } from '../pagecache/page-cache.js';
import { ptlUnlock } from '../pgtable/table.js';
import { tryToUnmap } from '../reclaim/unmap.js';
import { folioMkclean } from '../rmap/mkclean.js';
import { pageVmaMappedWalk, rmapWalk } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { deleteFromSwapCache } from '../swap/cache.js';

/** Code of a SIGBUS that says: the memory that you use is lost. As in asm-generic/siginfo.h. */
export const BUS_MCEERR_AR = 4;

/** How an error was contained. */
type Contained = 'IGNORED' | 'FAILED' | 'DELAYED' | 'RECOVERED';

/**
 * Handles an uncorrectable error in a page, on which the caller has a reference: it goes into keeping the page from
 * ever being used again.
 *
 * @kernel mm/memory-failure.c memory_failure v6.2
 * @differs no process has asked to be told early
 * @param actionRequired whether the current process must not go on without a signal
 * @returns 0, -EHWPOISON if the page was lost before, -EBUSY if it could not be isolated
 */
export function* memoryFailure(k: Machine, page: number, actionRequired: boolean): Step<number> {
  if (testSetFlag(k, page, PG_hwpoison)) {
    yield* folioPut(k, page);
    return -EHWPOISON;
  }
  yield* lruAddDrain(k);
  yield* folioLock(k, page);
  const wasMlocked = testFlag(k, page, PG_mlocked);
  if (testFlag(k, page, PG_lru | PG_writeback)) {
    if (!(yield* hwpoisonUserMappings(k, page, actionRequired))) {
      folioUnlock(k, page);
      return -EBUSY;
    }
  }
  const contained = yield* pageAction(k, page, wasMlocked);
  folioUnlock(k, page);
  return contained === 'RECOVERED' || contained === 'DELAYED' ? 0 : -EBUSY;
}

/**
 * Takes the page from everybody who maps it; what they lose, they are told when they ask for it.
 *
 * @kernel mm/memory-failure.c hwpoison_user_mappings v6.2
 * @returns whether nobody maps it any more
 */
function* hwpoisonUserMappings(k: Machine, page: number, actionRequired: boolean): Step<boolean> {
  if (pageMapcount(k, page) === 0) return true;
  if (PageKsm(k, page)) return false;
  // What is in swap or on disk unchanged is lost in memory only: then no entry needs to tell.
  let hwpoison = !testFlag(k, page, PG_swapcache);
  if (!testFlag(k, page, PG_dirty) && mappingCanWriteback(k, page)) {
    if ((yield* folioMkclean(k, page)) > 0) setFlag(k, page, PG_dirty);
    else hwpoison = false;
  }
  const mine = actionRequired && (yield* currentMaps(k, page));
  yield* tryToUnmap(k, page, { ignoreMlock: true, hwpoison });
  yield* lruAddDrain(k);
  if (mine && testFlag(k, page, PG_dirty)) k.current!.sigbusCode = BUS_MCEERR_AR;
  return pageMapcount(k, page) === 0;
}

/** Shmem has no device of its own to write to. MODEL: mapping_can_writeback(). */
function mappingCanWriteback(k: Machine, page: number): boolean {
  return !PageAnon(k, page) && (pageAddressSpace(k, page)?.disk ?? 0) !== 0;
}

/** Whether the current process is among those that map the page. MODEL: collect_procs() with force_early. */
function* currentMaps(k: Machine, page: number): Step<boolean> {
  for (const place of rmapWalk(k, page)) {
    if (place.vma.vmMm !== k.current?.mm) continue;
    const at = yield* pageVmaMappedWalk(k, page, place);
    if (at === null) continue;
    ptlUnlock(k, at.table);
    return true;
  }
  return false;
}

/** What is done to a page depends on what it is used for. @kernel mm/memory-failure.c page_action v6.2 */
function* pageAction(k: Machine, page: number, wasMlocked: boolean): Step<Contained> {
  if (testFlag(k, page, PG_swapcache)) {
    return testFlag(k, page, PG_dirty) ? yield* meSwapcacheDirty(k, page) : yield* meSwapcacheClean(k, page);
  }
  if (!wasMlocked && !testFlag(k, page, PG_mlocked | PG_unevictable | PG_lru)) return 'IGNORED';
  if (testFlag(k, page, PG_dirty)) setFlag(k, page, PG_error);
  return yield* mePagecacheClean(k, page);
}

/** @kernel mm/memory-failure.c me_pagecache_clean v6.2 */
function* mePagecacheClean(k: Machine, page: number): Step<Contained> {
  yield* deleteFromLruCache(k, page);
  if (PageAnon(k, page)) return 'RECOVERED';
  const mapping = pageAddressSpace(k, page);
  if (mapping === null) return 'FAILED';
  // A page of shmem stays in the page cache, so that whoever reads the file is told.
  const shmem = mapping.disk === 0;
  if (!shmem) yield* filemapRemoveFolio(k, page);
  return hasExtraRefcount(k, page, shmem) ? 'FAILED' : 'RECOVERED';
}

/** Nobody has another copy: who swaps it in is told. @kernel mm/memory-failure.c me_swapcache_dirty v6.2 */
function* meSwapcacheDirty(k: Machine, page: number): Step<Contained> {
  clearFlag(k, page, PG_dirty | PG_uptodate);
  const isolated = yield* deleteFromLruCache(k, page);
  return !isolated || hasExtraRefcount(k, page, true) ? 'FAILED' : 'DELAYED';
}

/** @kernel mm/memory-failure.c me_swapcache_clean v6.2 */
function* meSwapcacheClean(k: Machine, page: number): Step<Contained> {
  yield* deleteFromSwapCache(k, page);
  const isolated = yield* deleteFromLruCache(k, page);
  return !isolated || hasExtraRefcount(k, page, false) ? 'FAILED' : 'RECOVERED';
}

/** @kernel mm/memory-failure.c delete_from_lru_cache v6.2 @returns whether the page was on a list */
function* deleteFromLruCache(k: Machine, page: number): Step<boolean> {
  if (!(yield* folioIsolateLru(k, page))) return false;
  clearFlag(k, page, PG_active | PG_unevictable);
  yield* folioPut(k, page);
  return true;
}

/** Whether somebody else than the failure, and a cache that keeps the page, refers to it. @kernel mm/memory-failure.c has_extra_refcount v6.2 */
function hasExtraRefcount(k: Machine, page: number, kept: boolean): boolean {
  return pageRefcount(k, page) > (kept ? 2 : 1);
}
