import { folioPut } from '../folio/alloc.js';
import { PG_dirty } from '../folio/flags.js';
import { clearFlag, pageMapcount, setPageByte, setPageFill } from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { __filemapGetFolio, filemapRemoveFolio } from '../pagecache/page-cache.js';
import { folioWaitWriteback } from '../pagecache/writeback.js';
import { xaFind, xaIsValue } from '../pagecache/xarray.js';
import type { Step } from '../step/step.js';
import type { AddressSpace } from '../vma/file.js';
import { unmapMappingFolio } from './unmap-mapping.js';

/**
 * Takes what is cached of bytes [start, end) out for good, written or not; of pages that are cut the part is zeroed.
 *
 * @kernel mm/truncate.c truncate_inode_pages_range v6.2
 * @differs one pass, that waits
 */
export function* truncateInodePagesRange(
  k: Machine,
  mapping: AddressSpace,
  start: number,
  end: number,
): Step<void> {
  const from = Math.floor(start / k.pageSize);
  const to = Math.ceil(end / k.pageSize);
  for (let at = xaFind(k, mapping, from, to); at >= 0; at = xaFind(k, mapping, at + 1, to)) {
    const page = yield* __filemapGetFolio(k, mapping, at);
    if (page === 0 || xaIsValue(page)) continue;
    yield* folioWaitWriteback(k, page);
    const first = Math.max(0, start - at * k.pageSize);
    const last = Math.min(k.pageSize, end - at * k.pageSize);
    if (first === 0 && last === k.pageSize) yield* truncateInodeFolio(k, mapping, page, at);
    else truncateInodePartialFolio(k, page, first, last);
    folioUnlock(k, page);
    yield* folioPut(k, page);
  }
}

/**
 * Zeroes a part of a page.
 *
 * MODEL: of a page only its first byte and what fills the rest are known; the rest is zeroed whole.
 * @kernel mm/truncate.c truncate_inode_partial_folio v6.2
 */
function truncateInodePartialFolio(k: Machine, page: number, first: number, last: number): void {
  if (first === 0) setPageByte(k, page, 0);
  if (last > 1) setPageFill(k, page, 0);
}

/** A locked page leaves its file, and whoever mapped it meanwhile loses it. @kernel mm/truncate.c truncate_inode_folio v6.2 */
export function* truncateInodeFolio(
  k: Machine,
  mapping: AddressSpace,
  page: number,
  index: number,
): Step<void> {
  if (pageMapcount(k, page) > 0) yield* unmapMappingFolio(k, mapping, index);
  clearFlag(k, page, PG_dirty);
  yield* filemapRemoveFolio(k, page);
}
