import { vmBugOn } from '../base/error.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { PG_hwpoison, PG_uptodate } from '../folio/flags.js';
import { copyUserHighpage, setFlag, setPageContent, testFlag } from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { deviceContent } from '../pagecache/dax-device.js';
import { shmemGetFolioGfp, shmemHas } from '../pagecache/shmem.js';
import { pteMkdirty, pteMkuffdWp, pteSwMkyoung, pteWrprotect } from '../pgtable/pte.js';
import { ptepGet, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { __pteAlloc } from '../pgtable/pte-alloc.js';
import { folioAddLruVma } from '../rmap/lru.js';
import { mmCounterFile, pageAddFileRmap, pageAddNewAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { pteMarkerUffdWp, userfaultfdMinor, userfaultfdMissing } from '../uffd/markers.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { vmaMapping } from '../vma/file.js';
import { MM_ANONPAGES, addMmCounter } from '../vma/mm.js';
import { mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_SHARED, VM_UFFD_MINOR, VM_UFFD_MISSING } from '../vma/vm-flags.js';
import { VM_OPS_REMAP, linearPageIndex, vmaIsShmem } from '../vma/vma.js';
import { shouldFaultAround, doFaultAround } from './fault-around.js';
import { daxFault, devicePfnAt, hasHugeFault } from './dax.js';
import { filemapFault } from './filemap.js';
import { doPageMkwrite, hasPageMkwrite } from './page-mkwrite.js';
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_RETRY_NOWAIT,
  FAULT_FLAG_TRIED,
  FAULT_FLAG_WRITE,
  VM_FAULT_COMPLETED,
  VM_FAULT_DONE_COW,
  VM_FAULT_ERROR,
  VM_FAULT_HWPOISON,
  VM_FAULT_LOCKED,
  VM_FAULT_MAJOR,
  VM_FAULT_NOPAGE,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
  VM_FAULT_SIGBUS,
} from './flags.js';
import { handleUserfault } from './userfault.js';
import { type VmFault, maybeMkwrite, mkPte, pteOffsetMapLock, vmfPteChanged } from './vm-fault.js';
import { ENOMEM } from '../base/errno.js';

/** Results behind which there is no page. */
const NO_PAGE_CAME = VM_FAULT_ERROR | VM_FAULT_NOPAGE | VM_FAULT_RETRY;

/**
 * First touch of a file mapping.
 *
 * @kernel mm/memory.c do_fault v6.2
 * @differs whoever maps without a fault of its own maps all: an entry is not empty but for a moment; the table is
 *   there before the file is asked, and stays when that has no page
 */
export function* doFault(k: Machine, vmf: VmFault): Step<number> {
  if (vmf.vma.vmOps === VM_OPS_REMAP) return VM_FAULT_SIGBUS;
  vmf.table = yield* __pteAlloc(k, vmf.mm.pgd, vmf.address);
  if (vmf.table === 0) return 0;
  if ((vmf.flags & FAULT_FLAG_WRITE) === 0) return yield* doReadFault(k, vmf);
  if ((vmf.vma.vmFlags & VM_SHARED) === 0) return yield* doCowFault(k, vmf);
  return yield* doSharedFault(k, vmf);
}

/** @kernel mm/memory.c do_read_fault v6.2 */
function* doReadFault(k: Machine, vmf: VmFault): Step<number> {
  vmf.way?.push('do_read_fault');
  if (shouldFaultAround(k, vmf.vma)) {
    const around = yield* doFaultAround(k, vmf);
    if (around !== 0) return around;
  }
  const fault = yield* __doFault(k, vmf);
  if ((fault & NO_PAGE_CAME) !== 0) return fault;
  const result = fault | (yield* finishFault(k, vmf, vmf.page));
  folioUnlock(k, vmf.page);
  if ((result & NO_PAGE_CAME) !== 0) yield* folioPut(k, vmf.page);
  return result;
}

/** A write to a private mapping: straight to a copy. @kernel mm/memory.c do_cow_fault v6.2 */
function* doCowFault(k: Machine, vmf: VmFault): Step<number> {
  vmf.way?.push('do_cow_fault');
  anonVmaPrepare(k, vmf.vma);
  const cowPage = allocPage(k);
  if (cowPage === 0) return VM_FAULT_OOM;
  if (hasHugeFault(vmf.vma)) return yield* daxFaultCowPage(k, vmf, cowPage);
  const fault = yield* __doFault(k, vmf);
  if ((fault & NO_PAGE_CAME) !== 0) {
    yield* folioPut(k, cowPage);
    return fault;
  }
  yield* copyUserHighpage(k, cowPage, vmf.page);
  setFlag(k, cowPage, PG_uptodate);
  const result = fault | (yield* finishFault(k, vmf, cowPage));
  folioUnlock(k, vmf.page);
  yield* folioPut(k, vmf.page);
  if ((result & NO_PAGE_CAME) !== 0) yield* folioPut(k, cowPage);
  return result;
}

/** A copy of a page of a device's memory. @kernel fs/dax.c dax_fault_cow_page v6.2 */
function* daxFaultCowPage(k: Machine, vmf: VmFault, cowPage: number): Step<number> {
  const pfn = devicePfnAt(k, vmf.vma, vmf.address);
  if (pfn !== 0) setPageContent(k, cowPage, deviceContent(k, pfn));
  setFlag(k, cowPage, PG_uptodate);
  const result = pfn === 0 ? VM_FAULT_SIGBUS : VM_FAULT_DONE_COW | (yield* finishFault(k, vmf, cowPage));
  if ((result & NO_PAGE_CAME) !== 0) yield* folioPut(k, cowPage);
  return result;
}

/** @kernel mm/memory.c do_shared_fault v6.2 */
function* doSharedFault(k: Machine, vmf: VmFault): Step<number> {
  vmf.way?.push('do_shared_fault');
  const fault = yield* __doFault(k, vmf);
  if ((fault & NO_PAGE_CAME) !== 0) return fault;
  if (hasPageMkwrite(vmf.vma)) {
    folioUnlock(k, vmf.page);
    const refused = (yield* doPageMkwrite(k, vmf)) & (VM_FAULT_ERROR | VM_FAULT_NOPAGE);
    if (refused !== 0) {
      yield* folioPut(k, vmf.page);
      return refused;
    }
  }
  const result = fault | (yield* finishFault(k, vmf, vmf.page));
  if ((result & NO_PAGE_CAME) !== 0) {
    folioUnlock(k, vmf.page);
    yield* folioPut(k, vmf.page);
    return result;
  }
  return result | (yield* faultDirtySharedPage(k, vmf));
}

/**
 * Asks the file for the page: locked, with a reference, in vmf.page.
 *
 * @kernel mm/memory.c __do_fault v6.2
 * @differs a poisoned page stays where it is mapped and in the cache
 */
function* __doFault(k: Machine, vmf: VmFault): Step<number> {
  if (hasHugeFault(vmf.vma)) return yield* daxFault(k, vmf);
  const fault = vmaIsShmem(vmf.vma) ? yield* shmemFault(k, vmf) : yield* filemapFault(k, vmf);
  if ((fault & NO_PAGE_CAME) !== 0) return fault;
  if (!testFlag(k, vmf.page, PG_hwpoison)) return fault;
  folioUnlock(k, vmf.page);
  yield* folioPut(k, vmf.page);
  return VM_FAULT_HWPOISON;
}

/** @kernel mm/shmem.c shmem_fault v6.2 @differs nobody waits for who is punching a hole */
function* shmemFault(k: Machine, vmf: VmFault): Step<number> {
  const mapping = vmaMapping(k, vmf.vma);
  vmBugOn(mapping === null, 'a file mapping has an address space');
  const index = linearPageIndex(vmf.vma, vmf.address);
  if (userfaultfdMinor(vmf.vma) && (yield* shmemHas(k, mapping!, index))) {
    return yield* handleUserfault(k, vmf, VM_UFFD_MINOR);
  }
  if (userfaultfdMissing(vmf.vma)) {
    const there = yield* shmemGetFolioGfp(k, mapping!, index, 'SGP_NOALLOC');
    if (there.error === 0 && there.page === 0) return yield* handleUserfault(k, vmf, VM_UFFD_MISSING);
    if (there.page !== 0) {
      vmf.page = there.page;
      return VM_FAULT_LOCKED | (there.major ? VM_FAULT_MAJOR : 0);
    }
  }
  const { page, error, major } = yield* shmemGetFolioGfp(k, mapping!, index, 'SGP_CACHE');
  if (error !== 0) return error === -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
  vmf.page = page;
  return VM_FAULT_LOCKED | (major ? VM_FAULT_MAJOR : 0);
}

/**
 * Maps the page unless the entry has changed.
 *
 * @kernel mm/memory.c finish_fault v6.2
 * @differs no huge pages of files, no OOM reaper
 */
function* finishFault(k: Machine, vmf: VmFault, page: number): Step<number> {
  yield* pteOffsetMapLock(k, vmf);
  const changed = vmfPteChanged(k, vmf, yield* ptepGet(k, vmf.ptep));
  if (!changed) yield* doSetPte(k, vmf, page, vmf.address, vmf.ptep);
  ptlUnlock(k, vmf.table);
  return changed ? VM_FAULT_NOPAGE : 0;
}

/**
 * Maps one page at one address; the caller gives its reference.
 *
 * @kernel mm/memory.c do_set_pte v6.2
 * @differs on arm64, too, a page that was mapped along with another one is young
 */
export function* doSetPte(k: Machine, vmf: VmFault, page: number, address: number, ptep: number): Step<void> {
  const { vma } = vmf;
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  let entry = pteSwMkyoung(k, mkPte(k, page, vma));
  if (write) entry = maybeMkwrite(k, pteMkdirty(k, entry), vma);
  if (pteMarkerUffdWp(k, vmf.origPte)) entry = pteMkuffdWp(k, pteWrprotect(k, entry));
  if (write && (vma.vmFlags & VM_SHARED) === 0) {
    addMmCounter(k, vmf.mm, MM_ANONPAGES, 1);
    yield* pageAddNewAnonRmap(k, page, vma, address);
    yield* folioAddLruVma(k, page, vma);
  } else {
    addMmCounter(k, vmf.mm, mmCounterFile(k, page), 1);
    yield* pageAddFileRmap(k, page, vma);
  }
  yield* setPteAt(k, ptep, entry);
}

/**
 * A locked page of a shared mapping was made writable. Who dirties it may have to wait for writeback, for which the
 * mmap lock is dropped.
 *
 * @kernel mm/memory.c fault_dirty_shared_page v6.2
 */
export function* faultDirtySharedPage(k: Machine, vmf: VmFault): Step<number> {
  const dirtied = (yield* folioMarkDirty(k, vmf.page)) || hasPageMkwrite(vmf.vma);
  folioUnlock(k, vmf.page);
  const first = (vmf.flags & FAULT_FLAG_ALLOW_RETRY) !== 0 && (vmf.flags & FAULT_FLAG_TRIED) === 0;
  const unlocks = dirtied && first && (vmf.flags & FAULT_FLAG_RETRY_NOWAIT) === 0;
  if (!unlocks) return 0;
  mmapReadUnlock(k, vmf.mm);
  return VM_FAULT_COMPLETED;
}
