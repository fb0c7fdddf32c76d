import { folioPut } from '../folio/alloc.js';
import { folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { __filemapGetFolio } from '../pagecache/page-cache.js';
import { shmemRecalcInode } from '../pagecache/shmem.js';
import { radixToSwpEntry, xaFind, xaIsValue, xaStore } from '../pagecache/xarray.js';
import type { Step } from '../step/step.js';
import { freeSwapAndCache } from '../swap/cache.js';
import { nonSwapEntry } from '../swap/entry.js';
import type { AddressSpace } from '../vma/file.js';
import { truncateInodeFolio } from './truncate-inode.js';
import { unmapMappingPages } from './unmap-mapping.js';

/**
 * Changes an object's size, as ftruncate does.
 *
 * @kernel mm/shmem.c shmem_setattr v6.2
 * @param size in pages
 */
export function* shmemSetattr(k: Machine, mapping: AddressSpace, size: number): Step<void> {
  const oldSize = mapping.iSize;
  mapping.iSize = size * k.pageSize;
  if (mapping.iSize >= oldSize) return;
  yield* unmapMappingPages(k, mapping, size, Infinity, true);
  yield* shmemTruncateRange(k, mapping, size, Infinity);
  // A fault that had seen the old size may have brought a private copy meanwhile.
  yield* unmapMappingPages(k, mapping, size, Infinity, true);
}

/**
 * Punches a hole, as fallocate does: private copies stay.
 *
 * @kernel mm/shmem.c shmem_fallocate v6.2
 * @differs FALLOC_FL_PUNCH_HOLE only
 */
export function* shmemFallocate(
  k: Machine,
  mapping: AddressSpace,
  start: number,
  nrPages: number,
): Step<void> {
  yield* unmapMappingPages(k, mapping, start, start + nrPages, false);
  yield* shmemTruncateRange(k, mapping, start, start + nrPages);
}

/** Drops what an object holds in [start, end), in memory or in swap. @kernel mm/shmem.c shmem_truncate_range v6.2 */
export function* shmemTruncateRange(
  k: Machine,
  mapping: AddressSpace,
  start: number,
  end: number,
): Step<void> {
  let nrSwapsFreed = 0;
  for (let at = xaFind(k, mapping, start, end); at >= 0; at = xaFind(k, mapping, at + 1, end)) {
    const entry = yield* __filemapGetFolio(k, mapping, at);
    if (!xaIsValue(entry)) {
      yield* truncateInodeFolio(k, mapping, entry, at);
      folioUnlock(k, entry);
      yield* folioPut(k, entry);
      continue;
    }
    xaStore(k, mapping, at, 0);
    const swap = radixToSwpEntry(entry);
    if (!nonSwapEntry(k, swap)) {
      yield* freeSwapAndCache(k, swap);
      nrSwapsFreed++;
    }
  }
  mapping.swapped -= nrSwapsFreed;
  shmemRecalcInode(mapping);
}
