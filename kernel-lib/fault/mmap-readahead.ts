import type { Machine } from '../machine/machine.js';
import { testFlag } from '../folio/frame.js';
import { PG_readahead, doPageCacheRa, pageCacheAsyncRa, pageCacheSyncRa } from '../pagecache/readahead.js';
import type { Step } from '../step/step.js';
import { File, getFile } from '../vma/file.js';
import { mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_RAND_READ, VM_SEQ_READ } from '../vma/vm-flags.js';
import { FAULT_FLAG_ALLOW_RETRY, FAULT_FLAG_RETRY_NOWAIT, FAULT_FLAG_TRIED } from './flags.js';
import { type VmFault } from './vm-fault.js';

/** So many more misses than hits say that read-ahead does not help. @kernel mm/filemap.c MMAP_LOTSAMISS v6.2 */
const MMAP_LOTSAMISS = 100;

/**
 * A fault found no page: reads a window around it, or ahead of it where the user said so.
 *
 * @kernel mm/filemap.c do_sync_mmap_readahead v6.2
 * @differs no huge pages
 * @returns the file, held, if the mmap lock was dropped for it; else 0
 */
export function* doSyncMmapReadahead(k: Machine, vmf: VmFault, index: number): Step<number> {
  const file = File.at(k, vmf.vma.vmFile);
  if ((vmf.vma.vmFlags & VM_RAND_READ) !== 0 || file.raPages === 0) return 0;
  if ((vmf.vma.vmFlags & VM_SEQ_READ) !== 0) {
    const fpin = maybeUnlockMmapForIo(k, vmf, 0);
    yield* pageCacheSyncRa(k, file, index, file.raPages);
    return fpin;
  }
  if (file.raMmapMiss < MMAP_LOTSAMISS * 10) file.raMmapMiss++;
  if (file.raMmapMiss > MMAP_LOTSAMISS) return 0;
  const fpin = maybeUnlockMmapForIo(k, vmf, 0);
  file.raStart = Math.max(0, index - Math.floor(file.raPages / 2));
  file.raSize = file.raPages;
  file.raAsyncSize = Math.floor(file.raPages / 4);
  yield* doPageCacheRa(k, file, file.raStart, file.raSize, file.raAsyncSize);
  return fpin;
}

/**
 * A fault found its page: if that one is marked, the next window is read.
 *
 * @kernel mm/filemap.c do_async_mmap_readahead v6.2
 * @returns as doSyncMmapReadahead
 */
export function* doAsyncMmapReadahead(k: Machine, vmf: VmFault, page: number, index: number): Step<number> {
  const file = File.at(k, vmf.vma.vmFile);
  if ((vmf.vma.vmFlags & VM_RAND_READ) !== 0 || file.raPages === 0) return 0;
  if (file.raMmapMiss > 0) file.raMmapMiss--;
  if (!testFlag(k, page, PG_readahead)) return 0;
  const fpin = maybeUnlockMmapForIo(k, vmf, 0);
  yield* pageCacheAsyncRa(k, file, page, index, file.raPages);
  return fpin;
}

/**
 * Whoever waits for a device does not hold up others who want the address space: drops the mmap lock, once.
 *
 * @kernel mm/internal.h maybe_unlock_mmap_for_io v6.2
 * @param fpin the file if that was done before
 * @returns the file, held so that it outlives the mapping; 0 if the lock has to be kept
 */
export function maybeUnlockMmapForIo(k: Machine, { flags, vma, mm }: VmFault, fpin: number): number {
  if (fpin !== 0) return fpin;
  const first = (flags & FAULT_FLAG_ALLOW_RETRY) !== 0 && (flags & FAULT_FLAG_TRIED) === 0;
  if (!first || (flags & FAULT_FLAG_RETRY_NOWAIT) !== 0) return 0;
  getFile(k, vma.vmFile);
  mmapReadUnlock(k, mm);
  return vma.vmFile;
}
