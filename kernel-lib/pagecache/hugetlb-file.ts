import { folioPut } from '../folio/alloc.js';
import { folioRefAdd, pageByte, setPageIndex, setPageMapping } from '../folio/frame.js';
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
  yield* removeInodeHugepages(k, mapping, 0, Infinity);
  resvMapRelease(k, ResvMap.at(k, mapping.resvMap));
}

/**
 * Drops the pages of [from, to), which nobody maps any more; up to the end the reservations, too:
 * `remove_inode_hugepages` of fs/hugetlbfs/inode.c.
 *
 * @param from first index, in huge pages
 */
export function* removeInodeHugepages(
  k: Machine,
  mapping: AddressSpace,
  from: number,
  to: number,
): Step<void> {
  let freed = 0;
  for (let at = xaFind(k, mapping, from, to); at >= 0; at = xaFind(k, mapping, at + 1, to)) {
    const page = xaLoad(k, mapping, at);
    xaStore(k, mapping, at, 0);
    mapping.nrpages--;
    setPageMapping(k, page, 0, 0);
    yield* folioPut(k, page);
    freed++;
    // A hole can be filled again only if somebody reserves it again.
    if (to !== Infinity) regionDel(k, ResvMap.at(k, mapping.resvMap), at, at + 1);
  }
  // What was noted and never came to have a page is still reserved.
  if (to === Infinity) hugetlbAcctMemory(k, freed - regionDel(k, ResvMap.at(k, mapping.resvMap), from, to));
}

/** First byte of a small page of an object, 0 in a hole: `hugetlbfs_read_iter` of fs/hugetlbfs/inode.c. */
export function hugetlbfsReadByte(k: Machine, mapping: AddressSpace, index: number): number {
  const perHuge = hpagePmdSize(k) / k.pageSize;
  const page = xaLoad(k, mapping, Math.floor(index / perHuge));
  return page === 0 ? 0 : pageByte(k, page + (index % perHuge));
}
