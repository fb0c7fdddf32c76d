import { folioPut } from '../folio/alloc.js';
import { folioGet } from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { faultDirtySharedPage } from './file.js';
import { VM_FAULT_ERROR, VM_FAULT_NOPAGE } from './flags.js';
import { doPageMkwrite, finishMkwriteFault, hasPageMkwrite } from './page-mkwrite.js';
import type { VmFault } from './vm-fault.js';
import { wpPageReuse, wrote } from './wp.js';

/** A write to a shared mapping of something without struct page. @kernel mm/memory.c wp_pfn_shared v6.2 */
export function* wpPfnShared(k: Machine, vmf: VmFault): Step<number> {
  yield* wpPageReuse(k, vmf);
  return wrote(k);
}

/** A write to a shared mapping. @kernel mm/memory.c wp_page_shared v6.2 */
export function* wpPageShared(k: Machine, vmf: VmFault): Step<number> {
  yield* folioGet(k, vmf.page);
  const refused = hasPageMkwrite(vmf.vma) ? yield* tellFile(k, vmf) : yield* reuseAndLock(k, vmf);
  const result = refused === 0 ? wrote(k) | (yield* faultDirtySharedPage(k, vmf)) : refused;
  yield* folioPut(k, vmf.page);
  return result;
}

/** The file dirties the page before the entry becomes writable. Leaves the page locked unless it gives a reason. */
function* tellFile(k: Machine, vmf: VmFault): Step<number> {
  ptlUnlock(k, vmf.table);
  const refused = (yield* doPageMkwrite(k, vmf)) & (VM_FAULT_ERROR | VM_FAULT_NOPAGE);
  if (refused !== 0) return refused;
  const changed = yield* finishMkwriteFault(k, vmf);
  if (changed !== 0) folioUnlock(k, vmf.page);
  return changed;
}

function* reuseAndLock(k: Machine, vmf: VmFault): Step<number> {
  yield* wpPageReuse(k, vmf);
  yield* folioLock(k, vmf.page);
  return 0;
}
