import { EEXIST, EINVAL, ENOMEM } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { PG_uptodate } from '../folio/flags.js';
import { pageByte, testFlag } from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import { folioMarkAccessed } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import {
  AddressSpace,
  FILE_DISK,
  type File,
  filemapInvalidateLockShared,
  filemapInvalidateUnlockShared,
} from '../vma/file.js';
import { hugetlbfsReadByte } from './hugetlb-file.js';
import { filemapGetFolio, pageAddressSpace } from './page-cache.js';
import {
  PG_readahead,
  filemapCreateLocked,
  filemapReadFolio,
  pageCacheAsyncRa,
  pageCacheSyncRa,
} from './readahead.js';
import { shmemFileReadIter } from './shmem-io.js';

/** Reads the first byte of a page of a file, as pread does. @returns the byte; or a negative error number, -EINVAL behind the end */
export function* readFile(k: Machine, file: File, index: number): Step<number> {
  if (file.fOp === FILE_DISK) return yield* filemapRead(k, file, index);
  const mapping = AddressSpace.at(k, file.fMapping);
  if (mapping.resvMap !== 0) return hugetlbfsReadByte(k, mapping, index);
  return yield* shmemFileReadIter(k, mapping, index);
}

/** @kernel mm/filemap.c filemap_read v6.2 @differs one byte at the start of a page; behind the end -EINVAL */
function* filemapRead(k: Machine, file: File, index: number): Step<number> {
  const mapping = AddressSpace.at(k, file.fMapping);
  if (index * k.pageSize >= mapping.iSize) return -EINVAL;
  const page = yield* filemapGetPages(k, file, mapping, index);
  if (page === 0) return -ENOMEM;
  // Whoever goes on in the same page uses it once.
  if (file.raPrevPos !== index) yield* folioMarkAccessed(k, page);
  const value = pageByte(k, page);
  yield* folioPut(k, page);
  file.raPrevPos = index;
  return value;
}

/** A page with its content, and a reference; 0 without memory. @kernel mm/filemap.c filemap_get_pages v6.2 */
function* filemapGetPages(k: Machine, file: File, mapping: AddressSpace, index: number): Step<number> {
  for (;;) {
    let page = yield* filemapGetFolio(k, mapping, index);
    if (page === 0) {
      yield* pageCacheSyncRa(k, file, index, 1);
      page = yield* filemapGetFolio(k, mapping, index);
    }
    if (page === 0) page = yield* filemapCreateFolio(k, mapping, index);
    if (page === -EEXIST) continue;
    if (page === 0) return 0;
    if (testFlag(k, page, PG_readahead)) yield* pageCacheAsyncRa(k, file, page, index, 1);
    if (testFlag(k, page, PG_uptodate) || (yield* filemapUpdatePage(k, mapping, page))) return page;
    yield* folioPut(k, page);
  }
}

/** @kernel mm/filemap.c filemap_create_folio v6.2 */
function* filemapCreateFolio(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  yield* filemapInvalidateLockShared(k, mapping);
  const page = yield* filemapCreateLocked(k, mapping, index);
  if (page > 0) {
    yield* filemapReadFolio(k, mapping, page);
    folioUnlock(k, page);
  }
  filemapInvalidateUnlockShared(k, mapping);
  return page;
}

/** A page that is being read, or whose reader gave up. @kernel mm/filemap.c filemap_update_page v6.2 @returns whether it is still the file's */
function* filemapUpdatePage(k: Machine, mapping: AddressSpace, page: number): Step<boolean> {
  yield* filemapInvalidateLockShared(k, mapping);
  yield* folioLock(k, page);
  const ours = pageAddressSpace(k, page)?.at === mapping.at;
  if (ours && !testFlag(k, page, PG_uptodate)) yield* filemapReadFolio(k, mapping, page);
  folioUnlock(k, page);
  filemapInvalidateUnlockShared(k, mapping);
  return ours;
}
