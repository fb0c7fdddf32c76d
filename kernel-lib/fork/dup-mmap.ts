import type { Machine } from '../machine/machine.js';
import { anonVmaLockWrite, anonVmaUnlockWrite } from '../rmap/anon-vma-lock.js';
import type { Step } from '../step/step.js';
import { flushTlbMmRange, hasTlbs } from '../tlb/tlb.js';
import { type ForkContexts, dupUserfaultfd, dupUserfaultfdComplete } from '../uffd/events.js';
import { anonVmaFork } from '../vma/anon-vma.js';
import { getFile, vmaLinkFile } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { insertVma, vmasOf } from '../vma/vma-list.js';
import { vmAreaDup, vmaPages, type Vma } from '../vma/vma.js';
import { VM_DONTCOPY, VM_LOCKED_MASK, VM_WIPEONFORK } from '../vma/vm-flags.js';
import { copyPageRange } from './copy-page-range.js';

/**
 * Gives the empty `mm` of a child the VMAs of its parent, and of the pages those that its faults could not find
 * again.
 *
 * @kernel kernel/fork.c dup_mmap v6.2
 * @returns 0 or a negative error number
 */
export function* dupMmap(k: Machine, mm: Mm, oldmm: Mm): Step<number> {
  const contexts: ForkContexts = new Map();
  yield* mmapWriteLock(k, oldmm);
  yield* mmapWriteLock(k, mm);
  const error = yield* dupVmas(k, mm, oldmm, contexts);
  yield* flushTlbMm(k, oldmm);
  mmapWriteUnlock(k, mm);
  mmapWriteUnlock(k, oldmm);
  yield* dupUserfaultfdComplete(k, contexts);
  return error;
}

/** The parent's CPUs may still hold entries with which they could write to what is shared now. */
function* flushTlbMm(k: Machine, mm: Mm): Step<void> {
  if (!hasTlbs(k)) return;
  for (const vma of vmasOf(k, mm)) yield* flushTlbMmRange(k, mm.at, vma.vmStart, vma.vmEnd);
}

function* dupVmas(k: Machine, mm: Mm, oldmm: Mm, contexts: ForkContexts): Step<number> {
  for (const mpnt of vmasOf(k, oldmm)) {
    if (mpnt.vmFlags & VM_DONTCOPY) continue;
    const tmp = yield* dupVma(k, mm, mpnt, contexts);
    if (tmp.vmFlags & VM_WIPEONFORK) continue;
    const error = yield* copyPageRange(k, tmp, mpnt);
    if (error !== 0) return error;
  }
  return 0;
}

/** A child's copy of one VMA. A wiped one starts without anon_vma, as if it had never been written. */
function* dupVma(k: Machine, mm: Mm, mpnt: Vma, contexts: ForkContexts): Step<Vma> {
  const tmp = vmAreaDup(k, mpnt);
  tmp.vmMm = mm.at;
  dupUserfaultfd(k, tmp, contexts);
  if (tmp.vmFlags & VM_WIPEONFORK) tmp.anonVma = 0;
  else yield* forkAnonVma(k, tmp, mpnt);
  tmp.vmFlags &= ~VM_LOCKED_MASK;
  getFile(k, tmp.vmFile);
  insertVma(k, mm, tmp);
  vmaLinkFile(k, tmp);
  mm.totalVm += vmaPages(tmp);
  return tmp;
}

/** Whoever walks the mappings of a page of the parent now is not to meet the child's half-way. */
function* forkAnonVma(k: Machine, tmp: Vma, mpnt: Vma): Step<void> {
  const { anonVma } = mpnt;
  if (anonVma === 0) return;
  yield* anonVmaLockWrite(k, anonVma);
  anonVmaFork(k, tmp, mpnt);
  anonVmaUnlockWrite(k, anonVma);
}
