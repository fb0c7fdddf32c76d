import { folioPut } from '../folio/alloc.js';
import { folioMarkDirty, folioTestClearDirty } from '../folio/dirty.js';
import { PG_dirty } from '../folio/flags.js';
import { folioGet, testFlag } from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { folioMkclean } from '../rmap/mkclean.js';
import type { Step } from '../step/step.js';
import type { AddressSpace } from '../vma/file.js';
import { diskWrite } from './disk-file.js';
import { pageAddressSpace } from './page-cache.js';
import { xaFind, xaLoad } from './xarray.js';

/**
 * Writes every dirty page of a file on a disk.
 *
 * @kernel mm/page-writeback.c write_cache_pages v6.2
 * @differs pages are found by their own flag, one by one; all of the file is written
 */
export function* writeCachePages(k: Machine, mapping: AddressSpace): Step<void> {
  const size = mapping.iSize / k.pageSize;
  for (let index = xaFind(k, mapping, 0, size); index >= 0; index = xaFind(k, mapping, index + 1, size)) {
    const page = xaLoad(k, mapping, index);
    yield* folioGet(k, page);
    yield* writeFolio(k, mapping, page);
    yield* folioPut(k, page);
  }
}

/**
 * Writes one page, if it is still the file's and dirty.
 *
 * MODEL: the device has the page's content before its lock is given back, so no page is found under writeback.
 */
export function* writeFolio(k: Machine, mapping: AddressSpace, page: number): Step<void> {
  yield* folioLock(k, page);
  const ours = pageAddressSpace(k, page)?.at === mapping.at;
  if (ours && testFlag(k, page, PG_dirty) && (yield* folioClearDirtyForIo(k, page)))
    yield* diskWrite(k, mapping, page);
  folioUnlock(k, page);
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
