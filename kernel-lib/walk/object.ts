import type { Machine } from '../machine/machine.js';
import { radixToSwpEntry, xaIsValue, xaLoad } from '../pagecache/xarray.js';
import { cachedPage } from '../swap/area.js';
import { nonSwapEntry } from '../swap/entry.js';
import type { AddressSpace } from '../vma/file.js';

/** Pages that fstat counts for an object. @kernel mm/shmem.c shmem_getattr v6.2 */
export function shmemGetattr(mapping: AddressSpace): number {
  return mapping.iBlocks - Math.max(0, mapping.alloced - mapping.swapped - mapping.nrpages);
}

/** Whether mincore finds a page in memory: in the page cache or the swap cache. @kernel mm/mincore.c mincore_page v6.2 */
export function mincorePage(k: Machine, mapping: AddressSpace, index: number): boolean {
  const entry = xaLoad(k, mapping, index);
  if (!xaIsValue(entry)) return entry !== 0;
  const swap = radixToSwpEntry(entry);
  return !nonSwapEntry(k, swap) && cachedPage(k, swap) !== 0;
}
