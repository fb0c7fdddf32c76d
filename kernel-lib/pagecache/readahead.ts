import { EEXIST } from '../base/errno.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import { PG_reclaim, PG_uptodate, PG_writeback } from '../folio/flags.js';
import { clearFlag, setFlag, testFlag } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import {
  AddressSpace,
  type File,
  filemapInvalidateLockShared,
  filemapInvalidateUnlockShared,
} from '../vma/file.js';
import { diskRead } from './disk-file.js';
import { filemapAddFolio } from './page-cache.js';
import { xaLoad } from './xarray.js';

/** The page at which the next window is to be read. It is one bit with PG_reclaim. @kernel include/linux/page-flags.h PG_readahead v6.2 */
export const PG_readahead = PG_reclaim;

function mappingOf(k: Machine, file: File): AddressSpace {
  return AddressSpace.at(k, file.fMapping);
}

/** A read found nothing at `index`. @param reqSize pages that are wanted @kernel mm/readahead.c page_cache_sync_ra v6.2 */
export function* pageCacheSyncRa(k: Machine, file: File, index: number, reqSize: number): Step<void> {
  if (file.raPages > 0) yield* ondemandReadahead(k, file, index, reqSize, false);
}

/** Somebody came to the marked page of a window. @kernel mm/readahead.c page_cache_async_ra v6.2 */
export function* pageCacheAsyncRa(
  k: Machine,
  file: File,
  page: number,
  index: number,
  reqSize: number,
): Step<void> {
  // The bit may say that reclaim waits for the write.
  if (file.raPages === 0 || testFlag(k, page, PG_writeback)) return;
  clearFlag(k, page, PG_readahead);
  yield* ondemandReadahead(k, file, index, reqSize, true);
}

/**
 * Reads ahead as far as the last reads make it look useful.
 *
 * @kernel mm/readahead.c ondemand_readahead v6.2
 */
function* ondemandReadahead(
  k: Machine,
  file: File,
  index: number,
  reqSize: number,
  marked: boolean,
): Step<void> {
  const window = nextWindow(k, file, index, reqSize, marked);
  if (window === 'none') return;
  // Neither does a small read in the midst of the file change what is known of others.
  if (window === 'asked') return yield* doPageCacheRa(k, file, index, reqSize, 0);
  if (index === file.raStart && file.raSize === file.raAsyncSize) {
    const add = getNextRaSize(file, file.raPages);
    const fits = file.raSize + add <= file.raPages;
    file.raAsyncSize = fits ? add : file.raPages >> 1;
    file.raSize = fits ? file.raSize + add : file.raPages;
  }
  yield* doPageCacheRa(k, file, file.raStart, file.raSize, file.raAsyncSize);
}

/** Sets the window in the file, or says that none is wanted, or what was asked for alone. */
function nextWindow(
  k: Machine,
  file: File,
  index: number,
  reqSize: number,
  marked: boolean,
): 'window' | 'none' | 'asked' {
  const max = file.raPages;
  if (index === 0) return initialWindow(file, index, reqSize, max);
  const end = file.raStart + file.raSize;
  if (index === end - file.raAsyncSize || index === end) {
    return setWindow(file, end, getNextRaSize(file, max));
  }
  if (marked) {
    const start = pageCacheNextMiss(k, mappingOf(k, file), index + 1, max);
    if (start === 0 || start - index > max) return 'none';
    file.raSize = start - index + reqSize;
    return setWindow(file, start, getNextRaSize(file, max));
  }
  const goesOn = file.raPrevPos >= 0 && index - file.raPrevPos >= 0 && index - file.raPrevPos <= 1;
  if (reqSize > max || goesOn) return initialWindow(file, index, reqSize, max);
  return tryContextReadahead(k, file, index, reqSize, max) ? 'window' : 'asked';
}

function setWindow(file: File, start: number, size: number): 'window' {
  file.raStart = start;
  file.raSize = size;
  file.raAsyncSize = size;
  return 'window';
}

function initialWindow(file: File, index: number, reqSize: number, max: number): 'window' {
  setWindow(file, index, getInitRaSize(reqSize, max));
  if (file.raSize > reqSize) file.raAsyncSize = file.raSize - reqSize;
  return 'window';
}

/** @kernel mm/readahead.c get_init_ra_size v6.2 */
function getInitRaSize(size: number, max: number): number {
  const newsize = 2 ** Math.ceil(Math.log2(size));
  if (newsize <= max / 32) return newsize * 4;
  return newsize <= max / 4 ? newsize * 2 : max;
}

/** @kernel mm/readahead.c get_next_ra_size v6.2 */
function getNextRaSize({ raSize }: File, max: number): number {
  if (raSize < max / 16) return 4 * raSize;
  return raSize <= max / 2 ? 2 * raSize : max;
}

/** Whether pages before `index` that are cached speak of a stream. @kernel mm/readahead.c try_context_readahead v6.2 */
function tryContextReadahead(k: Machine, file: File, index: number, reqSize: number, max: number): boolean {
  let history = 0;
  while (history < Math.min(index, max) && xaLoad(k, mappingOf(k, file), index - 1 - history) !== 0)
    history++;
  if (history <= reqSize) return false;
  // From the file's start on: it looks like all of it will be read.
  const size = history >= index ? 2 * history : history;
  file.raStart = index;
  file.raSize = Math.min(size + reqSize, max);
  file.raAsyncSize = 1;
  return true;
}

/** @kernel mm/filemap.c page_cache_next_miss v6.2 */
function pageCacheNextMiss(k: Machine, mapping: AddressSpace, index: number, max: number): number {
  for (let n = 0; n < max; n++) if (xaLoad(k, mapping, index + n) === 0) return index + n;
  return index + max;
}

/** Reads a window, but nothing behind the file's end. @kernel mm/readahead.c do_page_cache_ra v6.2 */
export function* doPageCacheRa(
  k: Machine,
  file: File,
  index: number,
  nrToRead: number,
  lookahead: number,
): Step<void> {
  const end = Math.ceil(mappingOf(k, file).iSize / k.pageSize);
  if (index >= end) return;
  yield* pageCacheRaUnbounded(k, file, index, Math.min(nrToRead, end - index), lookahead);
}

/**
 * Reads what is not cached of [index, index + nrToRead), and marks the page with which the last `lookahead` begin.
 *
 * MODEL: the device is done when this returns.
 * @kernel mm/readahead.c page_cache_ra_unbounded v6.2
 */
export function* pageCacheRaUnbounded(
  k: Machine,
  file: File,
  index: number,
  nrToRead: number,
  lookahead: number,
): Step<void> {
  const mapping = mappingOf(k, file);
  yield* filemapInvalidateLockShared(k, mapping);
  for (let i = 0; i < nrToRead; i++) {
    if (xaLoad(k, mapping, index + i) !== 0) continue;
    const page = yield* filemapCreateLocked(k, mapping, index + i);
    if (page === -EEXIST) continue;
    if (page === 0) break;
    if (i === nrToRead - lookahead) setFlag(k, page, PG_readahead);
    yield* filemapReadFolio(k, mapping, page);
    folioUnlock(k, page);
    yield* folioPut(k, page);
  }
  filemapInvalidateUnlockShared(k, mapping);
}

/**
 * Reads a range at the user's wish, in pieces of 2 MiB or the window, whatever was read before.
 *
 * @kernel mm/readahead.c force_page_cache_ra v6.2
 * @differs in one piece
 */
export function* forcePageCacheRa(k: Machine, file: File, index: number, nrToRead: number): Step<void> {
  yield* doPageCacheRa(k, file, index, Math.min(nrToRead, file.raPages), 0);
}

/**
 * A new page of the file: locked, with a reference beside the cache's, its content not yet read.
 *
 * @returns 0 without memory, -EEXIST where another CPU was first
 */
export function* filemapCreateLocked(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  const page = allocPage(k);
  if (page === 0) return 0;
  yield* folioTrylock(k, page);
  if ((yield* filemapAddFolio(k, page, mapping, index)) !== 0) {
    folioUnlock(k, page);
    yield* folioPut(k, page);
    return -EEXIST;
  }
  yield* folioAddLru(k, page);
  return page;
}

/** Fills a locked page from the disk. @kernel mm/filemap.c filemap_read_folio v6.2 @differs the device never fails */
export function* filemapReadFolio(k: Machine, mapping: AddressSpace, page: number): Step<void> {
  yield* diskRead(k, mapping, page);
  setFlag(k, page, PG_uptodate);
}
