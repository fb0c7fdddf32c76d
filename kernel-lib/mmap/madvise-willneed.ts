import { folioPut } from '../folio/alloc.js';
import { lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { forcePageCacheRa } from '../pagecache/readahead.js';
import { radixToSwpEntry, xaFind, xaIsValue, xaLoad } from '../pagecache/xarray.js';
import { pteNone, ptePresent } from '../pgtable/pte.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { readSwapCacheAsync } from '../swap/cache.js';
import { nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { type AddressSpace, File, vmaMapping } from '../vma/file.js';
import { linearPageIndex, type Vma } from '../vma/vma.js';
import { walkPageRange } from './walk-page-range.js';

/**
 * Reads swapped pages into the swap cache, and pages of files into the page cache; page tables stay as they are.
 *
 * @kernel mm/madvise.c madvise_willneed v6.2
 */
export function* madviseWillneed(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  const mapping = vmaMapping(k, vma);
  if (mapping !== null && mapping.disk === 0) yield* forceShmSwapinReadahead(k, vma, start, end, mapping);
  else if (mapping !== null) yield* vfsFadvise(k, vma, start, end);
  else if (vma.vmFile === 0) yield* walkPageRange(k, vma, start, end, swapinWalkPmdEntry, undefined);
  yield* lruAddDrain(k);
  return 0;
}

/** @kernel mm/madvise.c swapin_walk_pmd_entry v6.2 */
function* swapinWalkPmdEntry(k: Machine, _vma: Vma, table: number, start: number, end: number): Step<void> {
  for (let at = start; at < end; at += k.pageSize) {
    yield* ptlLock(k, table);
    const pte = yield* ptepGet(k, pteOffset(k, table, at));
    ptlUnlock(k, table);
    if (pteNone(k, pte) || ptePresent(k, pte)) continue;
    const entry = pteToSwpEntry(k, pte);
    if (!nonSwapEntry(k, entry)) yield* readAhead(k, entry);
  }
}

/** Reads a file's pages. @kernel mm/fadvise.c vfs_fadvise v6.2 @differs POSIX_FADV_WILLNEED only */
function* vfsFadvise(k: Machine, vma: Vma, start: number, end: number): Step<void> {
  const index = linearPageIndex(vma, start);
  yield* forcePageCacheRa(k, File.at(k, vma.vmFile), index, linearPageIndex(vma, end) - index);
}

/** @kernel mm/madvise.c force_shm_swapin_readahead v6.2 */
function* forceShmSwapinReadahead(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  mapping: AddressSpace,
): Step<void> {
  // The page behind the last was taken for the last, so one too many was read.
  const stop = linearPageIndex(vma, end) + (k.patched.willneedExactEnd ? 0 : 1);
  for (let index = linearPageIndex(vma, start); ; index++) {
    index = xaFind(k, mapping, index, stop);
    if (index < 0) return;
    const value = xaLoad(k, mapping, index);
    if (!xaIsValue(value)) continue;
    const entry = radixToSwpEntry(value);
    if (!nonSwapEntry(k, entry)) yield* readAhead(k, entry);
  }
}

function* readAhead(k: Machine, entry: number): Step<void> {
  const page = yield* readSwapCacheAsync(k, entry);
  if (page !== 0) yield* folioPut(k, page);
}
