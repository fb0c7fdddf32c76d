import { vmBugOn } from '../base/error.js';
import { allocPage } from '../folio/alloc.js';
import { folioMarkDirty } from '../folio/dirty.js';
import { PG_uptodate } from '../folio/flags.js';
import { setFlag } from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioAddLru } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { diskRead } from '../pagecache/disk-file.js';
import { __filemapGetFolio, filemapAddFolio, pageAddressSpace } from '../pagecache/page-cache.js';
import type { Step } from '../step/step.js';
import { type AddressSpace, vmaMapping } from '../vma/file.js';
import { linearPageIndex } from '../vma/vma.js';
import { VM_FAULT_LOCKED, VM_FAULT_MAJOR, VM_FAULT_NOPAGE, VM_FAULT_OOM, VM_FAULT_SIGBUS } from './flags.js';
import type { VmFault } from './vm-fault.js';

/**
 * Finds the page of a file on a disk, or reads it in: locked, with a reference, in vmf.page.
 *
 * @kernel mm/filemap.c filemap_fault v6.2
 * @differs no read-ahead
 */
export function* filemapFault(k: Machine, vmf: VmFault): Step<number> {
  const mapping = mappingOf(k, vmf);
  const index = linearPageIndex(vmf.vma, vmf.address);
  if (index * k.pageSize >= mapping.iSize) return VM_FAULT_SIGBUS;
  vmf.page = yield* __filemapGetFolio(k, mapping, index);
  if (vmf.page !== 0) return VM_FAULT_LOCKED;
  k.count('pgmajfault');
  vmf.page = yield* readIn(k, mapping, index);
  return vmf.page === 0 ? VM_FAULT_OOM : VM_FAULT_LOCKED | VM_FAULT_MAJOR;
}

function* readIn(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  const page = allocPage(k);
  if (page === 0) return 0;
  yield* folioTrylock(k, page);
  yield* filemapAddFolio(k, page, mapping, index);
  yield* folioAddLru(k, page);
  yield* diskRead(k, mapping, page);
  setFlag(k, page, PG_uptodate);
  return page;
}

/**
 * A page is about to become writable: the file system dirties it first. Locked unless the file has lost it.
 *
 * @kernel mm/filemap.c filemap_page_mkwrite v6.2
 * @differs nothing needs stable pages, so writeback under way is not waited for
 */
export function* filemapPageMkwrite(k: Machine, vmf: VmFault): Step<number> {
  yield* folioLock(k, vmf.page);
  if (pageAddressSpace(k, vmf.page)?.at !== mappingOf(k, vmf).at) {
    folioUnlock(k, vmf.page);
    return VM_FAULT_NOPAGE;
  }
  yield* folioMarkDirty(k, vmf.page);
  return VM_FAULT_LOCKED;
}

function mappingOf(k: Machine, vmf: VmFault): AddressSpace {
  const mapping = vmaMapping(k, vmf.vma);
  vmBugOn(mapping === null, 'a file mapping has an address space');
  return mapping!;
}
