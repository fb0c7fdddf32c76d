import { EBUSY } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { PG_dirty } from '../folio/flags.js';
import { testFlag } from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { filemapGetFolio, filemapRemoveFolio, pageAddressSpace } from '../pagecache/page-cache.js';
import { type PageRange, folioWaitWriteback } from '../pagecache/writeback.js';
import { xaFind } from '../pagecache/xarray.js';
import { folioMapped } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import type { AddressSpace } from '../vma/file.js';
import { unmapMappingFolio, unmapMappingPages } from './unmap-mapping.js';

/**
 * Takes the cached pages of a part of a file out, mapped or not, for the disk is about to change behind their backs.
 *
 * @kernel mm/truncate.c invalidate_inode_pages2_range v6.2
 * @returns 0, or -EBUSY where a page stays because it was dirtied again
 */
export function* invalidateInodePages2Range(
  k: Machine,
  mapping: AddressSpace,
  { start, end }: PageRange,
): Step<number> {
  let result = 0;
  let unmapped = false;
  for (let index = xaFind(k, mapping, start, end); index >= 0; index = xaFind(k, mapping, index + 1, end)) {
    const page = yield* filemapGetFolio(k, mapping, index);
    if (page === 0) continue;
    if (!unmapped && (yield* folioMapped(k, page))) {
      yield* unmapMappingPages(k, mapping, index, end, false);
      unmapped = true;
    }
    yield* folioLock(k, page);
    if (pageAddressSpace(k, page)?.at === mapping.at && !(yield* invalidated(k, mapping, page, index)))
      result = -EBUSY;
    folioUnlock(k, page);
    yield* folioPut(k, page);
  }
  return result;
}

function* invalidated(k: Machine, mapping: AddressSpace, page: number, index: number): Step<boolean> {
  yield* folioWaitWriteback(k, page);
  if (yield* folioMapped(k, page)) yield* unmapMappingFolio(k, mapping, index);
  return yield* invalidateCompleteFolio2(k, page);
}

/** References of others do not keep a page in the cache here. @kernel mm/truncate.c invalidate_complete_folio2 v6.2 */
function* invalidateCompleteFolio2(k: Machine, page: number): Step<boolean> {
  if (testFlag(k, page, PG_dirty)) return false;
  yield* filemapRemoveFolio(k, page);
  return true;
}
