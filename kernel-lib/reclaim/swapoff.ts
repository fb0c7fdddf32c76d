import { EINTR, EINVAL, ENOENT } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { PG_uptodate } from '../folio/flags.js';
import { folioGet, testFlag } from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { shmemSwapinFolio } from '../pagecache/shmem.js';
import { shmemMappings } from '../pagecache/shmem-file.js';
import { radixToSwpEntry, xaFind, xaIsValue, xaLoad } from '../pagecache/xarray.js';
import {
  type Pte,
  pfnPte,
  pteMkold,
  pteMksoftDirty,
  pteMkuffdWp,
  pteNone,
  ptePresent,
  pteSame,
  pteSwpClearFlags,
  pteSwpExclusive,
  pteSwpSoftDirty,
  pteSwpUffdWp,
} from '../pgtable/pte.js';
import { pmdAddrEnd, pteOffset, pteTable, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { folioAddLruVma } from '../rmap/lru.js';
import { RMAP_EXCLUSIVE, RMAP_NONE, pageAddAnonRmap, pageAddNewAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { SWP_WRITEOK, dropArea, findNextToUnuse, swapArea, swapFree } from '../swap/area.js';
import { folioFreeSwap, readSwapCacheAsync, swapCacheGetFolio } from '../swap/cache.js';
import { entryToPte, makeSwapinErrorEntry, nonSwapEntry, pteToSwpEntry, swpEntry } from '../swap/entry.js';
import { deviceSlots } from '../swap/swapon.js';
import { ksmMightNeedToCopy } from '../swap/ksm-copy.js';
import { MM_ANONPAGES, MM_SWAPENTS, Mm, addMmCounter } from '../vma/mm.js';
import type { AddressSpace } from '../vma/file.js';
import { vmasOf } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';

/**
 * The swapoff system call: everything in the area comes back to memory.
 *
 * MODEL: try_to_unuse() and what the system call does around it. A round that frees nothing ends it, as a signal would
 * end the loop of a kernel that cannot recognise its entries. -ENOMEM there is not: memory and swap together, on which
 * overcommitting is measured by default, still have the area.
 *
 * @returns 0; -ENOENT for a machine without a device; -EINVAL for one that is not swapped to, or no longer because
 *     another call takes its slots out; or -EINTR
 */
export function* swapoff(k: Machine): Step<number> {
  if (deviceSlots(k) === 0) return -ENOENT;
  const si = swapArea(k);
  if (si === undefined || (si.flags & SWP_WRITEOK) === 0) return -EINVAL;
  si.flags &= ~SWP_WRITEOK;
  for (let before = Infinity; si.inusePages > 0;) {
    if (si.inusePages === before) {
      si.flags |= SWP_WRITEOK;
      return -EINTR;
    }
    before = si.inusePages;
    for (const mapping of shmemMappings(k)) yield* shmemUnuseInode(k, mapping);
    for (let at = k.globals.mmlist; at !== 0; at = Mm.at(k, at).mmNext) yield* unuseMm(k, Mm.at(k, at));
    for (let offset = findNextToUnuse(k, si, 0); offset !== 0; offset = findNextToUnuse(k, si, offset)) {
      yield* dropCached(k, swpEntry(si.type, offset));
    }
  }
  dropArea(k, si);
  return 0;
}

/** A slot that only the cache still holds. */
function* dropCached(k: Machine, entry: number): Step<void> {
  const page = yield* swapCacheGetFolio(k, entry);
  if (page === 0) return;
  yield* folioLock(k, page);
  yield* folioFreeSwap(k, page);
  folioUnlock(k, page);
  yield* folioPut(k, page);
}

/** @kernel mm/shmem.c shmem_unuse_inode v6.2 */
function* shmemUnuseInode(k: Machine, mapping: AddressSpace): Step<void> {
  if (mapping.swapped === 0) return;
  for (let at = xaFind(k, mapping, 0, Infinity); at >= 0; at = xaFind(k, mapping, at + 1, Infinity)) {
    const value = xaLoad(k, mapping, at);
    if (!xaIsValue(value)) continue;
    const swap = radixToSwpEntry(value);
    if (nonSwapEntry(k, swap)) continue;
    const { page } = yield* shmemSwapinFolio(k, mapping, at, swap, 'SGP_CACHE');
    if (page === 0) continue;
    folioUnlock(k, page);
    yield* folioPut(k, page);
  }
}

/** @kernel mm/swapfile.c unuse_mm v6.2 @differs without the mmap lock */
function* unuseMm(k: Machine, mm: Mm): Step<void> {
  for (const vma of vmasOf(k, mm)) {
    if (vma.anonVma === 0) continue;
    for (let address = vma.vmStart; address < vma.vmEnd;) {
      const next = pmdAddrEnd(k, address, vma.vmEnd);
      const table = pteTable(k, mm.pgd, address);
      if (table !== 0) yield* unusePteRange(k, vma, table, address, next);
      address = next;
    }
  }
}

/** @kernel mm/swapfile.c unuse_pte_range v6.2 */
function* unusePteRange(k: Machine, vma: Vma, table: number, start: number, end: number): Step<void> {
  for (let address = start; address < end; address += k.pageSize) {
    const pte = yield* ptepGet(k, pteOffset(k, table, address));
    if (pteNone(k, pte) || ptePresent(k, pte)) continue;
    const entry = pteToSwpEntry(k, pte);
    if (nonSwapEntry(k, entry)) continue;
    const page = yield* readSwapCacheAsync(k, entry);
    if (page === 0) continue;
    yield* folioLock(k, page);
    yield* unusePte(k, vma, table, address, entry, page);
    yield* folioFreeSwap(k, page);
    folioUnlock(k, page);
    yield* folioPut(k, page);
  }
}

/**
 * @kernel mm/swapfile.c unuse_pte v6.2
 * @differs a poisoned page comes back as any other; KSM’s copy is always to be had
 */
function* unusePte(
  k: Machine,
  vma: Vma,
  table: number,
  address: number,
  entry: number,
  swapcache: number,
): Step<void> {
  const page = yield* ksmMightNeedToCopy(k, swapcache, vma, address);
  const ptep = pteOffset(k, table, address);
  yield* ptlLock(k, table);
  const pte = yield* ptepGet(k, ptep);
  if (pteSameAsSwp(k, pte, entry)) {
    const mm = Mm.at(k, vma.vmMm);
    addMmCounter(k, mm, MM_SWAPENTS, -1);
    if (testFlag(k, page, PG_uptodate)) yield* mapUnused(k, vma, address, ptep, pte, page, swapcache);
    else yield* setPteAt(k, ptep, entryToPte(k, makeSwapinErrorEntry(k, page)));
    swapFree(k, entry);
  }
  ptlUnlock(k, table);
  if (page === swapcache) return;
  folioUnlock(k, page);
  yield* folioPut(k, page);
}

/**
 * Whether an entry that may have changed still names the slot, markers aside.
 *
 * @kernel mm/swapfile.c pte_same_as_swp v6.2
 */
function pteSameAsSwp(k: Machine, pte: Pte, entry: number): boolean {
  if (pteNone(k, pte) || ptePresent(k, pte)) return false;
  return pteSame(pteSwpClearFlags(k, pte), entryToPte(k, entry));
}

function* mapUnused(
  k: Machine,
  vma: Vma,
  address: number,
  ptep: number,
  pte: Pte,
  page: number,
  swapcache: number,
): Step<void> {
  addMmCounter(k, Mm.at(k, vma.vmMm), MM_ANONPAGES, 1);
  yield* folioGet(k, page);
  if (page === swapcache) {
    yield* pageAddAnonRmap(k, page, vma, address, pteSwpExclusive(k, pte) ? RMAP_EXCLUSIVE : RMAP_NONE);
  } else {
    yield* pageAddNewAnonRmap(k, page, vma, address);
    yield* folioAddLruVma(k, page, vma);
  }
  let entry = pteMkold(k, pfnPte(k, page, k.pte.protectionMap[vma.vmPageProt]!));
  if (pteSwpSoftDirty(k, pte)) entry = pteMksoftDirty(k, entry);
  if (pteSwpUffdWp(k, pte)) entry = pteMkuffdWp(k, entry);
  yield* setPteAt(k, ptep, entry);
}
