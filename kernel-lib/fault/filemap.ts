import { EEXIST } from '../base/errno.js';
import { vmBugOn } from '../base/error.js';
import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { PG_uptodate } from '../folio/flags.js';
import { testFlag } from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { filemapGetFolio, pageAddressSpace } from '../pagecache/page-cache.js';
import { filemapCreateLocked, filemapReadFolio } from '../pagecache/readahead.js';
import { folioWaitStable } from '../pagecache/writeback.js';
import type { Step } from '../step/step.js';
import {
  type AddressSpace,
  filemapInvalidateLockShared,
  filemapInvalidateUnlockShared,
  fput,
  vmaMapping,
} from '../vma/file.js';
import { linearPageIndex } from '../vma/vma.js';
import {
  FAULT_FLAG_RETRY_NOWAIT,
  FAULT_FLAG_TRIED,
  VM_FAULT_LOCKED,
  VM_FAULT_MAJOR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
} from './flags.js';
import { doAsyncMmapReadahead, doSyncMmapReadahead, maybeUnlockMmapForIo } from './mmap-readahead.js';
import type { VmFault } from './vm-fault.js';

/** A fault on a file that is under way: what it has taken beside the page, and is to give back. */
interface FileFault {
  readonly vmf: VmFault;
  readonly mapping: AddressSpace;
  readonly index: number;
  /** The file, held because the mmap lock was dropped to wait for the device; 0 while the lock is held. */
  fpin: number;
  mappingLocked: boolean;
}

/**
 * Finds the page of a file on a disk, or reads it in: locked, with a reference, in vmf.page. Who had to wait for the
 * device has dropped the mmap lock, and the fault is to be tried again.
 *
 * @kernel mm/filemap.c filemap_fault v6.2
 * @differs a device never fails, so a page that was read is uptodate
 */
export function* filemapFault(k: Machine, vmf: VmFault): Step<number> {
  const mapping = mappingOf(k, vmf);
  const index = linearPageIndex(vmf.vma, vmf.address);
  if (behindEnd(k, mapping, index)) return VM_FAULT_SIGBUS;
  const fault: FileFault = { vmf, mapping, index, fpin: 0, mappingLocked: false };
  let major = 0;
  let page = yield* filemapGetFolio(k, mapping, index);
  if (page === 0) {
    k.count('pgmajfault');
    major = VM_FAULT_MAJOR;
    fault.fpin = yield* doSyncMmapReadahead(k, vmf, index);
  } else if ((vmf.flags & FAULT_FLAG_TRIED) === 0) {
    fault.fpin = yield* doAsyncMmapReadahead(k, vmf, page, index);
  }
  page = yield* lockedAndUptodate(k, fault, page);
  if (fault.mappingLocked) filemapInvalidateUnlockShared(k, mapping);
  if (fault.fpin !== 0) fput(k, fault.fpin);
  if (page === NO_MEMORY) return VM_FAULT_OOM;
  if (page === RETRY) return major | VM_FAULT_RETRY;
  if (behindEnd(k, mapping, index)) {
    folioUnlock(k, page);
    yield* folioPut(k, page);
    return VM_FAULT_SIGBUS;
  }
  vmf.page = page;
  return major | VM_FAULT_LOCKED;
}

/** Instead of a page: the mmap lock was dropped, or may not be kept while waiting, and whoever asked begins again. */
const RETRY = -1;
/** Instead of a page: there is no memory for one. */
const NO_MEMORY = -2;

/** Locks the page, or finds or reads another in its place. @returns the page, RETRY or NO_MEMORY */
function* lockedAndUptodate(k: Machine, fault: FileFault, found: number): Step<number> {
  for (let page = found; ; page = yield* findOrCreate(k, fault)) {
    if (page === 0) continue;
    if (page === NO_MEMORY) return fault.fpin === 0 ? NO_MEMORY : RETRY;
    if (!(yield* lockFolioMaybeDropMmap(k, fault, page))) {
      yield* folioPut(k, page);
      return RETRY;
    }
    const uptodate = yield* uptodateAndOurs(k, fault, page);
    if (uptodate && fault.fpin === 0) return page;
    folioUnlock(k, page);
    yield* folioPut(k, page);
    if (uptodate) return RETRY;
  }
}

/** Whether a locked page is still the file's and has its content, after it was read if need be. */
function* uptodateAndOurs(k: Machine, fault: FileFault, page: number): Step<boolean> {
  const { mapping, vmf, mappingLocked } = fault;
  if (pageAddressSpace(k, page)?.at !== mapping.at) return false;
  if (testFlag(k, page, PG_uptodate)) return true;
  // Only under the invalidate lock is it sure that nobody is about to take the page out.
  if (!mappingLocked) return false;
  fault.fpin = maybeUnlockMmapForIo(k, vmf, fault.fpin);
  yield* filemapReadFolio(k, mapping, page);
  return true;
}

/** The page at the index, made if there is none: the invalidate lock keeps truncation away meanwhile. */
function* findOrCreate(k: Machine, fault: FileFault): Step<number> {
  const { mapping, index } = fault;
  if (!fault.mappingLocked) yield* filemapInvalidateLockShared(k, mapping);
  fault.mappingLocked = true;
  for (;;) {
    const found = yield* filemapGetFolio(k, mapping, index);
    if (found !== 0) return found;
    const page = yield* filemapCreateLocked(k, mapping, index);
    if (page === -EEXIST) continue;
    if (page === 0) return NO_MEMORY;
    folioUnlock(k, page);
    return page;
  }
}

/**
 * Locks a page; to sleep for it the mmap lock is dropped.
 *
 * @kernel mm/filemap.c lock_folio_maybe_drop_mmap v6.2
 * @returns false where the caller must not sleep
 */
function* lockFolioMaybeDropMmap(k: Machine, fault: FileFault, page: number): Step<boolean> {
  const { vmf } = fault;
  if (yield* folioTrylock(k, page)) return true;
  if ((vmf.flags & FAULT_FLAG_RETRY_NOWAIT) !== 0) return false;
  fault.fpin = maybeUnlockMmapForIo(k, vmf, fault.fpin);
  yield* folioLock(k, page);
  return true;
}

function behindEnd(k: Machine, mapping: AddressSpace, index: number): boolean {
  return index * k.pageSize >= mapping.iSize;
}

/**
 * A page is about to become writable: the file system dirties it first. Locked unless the file has lost it.
 *
 * @kernel mm/filemap.c filemap_page_mkwrite v6.2
 */
export function* filemapPageMkwrite(k: Machine, vmf: VmFault): Step<number> {
  yield* folioLock(k, vmf.page);
  if (pageAddressSpace(k, vmf.page)?.at !== mappingOf(k, vmf).at) {
    folioUnlock(k, vmf.page);
    return VM_FAULT_NOPAGE;
  }
  // First, so that a writeback from here on sees it and write-protects it again.
  yield* folioMarkDirty(k, vmf.page);
  yield* folioWaitStable(k, vmf.page);
  return VM_FAULT_LOCKED;
}

function mappingOf(k: Machine, vmf: VmFault): AddressSpace {
  const mapping = vmaMapping(k, vmf.vma);
  vmBugOn(mapping === null, 'a file mapping has an address space');
  return mapping!;
}
