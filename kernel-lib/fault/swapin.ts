import { vmBugOn } from '../base/error.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import {
  PG_hwpoison,
  PG_lru,
  PG_mlocked,
  PG_swapbacked,
  PG_swapcache,
  PG_uptodate,
  PG_writeback,
} from '../folio/flags.js';
import {
  PageAnon,
  PageAnonExclusive,
  PageKsm,
  folioRefCount,
  pagePrivate,
  pageRefcount,
  setFlag,
  testFlag,
} from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru, lruAddDrain } from '../folio/lru.js';
import { ksmMightNeedToCopy } from '../swap/ksm-copy.js';
import type { Machine } from '../machine/machine.js';
import { warnOnOnce } from '../machine/warn.js';
import {
  type Pte,
  pteMkdirty,
  pteMksoftDirty,
  pteMkuffdWp,
  pteMkwrite,
  pteSoftDirty,
  pteSame,
  pteSwpExclusive,
  pteSwpSoftDirty,
  pteSwpUffdWp,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import { ptepGet, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { RMAP_EXCLUSIVE, RMAP_NONE, pageAddAnonRmap, pageAddNewAnonRmap } from '../rmap/map.js';
import { folioAddLruVma } from '../rmap/lru.js';
import { type Step, blocked, resultOf } from '../step/step.js';
import {
  SWP_STABLE_WRITES,
  __swapCount,
  isSynchronous,
  namesSwapSlot,
  slotIsRead,
  swapArea,
  swapFree,
  swapcacheClear,
  swapcachePrepare,
} from '../swap/area.js';
import { folioFreeSwap, memCgroupSwapFull, readSwapCacheAsync, swapCacheGetFolio } from '../swap/cache.js';
import { nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { swapReadpage } from '../swap/io.js';
import { isSwapSpecialPte } from '../swap/special-pte.js';
import { workingsetRefault } from '../swap/workingset.js';
import { userfaultfdPteWp } from '../uffd/markers.js';
import { MM_ANONPAGES, MM_SWAPENTS, addMmCounter } from '../vma/mm.js';
import { vmaSoftDirtyEnabled } from '../vma/page-prot.js';
import { VM_LOCKED, VM_WRITE } from '../vma/vm-flags.js';
import {
  FAULT_FLAG_WRITE,
  VM_FAULT_ERROR,
  VM_FAULT_HWPOISON,
  VM_FAULT_MAJOR,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
} from './flags.js';
import { handleNonSwapEntry } from './non-swap.js';
import { type VmFault, maybeMkwrite, mkPte, pteOffsetMapLock } from './vm-fault.js';
import { doWpPage } from './wp.js';

/** A swapped page on its way back. */
interface Swapin {
  readonly entry: number;
  /** The page in the swap cache, 0 when it was read past it. */
  readonly swapcache: number;
  /** The page to map: the cached one, one read past the cache, or KSM's copy. */
  page: number;
}

/**
 * A fault on an entry that is neither none nor present.
 *
 * @kernel mm/memory.c do_swap_page v6.2
 * @differs no memory cgroup; waits for a locked page with the mmap lock held; does not look first whether a torn
 *   entry was read (pte_unmap_same()); KSM’s copy is always to be had
 */
export function* doSwapPage(k: Machine, vmf: VmFault): Step<number> {
  vmf.way?.push('do_swap_page');
  if (k.patched.knowsSpecialSwapPtes && isSwapSpecialPte(k, vmf.origPte)) {
    warnOnOnce(k, 'do_swap_page', 'a special swap PTE holds nothing that could be swapped in');
    return 0;
  }
  const entry = pteToSwpEntry(k, vmf.origPte);
  if (nonSwapEntry(k, entry)) return yield* handleNonSwapEntry(k, vmf, entry);
  if (!namesSwapSlot(k, entry)) return 0;
  const cached = yield* swapCacheGetFolio(k, entry);
  const bypass = cached === 0 && skipsSwapCache(k, entry);
  if (!bypass || !k.patched.bypassHoldsSlot) return yield* swapIn(k, vmf, entry, cached, bypass);
  // 13ddaf26be32: nobody else may read the slot, free it and swap something else out to it: to pteSame() that entry
  // would be the one that this fault began with.
  if ((yield* swapcachePrepare(k, entry)) !== 0) return yield* relax(k, entry);
  const result = yield* swapIn(k, vmf, entry, cached, bypass);
  yield* swapcacheClear(k, entry);
  return result;
}

/** Whether the device is quick and nobody else refers to the slot: then its page need not go through the cache. */
function skipsSwapCache(k: Machine, entry: number): boolean {
  return !k.patched.noSwapCacheBypass && isSynchronous(k) && __swapCount(k, entry) === 1;
}

/** Somebody else brings the page: the access is tried again. MODEL: once he is done, where Linux waits a tick. */
function* relax(k: Machine, entry: number): Step<number> {
  while (yield* slotIsRead(k, entry)) yield* blocked('a slot that somebody reads');
  return 0;
}

function* swapIn(k: Machine, vmf: VmFault, entry: number, cached: number, bypass: boolean): Step<number> {
  const major = cached === 0;
  const swapin = major ? yield* readIn(k, entry, bypass) : { entry, swapcache: cached, page: cached };
  if (swapin.page === 0) return yield* oomUnlessRaced(k, vmf);
  if (major) k.count('pgmajfault');
  if (!major && testFlag(k, cached, PG_hwpoison)) {
    yield* folioPut(k, cached);
    return VM_FAULT_HWPOISON;
  }
  return yield* mapSwapin(k, vmf, swapin, major ? VM_FAULT_MAJOR : 0);
}

/** Nothing was read: for want of memory, or because somebody else has brought the page and the slot is free. */
function* oomUnlessRaced(k: Machine, vmf: VmFault): Step<number> {
  yield* pteOffsetMapLock(k, vmf);
  const same = pteSame(yield* ptepGet(k, vmf.ptep), vmf.origPte);
  ptlUnlock(k, vmf.table);
  return same ? VM_FAULT_OOM : 0;
}

/** Reads the slot: into the cache, or past it. */
function* readIn(k: Machine, entry: number, bypass: boolean): Step<Swapin> {
  if (!bypass) {
    const page = yield* resultOf(readSwapCacheAsync(k, entry));
    return { entry, swapcache: page, page };
  }
  const page = allocPage(k);
  if (page === 0) return { entry, swapcache: 0, page };
  yield* folioTrylock(k, page);
  setFlag(k, page, PG_swapbacked);
  workingsetRefault(k, page, entry);
  yield* resultOf(folioAddLru(k, page));
  swapReadpage(k, page, entry);
  return { entry, swapcache: 0, page };
}

function* mapSwapin(k: Machine, vmf: VmFault, swapin: Swapin, result: number): Step<number> {
  const { entry, swapcache } = swapin;
  yield* resultOf(folioLock(k, swapin.page));
  if (swapcache !== 0) {
    const gone = !testFlag(k, swapcache, PG_swapcache) || pagePrivate(k, swapcache) !== entry;
    if (gone) return yield* giveUp(k, swapin, result);
    swapin.page = yield* resultOf(ksmMightNeedToCopy(k, swapcache, vmf.vma, vmf.address));
    yield* drainForWrite(k, vmf, swapin);
  }
  yield* pteOffsetMapLock(k, vmf);
  const raced = !pteSame(yield* ptepGet(k, vmf.ptep), vmf.origPte);
  if (raced || !testFlag(k, swapin.page, PG_uptodate)) {
    ptlUnlock(k, vmf.table);
    return yield* giveUp(k, swapin, raced ? result : VM_FAULT_SIGBUS);
  }
  vmBugOn(
    PageAnon(k, swapin.page) && PageAnonExclusive(k, swapin.page) && swapcache === swapin.page,
    'I3: a swap entry never refers to an exclusive page',
  );
  yield* installSwapin(k, vmf, swapin);
  folioUnlock(k, swapin.page);
  if (swapcache !== 0 && swapcache !== swapin.page) {
    folioUnlock(k, swapcache);
    yield* folioPut(k, swapcache);
  }
  return yield* finishWrite(k, vmf, result);
}

/** A pending write may need the page alone: this CPU's batch must not hold it. */
function* drainForWrite(k: Machine, vmf: VmFault, { swapcache, page }: Swapin): Step<void> {
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  if (write && page === swapcache && !PageKsm(k, page) && !testFlag(k, page, PG_lru))
    yield* resultOf(lruAddDrain(k));
}

function* giveUp(k: Machine, { swapcache, page }: Swapin, result: number): Step<number> {
  folioUnlock(k, page);
  yield* resultOf(folioPut(k, page));
  if (swapcache !== 0 && swapcache !== page) {
    folioUnlock(k, swapcache);
    yield* folioPut(k, swapcache);
  }
  return result;
}

/** Puts the page in place of the swap entry; the table is locked. */
function* installSwapin(k: Machine, vmf: VmFault, swapin: Swapin): Step<void> {
  const { vma } = vmf;
  const { entry, page, swapcache } = swapin;
  // Under the table's lock, so that fork cannot share the entry in between.
  const exclusive = !PageKsm(k, page) && certainlyExclusive(k, vmf.origPte, swapin);
  swapFree(k, entry);
  // First the reference, then the cache: so the last user can free the slot.
  const early = !k.patched.freeSwapCacheAfterMap;
  if (early && shouldTryToFreeSwap(k, vmf, page)) yield* resultOf(folioFreeSwap(k, page));
  addMmCounter(k, vmf.mm, MM_ANONPAGES, 1);
  addMmCounter(k, vmf.mm, MM_SWAPENTS, -1);
  const own = !PageKsm(k, page) && (exclusive || (yield* folioRefCount(k, page)) === 1);
  const pte = swapinPte(k, vmf, page, own);
  vmf.origPte = pte;
  if (swapcache !== 0 && swapcache !== page) {
    yield* pageAddNewAnonRmap(k, page, vma, vmf.address);
    yield* folioAddLruVma(k, page, vma);
  } else if (k.patched.swapinAnonNew && !PageAnon(k, page)) {
    yield* pageAddNewAnonRmap(k, page, vma, vmf.address, own);
  } else {
    yield* resultOf(pageAddAnonRmap(k, page, vma, vmf.address, own ? RMAP_EXCLUSIVE : RMAP_NONE));
  }
  vmBugOn(pteWrite(k, pte) && !PageAnonExclusive(k, page), 'I1: a writable entry maps an exclusive page');
  yield* setPteAt(k, vmf.ptep, pte);
  if (!early && shouldTryToFreeSwap(k, vmf, page)) yield* resultOf(folioFreeSwap(k, page));
}

function certainlyExclusive(k: Machine, pte: Pte, { page, swapcache }: Swapin): boolean {
  // Never seen in the swap cache.
  if (page !== swapcache) return true;
  if (!pteSwpExclusive(k, pte)) return false;
  // Such a device must not see the page change while it writes.
  const stable = ((swapArea(k)?.flags ?? 0) & SWP_STABLE_WRITES) !== 0;
  return !(stable && testFlag(k, page, PG_writeback));
}

/** @kernel mm/memory.c should_try_to_free_swap v6.2 */
function shouldTryToFreeSwap(k: Machine, vmf: VmFault, page: number): boolean {
  if (!testFlag(k, page, PG_swapcache)) return false;
  if (k.patched.syncFreesSwapCache && isSynchronous(k)) return true;
  if (memCgroupSwapFull(k) || (vmf.vma.vmFlags & VM_LOCKED) !== 0 || testFlag(k, page, PG_mlocked))
    return true;
  return (vmf.flags & FAULT_FLAG_WRITE) !== 0 && !PageKsm(k, page) && pageRefcount(k, page) === 2;
}

function swapinPte(k: Machine, vmf: VmFault, page: number, own: boolean): Pte {
  const { vma } = vmf;
  const pte = mkPte(k, page, vma);
  if (k.patched.swapinMapsWritable) {
    const marked = withMarkers(k, vmf, pte);
    return own && mayMapWritable(k, vmf, marked) ? writablePte(k, vmf, marked) : marked;
  }
  if (!own || (vmf.flags & FAULT_FLAG_WRITE) === 0) return withMarkers(k, vmf, pte);
  // Done: nothing is left to be copied.
  vmf.flags &= ~FAULT_FLAG_WRITE;
  return withMarkers(k, vmf, maybeMkwrite(k, pteMkdirty(k, pte), vma));
}

/** What the swap entry noted goes to the present one. */
function withMarkers(k: Machine, vmf: VmFault, bare: Pte): Pte {
  let pte = bare;
  if (pteSwpSoftDirty(k, vmf.origPte)) pte = pteMksoftDirty(k, pte);
  if (pteSwpUffdWp(k, vmf.origPte)) pte = pteWrprotect(k, pteMkuffdWp(k, pte));
  return pte;
}

/** Whether nobody waits for the first store to the page. */
function mayMapWritable(k: Machine, { vma }: VmFault, pte: Pte): boolean {
  if ((vma.vmFlags & VM_WRITE) === 0 || userfaultfdPteWp(k, vma, pte)) return false;
  return !vmaSoftDirtyEnabled(k, vma) || pteSoftDirty(k, pte);
}

function writablePte(k: Machine, vmf: VmFault, pte: Pte): Pte {
  const writable = pteMkwrite(k, pte);
  if ((vmf.flags & FAULT_FLAG_WRITE) === 0) return writable;
  vmf.flags &= ~FAULT_FLAG_WRITE;
  return pteMkdirty(k, writable);
}

/** A write that is still pending goes on to the write-protect fault, within the same fault. */
function* finishWrite(k: Machine, vmf: VmFault, result: number): Step<number> {
  if ((vmf.flags & FAULT_FLAG_WRITE) === 0) {
    ptlUnlock(k, vmf.table);
    return result;
  }
  const both = result | (yield* doWpPage(k, vmf));
  return (both & VM_FAULT_ERROR) !== 0 ? both & VM_FAULT_ERROR : both;
}
