import { EEXIST } from '../base/errno.js';
import { vmBugOn } from '../base/error.js';
import { folioPut } from '../folio/alloc.js';
import { PG_dirty } from '../folio/flags.js';
import {
  clearFlag,
  folioGet,
  folioRefAdd,
  folioRefTryAddRcu,
  pageIndex,
  pageMapcount,
  pageOwner,
  setPageIndex,
  setPageMapping,
} from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { AddressSpace } from '../vma/file.js';
import { xaIsValue, xaLoad, xaStore } from './xarray.js';

/** The address space that a page-cache page belongs to, null once it was removed. */
export function pageAddressSpace(k: Machine, page: number): AddressSpace | null {
  const owner = pageOwner(k, page);
  return owner === 0 ? null : AddressSpace.at(k, owner);
}

/** Puts a page at its index, with a reference. @kernel mm/shmem.c shmem_add_to_page_cache v6.2 */
export function* shmemAddToPageCache(
  k: Machine,
  page: number,
  mapping: AddressSpace,
  index: number,
): Step<void> {
  yield* folioRefAdd(k, page, 1);
  putAt(k, page, mapping, index);
}

/**
 * Puts a locked page at its index, with a reference.
 *
 * @kernel mm/filemap.c filemap_add_folio v6.2
 * @returns 0, or -EEXIST where another CPU was first
 */
export function* filemapAddFolio(
  k: Machine,
  page: number,
  mapping: AddressSpace,
  index: number,
): Step<number> {
  yield* folioRefAdd(k, page, 1);
  if (xaLoad(k, mapping, index) === 0) {
    putAt(k, page, mapping, index);
    return 0;
  }
  yield* folioPut(k, page);
  return -EEXIST;
}

function putAt(k: Machine, page: number, mapping: AddressSpace, index: number): void {
  setPageMapping(k, page, mapping.at, 0);
  setPageIndex(k, page, index);
  xaStore(k, mapping, index, page);
  mapping.nrpages++;
}

/**
 * Takes a locked page off its index, leaving `instead`. The cache's reference is the caller's to drop.
 *
 * @kernel mm/filemap.c __filemap_remove_folio v6.2
 */
export function __filemapRemoveFolio(k: Machine, page: number, instead: number): void {
  const mapping = pageAddressSpace(k, page);
  vmBugOn(mapping === null, 'only a page of an address space is removed from it');
  vmBugOn(pageMapcount(k, page) > 0, 'a page leaves the page cache unmapped');
  xaStore(k, mapping!, pageIndex(k, page), instead);
  mapping!.nrpages--;
  setPageMapping(k, page, 0, 0);
}

/** Removes a locked, unmapped page from the cache. @kernel mm/filemap.c filemap_remove_folio v6.2 */
export function* filemapRemoveFolio(k: Machine, page: number): Step<void> {
  __filemapRemoveFolio(k, page, 0);
  clearFlag(k, page, PG_dirty);
  yield* folioPut(k, page);
}

/** The page at an index, with a reference; 0 if there is none. @kernel include/linux/pagemap.h filemap_get_folio v6.2 */
export function* filemapGetFolio(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  for (;;) {
    const page = xaLoad(k, mapping, index);
    if (page === 0 || xaIsValue(page)) return 0;
    // It may be freed, and used for something else, before the reference is taken.
    if (!(yield* folioRefTryAddRcu(k, page, 1))) continue;
    if (xaLoad(k, mapping, index) === page) return page;
    yield* folioPut(k, page);
  }
}

/**
 * What stands at an index: a page, then locked and with a reference; a value; or 0.
 *
 * @kernel mm/filemap.c __filemap_get_folio v6.2
 */
export function* __filemapGetFolio(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  for (;;) {
    const entry = xaLoad(k, mapping, index);
    if (entry === 0 || xaIsValue(entry)) return entry;
    yield* folioGet(k, entry);
    yield* folioLock(k, entry);
    if (xaLoad(k, mapping, index) === entry) return entry;
    folioUnlock(k, entry);
    yield* folioPut(k, entry);
  }
}
