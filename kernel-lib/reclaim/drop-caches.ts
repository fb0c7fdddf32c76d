import { folioPut } from '../folio/alloc.js';
import { PG_dirty, PG_writeback } from '../folio/flags.js';
import { pageRefcount, setPageRefcount, testFlag } from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import { deactivateFileFolio, lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { diskMappings } from '../pagecache/disk-file.js';
import { __filemapGetFolio } from '../pagecache/page-cache.js';
import { shmemMappings } from '../pagecache/shmem-file.js';
import { xaFind, xaIsValue } from '../pagecache/xarray.js';
import type { Step } from '../step/step.js';
import type { AddressSpace } from '../vma/file.js';
import { __removeMapping } from './pageout.js';

/** Writing to drop_caches: page-cache pages that nobody needs go. */
export function* dropCaches(k: Machine): Step<void> {
  yield* lruAddDrain(k);
  for (const mapping of [...shmemMappings(k), ...diskMappings(k)]) yield* invalidateMappingPages(k, mapping);
}

/** @kernel mm/truncate.c invalidate_mapping_pages v6.2 */
function* invalidateMappingPages(k: Machine, mapping: AddressSpace): Step<void> {
  for (let at = xaFind(k, mapping, 0, Infinity); at >= 0; at = xaFind(k, mapping, at + 1, Infinity)) {
    const page = yield* __filemapGetFolio(k, mapping, at);
    if (xaIsValue(page)) continue;
    const evicted = yield* mappingEvictFolio(k, page);
    folioUnlock(k, page);
    if (!evicted) yield* deactivateFileFolio(k, page);
    yield* folioPut(k, page);
  }
}

/** @kernel mm/truncate.c mapping_evict_folio v6.2 */
function* mappingEvictFolio(k: Machine, page: number): Step<boolean> {
  if (testFlag(k, page, PG_dirty | PG_writeback) || pageRefcount(k, page) > 2) return false;
  if (!(yield* __removeMapping(k, page))) return false;
  // Frozen: what is left is the caller's reference.
  setPageRefcount(k, page, 1);
  return true;
}
