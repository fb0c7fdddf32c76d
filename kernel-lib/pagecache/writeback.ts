import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty, folioTestClearDirty } from '../folio/dirty.js';
import { PG_dirty, PG_reclaim, PG_writeback } from '../folio/flags.js';
import { clearFlag, folioGet, setFlag, testClearFlag, testFlag } from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import { folioRotateReclaimable } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { folioMkclean } from '../rmap/mkclean.js';
import { type Step, blocked } from '../step/step.js';
import type { AddressSpace } from '../vma/file.js';
import { diskMappings, diskWrite } from './disk-file.js';
import { pageAddressSpace } from './page-cache.js';
import { xaFind, xaLoad } from './xarray.js';

/** Whether a page whose last write is still under way is waited for, to be written again. @kernel include/linux/writeback.h WB_SYNC_ALL v6.2 */
export type SyncMode = 'WB_SYNC_NONE' | 'WB_SYNC_ALL';

/** A part of a file: page indexes, the last one not included. */
export interface PageRange {
  readonly start: number;
  readonly end: number;
}

export const WHOLE_FILE: PageRange = { start: 0, end: Infinity };

/**
 * Writes every dirty page of a part of a file on a disk.
 *
 * @kernel mm/page-writeback.c write_cache_pages v6.2
 * @differs pages are found by their own flag, one by one; nobody is told to slow down (balance_dirty_pages)
 */
export function* writeCachePages(
  k: Machine,
  mapping: AddressSpace,
  syncMode: SyncMode = 'WB_SYNC_NONE',
  { start, end }: PageRange = WHOLE_FILE,
): Step<void> {
  const stop = Math.min(end, Math.ceil(mapping.iSize / k.pageSize));
  for (let index = xaFind(k, mapping, start, stop); index >= 0; index = xaFind(k, mapping, index + 1, stop)) {
    const page = xaLoad(k, mapping, index);
    yield* folioGet(k, page);
    yield* writeFolio(k, mapping, page, syncMode);
    yield* folioPut(k, page);
  }
}

/** Writes one page, if it is still the file's and dirty. MODEL: the body of write_cache_pages(). */
export function* writeFolio(
  k: Machine,
  mapping: AddressSpace,
  page: number,
  syncMode: SyncMode = 'WB_SYNC_NONE',
): Step<void> {
  yield* folioLock(k, page);
  const ours = pageAddressSpace(k, page)?.at === mapping.at && testFlag(k, page, PG_dirty);
  if (ours && testFlag(k, page, PG_writeback) && syncMode === 'WB_SYNC_ALL')
    yield* folioWaitWriteback(k, page);
  const free = ours && !testFlag(k, page, PG_writeback);
  if (free && (yield* folioClearDirtyForIo(k, page))) yield* writePage(k, mapping, page);
  else folioUnlock(k, page);
}

/** Gives a locked page, which is no longer dirty, to the device and unlocks it. MODEL: what ext4 and iomap do alike. */
function* writePage(k: Machine, mapping: AddressSpace, page: number): Step<void> {
  folioStartWriteback(k, page);
  // From here on it can be mapped, written to and dirtied again, unless the device needs stable pages.
  folioUnlock(k, page);
  if (k.globals.diskIsSlow === 0) yield* completeWrite(k, mapping, page);
}

function* completeWrite(k: Machine, mapping: AddressSpace, page: number): Step<void> {
  yield* diskWrite(k, mapping, page);
  yield* folioEndWriteback(k, page);
}

/**
 * Takes the dirty flag of a locked page that is about to be written; false if there was nothing to write. Whatever a
 * mapping still knows goes to the flag first, and from here on stores through mappings fault.
 *
 * @kernel mm/page-writeback.c folio_clear_dirty_for_io v6.2
 */
export function* folioClearDirtyForIo(k: Machine, page: number): Step<boolean> {
  if ((yield* folioMkclean(k, page)) > 0) yield* folioMarkDirty(k, page);
  return yield* folioTestClearDirty(k, page);
}

/** @kernel include/linux/page-flags.h folio_start_writeback v6.2 */
function folioStartWriteback(k: Machine, page: number): void {
  setFlag(k, page, PG_writeback);
}

/** The device has the page; whom reclaim had to leave waiting is the first to go now. @kernel mm/filemap.c folio_end_writeback v6.2 */
function* folioEndWriteback(k: Machine, page: number): Step<void> {
  yield* settle();
  if (testClearFlag(k, page, PG_reclaim)) yield* folioRotateReclaimable(k, page);
  clearFlag(k, page, PG_writeback);
}

/** The device's interrupt comes whenever it likes. */
function* settle(): Step<void> {
  yield;
}

/**
 * Waits until the device has the page.
 *
 * MODEL: a slow disk finishes what is waited for, with what the page holds then.
 * @kernel mm/page-writeback.c folio_wait_writeback v6.2
 */
export function* folioWaitWriteback(k: Machine, page: number): Step<void> {
  while (yield* folioTestWriteback(k, page)) {
    const mapping = pageAddressSpace(k, page);
    if (k.globals.diskIsSlow !== 0 && mapping !== null) yield* completeWrite(k, mapping, page);
    else yield* blocked('writeback');
  }
}

/** Whether a page is being written: `folio_test_writeback` of include/linux/page-flags.h. */
function* folioTestWriteback(k: Machine, page: number): Step<boolean> {
  yield;
  return testFlag(k, page, PG_writeback);
}

/** Waits if the device wants the page to stay as it is while it is written. @kernel mm/page-writeback.c folio_wait_stable v6.2 */
export function* folioWaitStable(k: Machine, page: number): Step<void> {
  if (pageAddressSpace(k, page)?.stableWrites === 1) yield* folioWaitWriteback(k, page);
}

/** @kernel mm/filemap.c filemap_fdatawait_range v6.2 */
export function* filemapFdatawaitRange(k: Machine, mapping: AddressSpace, range: PageRange): Step<void> {
  const { start, end } = range;
  for (let index = xaFind(k, mapping, start, end); index >= 0; index = xaFind(k, mapping, index + 1, end)) {
    const page = xaLoad(k, mapping, index);
    if (!testFlag(k, page, PG_writeback)) continue;
    yield* folioGet(k, page);
    yield* folioWaitWriteback(k, page);
    yield* folioPut(k, page);
  }
}

/** @kernel mm/filemap.c filemap_write_and_wait_range v6.2 */
export function* filemapWriteAndWaitRange(
  k: Machine,
  mapping: AddressSpace,
  range: PageRange = WHOLE_FILE,
): Step<void> {
  yield* writeCachePages(k, mapping, 'WB_SYNC_ALL', range);
  yield* filemapFdatawaitRange(k, mapping, range);
}

/** What fsync and msync with MS_SYNC do: all of the part is on disk afterwards. @kernel mm/filemap.c file_write_and_wait_range v6.2 */
export function* fileWriteAndWaitRange(
  k: Machine,
  mapping: AddressSpace,
  range: PageRange = WHOLE_FILE,
): Step<number> {
  if (mapping.disk !== 0) yield* filemapWriteAndWaitRange(k, mapping, range);
  return 0;
}

/** The sync system call: everything of every file. MODEL: sync() of fs/sync.c. */
export function* syncFiles(k: Machine): Step<void> {
  for (const mapping of diskMappings(k)) yield* filemapWriteAndWaitRange(k, mapping);
}

/**
 * Writes what is dirty and waits for nothing.
 *
 * MODEL: the flusher has done its round when this returns; a kernel only wakes it.
 * @kernel fs/fs-writeback.c wakeup_flusher_threads v6.2
 */
export function* wakeupFlusherThreads(k: Machine): Step<void> {
  for (const mapping of diskMappings(k)) yield* writeCachePages(k, mapping);
}

/** A slow disk finishes everything that it was given. */
export function* completeWrites(k: Machine): Step<void> {
  for (const mapping of diskMappings(k)) yield* filemapFdatawaitRange(k, mapping, WHOLE_FILE);
}
