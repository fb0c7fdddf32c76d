import { EEXIST, ENOMEM } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { PG_uptodate } from '../folio/flags.js';
import { setPageByte, testFlag } from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { AddressSpace } from '../vma/file.js';
import { filemapGetFolio, pageAddressSpace } from './page-cache.js';
import { filemapCreateLocked, filemapReadFolio } from './readahead.js';
import { shmemGetFolioGfp } from './shmem.js';
import { folioWaitStable } from './writeback.js';

/**
 * Writes the first byte of a page of an object, as pwrite does.
 *
 * @kernel mm/filemap.c generic_perform_write v6.2
 * @differs one byte at the start of a page; the writer is never told to slow down
 * @returns 1 or a negative error number
 */
export function* genericPerformWrite(
  k: Machine,
  mapping: AddressSpace,
  index: number,
  value: number,
): Step<number> {
  const page =
    mapping.disk === 0
      ? yield* shmemWriteBegin(k, mapping, index)
      : yield* iomapWriteBegin(k, mapping, index);
  if (page < 0) return page;
  setPageByte(k, page, value);
  mapping.iSize = Math.max(mapping.iSize, index * k.pageSize + 1);
  yield* folioMarkDirty(k, page);
  folioUnlock(k, page);
  yield* folioPut(k, page);
  return 1;
}

/** @kernel mm/shmem.c shmem_write_begin v6.2 @returns a locked page with a reference, or a negative error number */
function* shmemWriteBegin(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  const { page, error } = yield* shmemGetFolioGfp(k, mapping, index, 'SGP_WRITE');
  return error === 0 ? page : error;
}

/**
 * The page that a part of is to be written: what is not written has to be read first.
 *
 * @kernel fs/iomap/buffered-io.c iomap_write_begin v6.2
 * @returns a locked page with a reference, or a negative error number
 */
export function* iomapWriteBegin(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  for (;;) {
    const found = yield* filemapGetFolio(k, mapping, index);
    if (found !== 0) yield* folioLock(k, found);
    const page = found === 0 ? yield* filemapCreateLocked(k, mapping, index) : found;
    if (page === 0) return -ENOMEM;
    if (page === -EEXIST) continue;
    if (pageAddressSpace(k, page)?.at === mapping.at) return yield* prepared(k, mapping, page);
    folioUnlock(k, page);
    yield* folioPut(k, page);
  }
}

function* prepared(k: Machine, mapping: AddressSpace, page: number): Step<number> {
  yield* folioWaitStable(k, page);
  if (!testFlag(k, page, PG_uptodate)) yield* filemapReadFolio(k, mapping, page);
  return page;
}
