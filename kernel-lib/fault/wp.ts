import { allocPage, folioPut } from '../folio/alloc.js';
import { folioMapcount, folioTestLarge } from '../folio/compound.js';
import { PG_anon_exclusive, PG_lru, PG_swapcache, PG_uptodate } from '../folio/flags.js';
import {
  PageAnon,
  PageAnonExclusive,
  PageKsm,
  folioGet,
  folioTestAnon,
  copyUserHighpage,
  folioRefCount,
  isDevicePfn,
  pageFolio,
  setPageContent,
  setFlag,
  testFlag,
} from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { lruAddDrain } from '../folio/lru.js';
import { folioMappedElsewhere } from '../huge/mapped-elsewhere.js';
import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { deviceContent } from '../pagecache/dax-device.js';
import {
  type Pte,
  pteClearUffdWp,
  pteMkdirty,
  pteMksoftDirty,
  pteMkuffdWp,
  pteMkyoung,
  pteSwMkyoung,
  ptePfn,
  pteSame,
  pteSoftDirty,
  pteUffdWp,
  pteWrite,
  pteYoung,
} from '../pgtable/pte.js';
import { ptepGet, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { folioAddLruVma } from '../rmap/lru.js';
import {
  mmCounterFile,
  pageAddNewAnonRmap,
  pageMoveAnonRmap,
  pageRemoveRmap,
  vmNormalPage,
} from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { ptepClearFlush } from '../tlb/tlb.js';
import { folioFreeSwap, freeSwapCache } from '../swap/cache.js';
import { userfaultfdWpAsync } from '../uffd/ctx.js';
import { userfaultfdPteWp } from '../uffd/markers.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { MM_ANONPAGES, addMmCounter } from '../vma/mm.js';
import { VM_MAYSHARE, VM_SHARED, VM_UFFD_WP, VM_WRITE } from '../vma/vm-flags.js';
import { FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, VM_FAULT_OOM, VM_FAULT_WRITE } from './flags.js';
import { handleUserfault } from './userfault.js';
import { type VmFault, maybeMkwrite, mkPte, pteOffsetMapLock } from './vm-fault.js';
import { wpPageShared, wpPfnShared } from './wp-shared.js';

/** What a fault reports that wrote to a page in place. Nobody but KSM ever looked. */
export function wrote(k: Machine): number {
  return k.patched.noFaultWriteResult ? 0 : VM_FAULT_WRITE;
}

/**
 * A present entry that is not writable, for a write or to be unshared. Called with the table locked; returns with
 * it unlocked.
 *
 * @kernel mm/memory.c do_wp_page v6.2
 * @differs no mm_tlb_flush_pending(): what userfaultfd protects may be copied before its protector has flushed the
 *   TLBs
 */
export function* doWpPage(k: Machine, vmf: VmFault): Step<number> {
  vmf.way?.push('do_wp_page');
  const unshare = (vmf.flags & FAULT_FLAG_UNSHARE) !== 0;
  if (!unshare && userfaultfdPteWp(k, vmf.vma, vmf.origPte)) {
    if (!userfaultfdWpAsync(k, vmf.vma)) {
      ptlUnlock(k, vmf.table);
      return yield* handleUserfault(k, vmf, VM_UFFD_WP);
    }
    // That the bit is gone is all that the monitor will ever see of this store.
    vmf.origPte = pteClearUffdWp(k, vmf.origPte);
    yield* setPteAt(k, vmf.ptep, vmf.origPte);
  }
  vmf.page = vmNormalPage(k, vmf.origPte);
  const folio = vmf.page === 0 ? 0 : pageFolio(k, vmf.page);
  return k.patched.wpSharedFirst ? yield* wpSharedFirst(k, vmf, folio) : yield* wpAnonFirst(k, vmf, folio);
}

/** Shared mappings first, private ones last (b9086fde6d44). */
function* wpSharedFirst(k: Machine, vmf: VmFault, folio: number): Step<number> {
  if ((vmf.vma.vmFlags & (VM_SHARED | VM_MAYSHARE)) !== 0) {
    return folio === 0 ? yield* wpPfnShared(k, vmf) : yield* wpPageShared(k, vmf);
  }
  if (folio !== 0 && folioTestAnon(k, folio)) return yield* wpAnon(k, vmf, folio);
  return yield* wpCopyOther(k, vmf, folio);
}

/** Anonymous pages first, whatever the mapping; shared mappings by VM_WRITE and VM_SHARED together. */
function* wpAnonFirst(k: Machine, vmf: VmFault, folio: number): Step<number> {
  const { vma } = vmf;
  const sharedWrite = (vma.vmFlags & (VM_WRITE | VM_SHARED)) === (VM_WRITE | VM_SHARED);
  if (folio !== 0 && folioTestAnon(k, folio)) return yield* wpAnon(k, vmf, folio);
  if ((vmf.flags & FAULT_FLAG_UNSHARE) !== 0) return yield* wpCopyOther(k, vmf, folio);
  if (sharedWrite) return folio === 0 ? yield* wpPfnShared(k, vmf) : yield* wpPageShared(k, vmf);
  return yield* wpCopyOther(k, vmf, folio);
}

/** Something in a private mapping that is not anonymous: replaced by a copy. */
function* wpCopyOther(k: Machine, vmf: VmFault, folio: number): Step<number> {
  if ((vmf.flags & FAULT_FLAG_UNSHARE) !== 0 && !k.patched.unshareAnyCow) {
    ptlUnlock(k, vmf.table);
    return 0;
  }
  return yield* copyUnlocked(k, vmf, folio);
}

function* copyUnlocked(k: Machine, vmf: VmFault, folio: number): Step<number> {
  if (folio !== 0) yield* folioGet(k, folio);
  ptlUnlock(k, vmf.table);
  return yield* wpPageCopy(k, vmf, folio);
}

function* wpAnon(k: Machine, vmf: VmFault, folio: number): Step<number> {
  const reusable = PageAnonExclusive(k, vmf.page) || (yield* becomesExclusive(k, vmf, folio));
  if (!reusable) return yield* copyUnlocked(k, vmf, folio);
  if ((vmf.flags & FAULT_FLAG_UNSHARE) !== 0) {
    ptlUnlock(k, vmf.table);
    return 0;
  }
  yield* wpPageReuse(k, vmf);
  return wrote(k);
}

/**
 * Whether nobody else can reach the page, by its references alone. Then it is made exclusive.
 *
 * MODEL: this part of do_wp_page() is wp_can_reuse_anon_folio() since v6.7.
 */
function* becomesExclusive(k: Machine, vmf: VmFault, folio: number): Step<boolean> {
  if (k.patched.reuseLargeFolios && folioTestLarge(k, folio)) {
    return yield* __wpCanReuseLargeAnonFolio(k, vmf, folio);
  }
  if (PageKsm(k, folio) || (yield* folioRefCount(k, folio)) > 3) return false;
  // A batch of this CPU may hold a reference; batches of others are not worth their drain.
  if (!testFlag(k, folio, PG_lru)) yield* lruAddDrain(k);
  if ((yield* folioRefCount(k, folio)) > 1 + (testFlag(k, folio, PG_swapcache) ? 1 : 0)) return false;
  if (!(yield* folioTrylock(k, folio))) return false;
  if (testFlag(k, folio, PG_swapcache)) yield* folioFreeSwap(k, folio);
  const alone = !PageKsm(k, folio) && (yield* folioRefCount(k, folio)) === 1;
  if (alone) pageMoveAnonRmap(k, vmf.page, vmf.vma);
  folioUnlock(k, folio);
  return alone;
}

/**
 * Whether nobody but this address space maps pages of the large folio, and nobody else holds it. A folio of which one
 * page is left is rather freed.
 *
 * MODEL: __wp_can_reuse_large_anon_folio() of v6.15.
 */
function* __wpCanReuseLargeAnonFolio(k: Machine, { vma, page }: VmFault, folio: number): Step<boolean> {
  if (folioMapcount(k, folio) <= 1 || folioMappedElsewhere(k, folio, vma.vmMm)) return false;
  if (testFlag(k, folio, PG_swapcache) && (yield* folioTrylock(k, folio))) {
    yield* folioFreeSwap(k, folio);
    folioUnlock(k, folio);
  }
  if ((yield* folioRefCount(k, folio)) !== folioMapcount(k, folio)) return false;
  setFlag(k, page, PG_anon_exclusive);
  return true;
}

/**
 * Makes the entry writable in place, and unlocks the table.
 *
 * @kernel mm/memory.c wp_page_reuse v6.2
 */
export function* wpPageReuse(k: Machine, vmf: VmFault): Step<void> {
  vmf.way?.push('wp_page_reuse');
  const { page } = vmf;
  vmBugOn((vmf.flags & FAULT_FLAG_WRITE) === 0, 'I8: only a write reuses a page');
  vmBugOn(page !== 0 && PageAnon(k, page) && !PageAnonExclusive(k, page), 'I8: a reused page is exclusive');
  const entry = pteMkyoung(k, vmf.origPte);
  yield* setPteAt(k, vmf.ptep, maybeMkwrite(k, pteMkdirty(k, entry), vmf.vma));
  ptlUnlock(k, vmf.table);
  k.count('pgreuse');
}

/**
 * Replaces what the entry maps by a copy of its own. The caller holds a reference on the old page, no lock.
 *
 * @kernel mm/memory.c wp_page_copy v6.2
 * @differs no memory cgroup; COW_KSM is counted with the copy, so not where there is no memory for one
 */
function* wpPageCopy(k: Machine, vmf: VmFault, oldFolio: number): Step<number> {
  vmf.way?.push('wp_page_copy');
  anonVmaPrepare(k, vmf.vma);
  const newPage = allocPage(k);
  if (newPage === 0) {
    if (oldFolio !== 0) yield* folioPut(k, oldFolio);
    return VM_FAULT_OOM;
  }
  if (!(yield* __wpPageCopyUser(k, newPage, vmf))) {
    yield* folioPut(k, newPage);
    return 0;
  }
  setFlag(k, newPage, PG_uptodate);

  yield* pteOffsetMapLock(k, vmf);
  const copied = pteSame(yield* ptepGet(k, vmf.ptep), vmf.origPte);
  if (copied) yield* replacePage(k, vmf, newPage, oldFolio);
  else yield* folioPut(k, newPage);
  // The reference that the entry held; the fault's own follows.
  if (copied && oldFolio !== 0) yield* folioPut(k, oldFolio);
  ptlUnlock(k, vmf.table);
  if (oldFolio !== 0) {
    if (copied) yield* freeSwapCache(k, oldFolio);
    yield* folioPut(k, oldFolio);
  }
  return copied && (vmf.flags & FAULT_FLAG_UNSHARE) === 0 ? wrote(k) : 0;
}

/**
 * Copies what the entry maps: a page, or what the user's own address shows where the frame has no struct page.
 *
 * @kernel mm/memory.c __wp_page_copy_user v6.2
 * @differs whoever reads a frame of a device that way can: mappings that may not be read are not faulted in
 * @returns false when somebody else has changed the entry
 */
function* __wpPageCopyUser(k: Machine, to: number, vmf: VmFault): Step<boolean> {
  if (vmf.page !== 0) {
    if (PageKsm(k, vmf.page)) k.count('cow_ksm');
    yield* copyUserHighpage(k, to, vmf.page);
    return true;
  }
  const pfn = ptePfn(k, vmf.origPte);
  if (!isDevicePfn(k, pfn)) return true;
  if (!(yield* userMayRead(k, vmf))) return false;
  setPageContent(k, to, deviceContent(k, pfn));
  return true;
}

/** Where a load of an old entry would fault, it is made young first. @returns false when the entry has changed */
function* userMayRead(k: Machine, vmf: VmFault): Step<boolean> {
  if (k.mmu.rules.young !== 'fault' || pteYoung(k, vmf.origPte)) return true;
  yield* pteOffsetMapLock(k, vmf);
  const same = pteSame(yield* ptepGet(k, vmf.ptep), vmf.origPte);
  if (same) yield* setPteAt(k, vmf.ptep, pteMkyoung(k, vmf.origPte));
  ptlUnlock(k, vmf.table);
  return same;
}

function* replacePage(k: Machine, vmf: VmFault, newPage: number, oldFolio: number): Step<void> {
  const { vma, page: oldPage } = vmf;
  if (oldFolio === 0) {
    addMmCounter(k, vmf.mm, MM_ANONPAGES, 1);
  } else if (!folioTestAnon(k, oldFolio)) {
    addMmCounter(k, vmf.mm, mmCounterFile(k, oldPage), -1);
    addMmCounter(k, vmf.mm, MM_ANONPAGES, 1);
  }
  const entry = copiedPte(k, vmf, newPage);
  // No CPU may see the old page any more when another looks at the new one.
  yield* ptepClearFlush(k, vma.vmMm, vmf.address, vmf.ptep);
  yield* pageAddNewAnonRmap(k, newPage, vma, vmf.address);
  yield* folioAddLruVma(k, newPage, vma);
  yield* setPteAt(k, vmf.ptep, entry);
  // Only now: with the old page's count already down, another process could take it for its own and write to it
  // while this entry still shows it.
  if (oldPage !== 0) yield* pageRemoveRmap(k, oldPage, vma);
}

function copiedPte(k: Machine, vmf: VmFault, newPage: number): Pte {
  let entry = pteSwMkyoung(k, mkPte(k, newPage, vmf.vma));
  if ((vmf.flags & FAULT_FLAG_UNSHARE) === 0) return maybeMkwrite(k, pteMkdirty(k, entry), vmf.vma);
  if (pteSoftDirty(k, vmf.origPte)) entry = pteMksoftDirty(k, entry);
  if (pteUffdWp(k, vmf.origPte)) entry = pteMkuffdWp(k, entry);
  vmBugOn(pteWrite(k, entry), 'I7: unsharing never makes an entry writable');
  return entry;
}
