import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { setPageFill } from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { diskDiscard } from '../pagecache/disk-file.js';
import { iomapWriteBegin } from '../pagecache/perform-write.js';
import type { Step } from '../step/step.js';
import { type AddressSpace, filemapInvalidateLock, filemapInvalidateUnlock } from '../vma/file.js';
import { truncateInodePagesRange } from './truncate-inode.js';
import { unmapMappingPages } from './unmap-mapping.js';

/**
 * Changes the size of a file on a disk, as ftruncate does.
 *
 * MODEL: the order in which file systems on iomap do it.
 * @param size in bytes
 * @returns 0 or a negative error number
 */
export function* diskSetattr(k: Machine, mapping: AddressSpace, size: number): Step<number> {
  const shrinks = size < mapping.iSize;
  // What the last page holds behind the new end must not come back when the file grows again.
  const error = shrinks ? yield* iomapTruncatePage(k, mapping, size) : 0;
  if (error !== 0) return error;
  yield* filemapInvalidateLock(k, mapping);
  yield* truncateSetsize(k, mapping, size);
  diskDiscard(k, mapping, Math.ceil(size / k.pageSize), Infinity);
  filemapInvalidateUnlock(k, mapping);
  return 0;
}

/**
 * Zeroes what a page holds behind a size that cuts it; by way of the page cache, so that it is written.
 *
 * @kernel fs/iomap/buffered-io.c iomap_truncate_page v6.2
 */
function* iomapTruncatePage(k: Machine, mapping: AddressSpace, size: number): Step<number> {
  if (size % k.pageSize === 0) return 0;
  const page = yield* iomapWriteBegin(k, mapping, Math.floor(size / k.pageSize));
  if (page < 0) return page;
  setPageFill(k, page, 0);
  yield* folioMarkDirty(k, page);
  folioUnlock(k, page);
  yield* folioPut(k, page);
  return 0;
}

/** @kernel mm/truncate.c truncate_setsize v6.2 @differs a block of the disk is a page, so growing changes no page */
function* truncateSetsize(k: Machine, mapping: AddressSpace, newsize: number): Step<void> {
  mapping.iSize = newsize;
  yield* truncatePagecache(k, mapping, newsize);
}

/** What lies behind the new size leaves the cache and all mappings. @kernel mm/truncate.c truncate_pagecache v6.2 */
function* truncatePagecache(k: Machine, mapping: AddressSpace, newsize: number): Step<void> {
  const holebegin = Math.ceil(newsize / k.pageSize);
  yield* unmapMappingPages(k, mapping, holebegin, Infinity, true);
  yield* truncateInodePagesRange(k, mapping, newsize, Infinity);
  // A fault that had seen the old size may have made a private copy meanwhile.
  yield* unmapMappingPages(k, mapping, holebegin, Infinity, true);
}

/**
 * Punches a hole of whole pages into a file on a disk, as fallocate does: private copies stay.
 *
 * MODEL: FALLOC_FL_PUNCH_HOLE of file systems on iomap.
 */
export function* diskPunchHole(
  k: Machine,
  mapping: AddressSpace,
  start: number,
  nrPages: number,
): Step<void> {
  yield* filemapInvalidateLock(k, mapping);
  yield* truncatePagecacheRange(k, mapping, start, start + nrPages);
  diskDiscard(k, mapping, start, start + nrPages);
  filemapInvalidateUnlock(k, mapping);
}

/** @kernel mm/truncate.c truncate_pagecache_range v6.2 @param end index behind the last page */
function* truncatePagecacheRange(k: Machine, mapping: AddressSpace, start: number, end: number): Step<void> {
  yield* unmapMappingPages(k, mapping, start, end, false);
  yield* truncateInodePagesRange(k, mapping, start * k.pageSize, end * k.pageSize);
}
