import { EEXIST, EINVAL, EIO, ENOMEM } from '../base/errno.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import {
  PG_dirty,
  PG_outside,
  PG_referenced,
  PG_swapbacked,
  PG_swapcache,
  PG_uptodate,
} from '../folio/flags.js';
import { pagePrivate, setFlag, testFlag } from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru, folioMarkAccessed } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { swapFree } from '../swap/area.js';
import { deleteFromSwapCache, readSwapCacheAsync, swapCacheGetFolio } from '../swap/cache.js';
import { isSwapinErrorEntry, makeSwapinErrorEntry } from '../swap/entry.js';
import type { AddressSpace } from '../vma/file.js';
import { __filemapGetFolio, filemapRemoveFolio, shmemAddToPageCache } from './page-cache.js';
import { radixToSwpEntry, swpToRadixEntry, xaIsValue, xaLoad, xaStore } from './xarray.js';

/** What a page is wanted for. @kernel include/linux/shmem_fs.h SGP_READ v6.2 */
export type SgpType = 'SGP_READ' | 'SGP_NOALLOC' | 'SGP_CACHE' | 'SGP_WRITE' | 'SGP_FALLOC';

/** A page of an object, locked and with a reference; or why there is none. */
export interface ShmemFolio {
  /** 0 where nothing stands and nothing was to be allocated. */
  readonly page: number;
  /** 0 or a negative error number. */
  readonly error: number;
  /** Whether the device was read. */
  readonly major: boolean;
}

const nothing: ShmemFolio = { page: 0, error: 0, major: false };

/**
 * Finds, reads in or allocates the page at an index.
 *
 * @kernel mm/shmem.c shmem_get_folio_gfp v6.2
 * @differs no huge pages; a caller for whom userfaultfd may stand in asks with SGP_NOALLOC first
 */
export function* shmemGetFolioGfp(
  k: Machine,
  mapping: AddressSpace,
  index: number,
  sgp: SgpType,
): Step<ShmemFolio> {
  const beyond = sgp === 'SGP_WRITE' || sgp === 'SGP_FALLOC';
  if (!beyond && index * k.pageSize >= mapping.iSize) return { ...nothing, error: -EINVAL };
  const entry = yield* __filemapGetFolio(k, mapping, index);
  if (xaIsValue(entry)) return yield* shmemSwapinFolio(k, mapping, index, radixToSwpEntry(entry), sgp);
  if (entry !== 0) {
    if (sgp === 'SGP_WRITE') yield* folioMarkAccessed(k, entry);
    return { page: entry, error: 0, major: false };
  }
  if (sgp === 'SGP_READ' || sgp === 'SGP_NOALLOC') return nothing;
  return yield* allocateAt(k, mapping, index, sgp);
}

function* allocateAt(k: Machine, mapping: AddressSpace, index: number, sgp: SgpType): Step<ShmemFolio> {
  const page = allocPage(k);
  if (page === 0) return { ...nothing, error: -ENOMEM };
  yield* folioTrylock(k, page);
  setFlag(k, page, PG_swapbacked | PG_uptodate);
  // Whoever touches a page of shmem first pays for it; nobody of ours if it was a process outside.
  if (k.current === undefined) setFlag(k, page, PG_outside);
  if (sgp === 'SGP_WRITE') setFlag(k, page, PG_referenced);
  yield* shmemAddToPageCache(k, page, mapping, index);
  yield* folioAddLru(k, page);
  mapping.alloced++;
  mapping.iBlocks++;
  shmemRecalcInode(mapping);
  return { page, error: 0, major: false };
}

/** Whether an object has something within its size at an index, in memory or in swap. */
export function* shmemHas(k: Machine, mapping: AddressSpace, index: number): Step<boolean> {
  if (index * k.pageSize >= mapping.iSize) return false;
  const entry = yield* __filemapGetFolio(k, mapping, index);
  if (entry === 0 || xaIsValue(entry)) return entry !== 0;
  folioUnlock(k, entry);
  yield* folioPut(k, entry);
  return true;
}

/**
 * A new page for a place of an object where nothing stands: locked, with a reference, not yet accounted.
 *
 * @returns the page, 0 without memory, -EEXIST where something stands
 */
export function* shmemAddNewFolio(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  const page = allocPage(k);
  if (page === 0) return 0;
  if (xaLoad(k, mapping, index) !== 0) {
    yield* folioPut(k, page);
    return -EEXIST;
  }
  yield* folioTrylock(k, page);
  setFlag(k, page, PG_swapbacked | PG_uptodate);
  yield* shmemAddToPageCache(k, page, mapping, index);
  return page;
}

/** Takes that page back. */
export function* shmemDropNewFolio(k: Machine, page: number): Step<void> {
  yield* filemapRemoveFolio(k, page);
  folioUnlock(k, page);
  yield* folioPut(k, page);
}

/** Brings a page back from swap. @kernel mm/shmem.c shmem_swapin_folio v6.2 */
export function* shmemSwapinFolio(
  k: Machine,
  mapping: AddressSpace,
  index: number,
  swap: number,
  sgp: SgpType,
): Step<ShmemFolio> {
  if (isSwapinErrorEntry(k, swap)) return { ...nothing, error: -EIO };
  const cached = yield* swapCacheGetFolio(k, swap);
  const major = cached === 0;
  if (major) k.count('pgmajfault');
  const page = major ? yield* readSwapCacheAsync(k, swap) : cached;
  if (page === 0) return { ...nothing, error: -ENOMEM };
  yield* folioLock(k, page);
  const ours = testFlag(k, page, PG_swapcache) && pagePrivate(k, page) === swap;
  const stale = !ours || xaLoad(k, mapping, index) !== swpToRadixEntry(swap);
  const failed = !stale && !testFlag(k, page, PG_uptodate);
  if (failed) yield* shmemSetFolioSwapinError(k, mapping, index, page, swap);
  if (stale || failed) {
    folioUnlock(k, page);
    yield* folioPut(k, page);
    return stale ? yield* shmemGetFolioGfp(k, mapping, index, sgp) : { ...nothing, error: -EIO };
  }
  yield* moveToPageCache(k, mapping, index, page, swap);
  if (sgp === 'SGP_WRITE') yield* folioMarkAccessed(k, page);
  return { page, error: 0, major };
}

function* moveToPageCache(
  k: Machine,
  mapping: AddressSpace,
  index: number,
  page: number,
  swap: number,
): Step<void> {
  yield* shmemAddToPageCache(k, page, mapping, index);
  mapping.swapped--;
  shmemRecalcInode(mapping);
  yield* deleteFromSwapCache(k, page);
  // The only copy now.
  setFlag(k, page, PG_dirty);
  swapFree(k, swap);
}

/** The content is lost for good: the object remembers that. @kernel mm/shmem.c shmem_set_folio_swapin_error v6.2 */
function* shmemSetFolioSwapinError(
  k: Machine,
  mapping: AddressSpace,
  index: number,
  page: number,
  swap: number,
): Step<void> {
  xaStore(k, mapping, index, swpToRadixEntry(makeSwapinErrorEntry(k, page)));
  yield* deleteFromSwapCache(k, page);
  // No longer counted as allocated, or the blocks would not come to 0 when the object goes.
  mapping.alloced--;
  mapping.swapped--;
  shmemRecalcInode(mapping);
  swapFree(k, swap);
}

/**
 * Pages that reclaim dropped without telling are no longer the object's.
 *
 * @kernel mm/shmem.c shmem_recalc_inode v6.2
 */
export function shmemRecalcInode(mapping: AddressSpace): void {
  const freed = mapping.alloced - mapping.swapped - mapping.nrpages;
  if (freed <= 0) return;
  mapping.alloced -= freed;
  mapping.iBlocks -= freed;
}
