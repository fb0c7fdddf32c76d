import { allocTable } from '../pgtable/table.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheZalloc } from '../machine/slab.js';
import type { Step } from '../step/step.js';
import { anonVmaFork } from '../vma/anon-vma.js';
import { vmaLinkFile } from '../vma/file.js';
import { MMF_HAS_PINNED, Mm } from '../vma/mm.js';
import { insertVma, vmasOf } from '../vma/vma-list.js';
import { VM_DONTCOPY, VM_LOCKED_MASK, VM_WIPEONFORK, __VM_UFFD_FLAGS } from '../vma/vm-flags.js';
import { vmAreaDup, vmaPages } from '../vma/vma.js';
import { copyPageRange } from './copy-page-range.js';

/**
 * A child's copy of an address space.
 *
 * @kernel kernel/fork.c dup_mm v6.2
 */
export function* dupMm(k: Machine, oldmm: Mm): Step<Mm> {
  const mm = kmemCacheZalloc(k, Mm);
  mm.pgd = allocTable(k, 0);
  mm.flags = oldmm.flags & ~MMF_HAS_PINNED;
  yield* dupMmap(k, mm, oldmm);
  return mm;
}

/** @kernel kernel/fork.c dup_mmap v6.2 @differs the child has no userfaultfd */
function* dupMmap(k: Machine, mm: Mm, oldmm: Mm): Step<void> {
  for (const mpnt of vmasOf(k, oldmm)) {
    if ((mpnt.vmFlags & VM_DONTCOPY) !== 0) continue;
    const tmp = vmAreaDup(k, mpnt);
    tmp.vmMm = mm.at;
    tmp.vmUserfaultfdCtx = 0;
    tmp.vmFlags &= ~(VM_LOCKED_MASK | __VM_UFFD_FLAGS);
    if ((tmp.vmFlags & VM_WIPEONFORK) !== 0) tmp.anonVma = 0;
    else anonVmaFork(k, tmp, mpnt);
    vmaLinkFile(k, tmp);
    insertVma(k, mm, tmp);
    mm.totalVm += vmaPages(tmp);
    if ((tmp.vmFlags & VM_WIPEONFORK) === 0) yield* copyPageRange(k, tmp, mpnt);
  }
}
