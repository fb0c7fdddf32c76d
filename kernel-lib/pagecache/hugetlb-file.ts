import { folioPut } from '../folio/alloc.js';
import { folioRefAdd, setPageIndex, setPageMapping } from '../folio/frame.js';
import { hugetlbAcctMemory, setRestoreReserve } from '../folio/hugetlb-pool.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheZalloc } from '../machine/slab.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import type { Step } from '../step/step.js';
import { AddressSpace, FILE_HUGETLB, FMODE_READ, FMODE_WRITE, File } from '../vma/file.js';
import { ResvMap, regionDel, resvMapAlloc, resvMapRelease } from '../vma/resv-map.js';
import { xaFind, xaLoad, xaStore } from './xarray.js';

/**
 * A new object of huge pages, all holes, opened for reading and writing; its indexes count huge pages:
 * `hugetlb_file_setup` of fs/hugetlbfs/inode.c.
 */
export function hugetlbFileSetup(k: Machine, nrHugePages: number): File {
  const mapping = kmemCacheZalloc(k, AddressSpace);
  mapping.iSize = nrHugePages * hpagePmdSize(k);
  mapping.resvMap = resvMapAlloc(k).at;
  const file = kmemCacheZalloc(k, File);
  file.fMapping = mapping.at;
  file.fMode = FMODE_READ | FMODE_WRITE;
  file.fOp = FILE_HUGETLB;
  file.fCount = 1;
  return file;
}

/** Puts a locked huge page at its index: its reservation is used up for good. @kernel mm/hugetlb.c hugetlb_add_to_page_cache v6.2 */
export function* hugetlbAddToPageCache(
  k: Machine,
  page: number,
  mapping: AddressSpace,
  index: number,
): Step<void> {
  yield* folioRefAdd(k, page, 1);
  setRestoreReserve(k, page, false);
  setPageMapping(k, page, mapping.at, 0);
  setPageIndex(k, page, index);
  xaStore(k, mapping, index, page);
  mapping.nrpages++;
}

/** An object goes, with its pages and with what was reserved for it: `hugetlbfs_evict_inode` of fs/hugetlbfs/inode.c. */
export function* hugetlbfsEvictInode(k: Machine, mapping: AddressSpace): Step<void> {
  const map = ResvMap.at(k, mapping.resvMap);
  let freed = 0;
  for (let at = xaFind(k, mapping, 0, Infinity); at >= 0; at = xaFind(k, mapping, at + 1, Infinity)) {
    const page = xaLoad(k, mapping, at);
    xaStore(k, mapping, at, 0);
    mapping.nrpages--;
    setPageMapping(k, page, 0, 0);
    yield* folioPut(k, page);
    freed++;
  }
  // What was noted and never came to have a page is still reserved.
  hugetlbAcctMemory(k, freed - regionDel(k, map, 0, Infinity));
  resvMapRelease(k, map);
}
