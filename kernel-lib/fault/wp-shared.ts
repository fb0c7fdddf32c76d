import { folioPut } from '../folio/alloc.js';
import { folioGet } from '../folio/frame.js';
import { folioLock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { faultDirtySharedPage } from './file.js';
import type { VmFault } from './vm-fault.js';
import { wpPageReuse, wrote } from './wp.js';

/** A write to a shared mapping of something without struct page. @kernel mm/memory.c wp_pfn_shared v6.2 */
export function* wpPfnShared(k: Machine, vmf: VmFault): Step<number> {
  yield* wpPageReuse(k, vmf);
  return wrote(k);
}

/** A write to a shared mapping. @kernel mm/memory.c wp_page_shared v6.2 @differs shmem has no page_mkwrite */
export function* wpPageShared(k: Machine, vmf: VmFault): Step<number> {
  yield* folioGet(k, vmf.page);
  yield* wpPageReuse(k, vmf);
  yield* folioLock(k, vmf.page);
  const result = wrote(k) | faultDirtySharedPage(k, vmf);
  yield* folioPut(k, vmf.page);
  return result;
}
