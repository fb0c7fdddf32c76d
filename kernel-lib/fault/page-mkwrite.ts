import type { Machine } from '../machine/machine.js';
import { pteSame } from '../pgtable/pte.js';
import { ptepGet, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { VM_OPS_FILE, type Vma } from '../vma/vma.js';
import { filemapPageMkwrite } from './filemap.js';
import { VM_FAULT_NOPAGE } from './flags.js';
import { type VmFault, pteOffsetMapLock } from './vm-fault.js';
import { wpPageReuse } from './wp.js';

/** Whether the VMA's file wants to know before a page becomes writable. shmem does not. */
export function hasPageMkwrite(vma: Vma): boolean {
  return vma.vmOps === VM_OPS_FILE;
}

/** Tells the file. @kernel mm/memory.c do_page_mkwrite v6.2 @differs the one method leaves the page locked */
export function* doPageMkwrite(k: Machine, vmf: VmFault): Step<number> {
  return yield* filemapPageMkwrite(k, vmf);
}

/** Makes the entry writable unless it changed meanwhile. @kernel mm/memory.c finish_mkwrite_fault v6.2 */
export function* finishMkwriteFault(k: Machine, vmf: VmFault): Step<number> {
  yield* pteOffsetMapLock(k, vmf);
  if (!pteSame(yield* ptepGet(k, vmf.ptep), vmf.origPte)) {
    ptlUnlock(k, vmf.table);
    return VM_FAULT_NOPAGE;
  }
  yield* wpPageReuse(k, vmf);
  return 0;
}
