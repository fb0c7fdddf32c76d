import { EACCES, EINVAL, ENOMEM } from '../base/errno.js';
import { populateVmaPageRange } from '../gup/populate.js';
import { vmaAdjustTransHuge } from '../huge/split-pmd.js';
import { partsHugePage } from '../huge/hugetlb.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { vmaModify } from '../vma/modify.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { vmaSetPageProt, vmaWantsManualPteWriteUpgrade } from '../vma/page-prot.js';
import { findVma, vmaLookup, vmaPrev } from '../vma/vma-list.js';
import { vmaIsAnonymous, type Vma } from '../vma/vma.js';
import {
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_HUGETLB,
  VM_LOCKED,
  VM_NORESERVE,
  VM_SHARED,
  VM_WRITE,
} from '../vma/vm-flags.js';
import { changeProtection } from './change-protection.js';
import { MM_CP_TRY_CHANGE_WRITABLE } from './cp-flags.js';
import { PROT_EXEC, PROT_READ, PROT_SEM, PROT_WRITE } from './flags.js';
import { calcVmProtBits, pageAlign } from './mmap.js';

/**
 * The mprotect system call.
 *
 * @kernel mm/mprotect.c do_mprotect_pkey v6.2
 * @differs no protection keys, no PROT_GROWSDOWN
 * @param len in bytes; below 0 stands for the huge number that size_t makes of it
 * @returns 0, -EINVAL, -ENOMEM at the first hole (what lies before it is changed) or -EACCES
 */
export function* doMprotectPkey(k: Machine, mm: Mm, start: number, len: number, prot: number): Step<number> {
  if (start % k.pageSize !== 0) return -EINVAL;
  if (len === 0) return 0;
  if (pageAlign(k, len) <= 0) return -ENOMEM;
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM)) !== 0) return -EINVAL;
  yield* mmapWriteLock(k, mm);
  const error = yield* mprotectRange(k, mm, start, start + pageAlign(k, len), prot);
  mmapWriteUnlock(k, mm);
  return error;
}

function* mprotectRange(k: Machine, mm: Mm, start: number, end: number, prot: number): Step<number> {
  let vma = vmaLookup(k, mm, start);
  if (vma === null) return -ENOMEM;
  let prev = start > vma.vmStart ? vma : vmaPrev(k, mm, vma);
  for (let nstart = start; ;) {
    const newflags: number = calcVmProtBits(prot) | (vma.vmFlags & ~VM_ACCESS_FLAGS);
    // The VM_MAY flags stand four bits above those that they permit.
    if ((newflags & ~(newflags >> 4) & VM_ACCESS_FLAGS) !== 0) return -EACCES;
    const nend = Math.min(vma.vmEnd, end);
    if (partsHugePage(k, vma, nstart) || partsHugePage(k, vma, nend)) return -EINVAL;
    prev = yield* mprotectFixup(k, prev, vma, nstart, nend, newflags);
    nstart = prev.vmEnd;
    if (nstart >= end) return 0;
    vma = findVma(k, mm, nstart);
    if (vma === null || vma.vmStart !== nstart) return -ENOMEM;
  }
}

/**
 * Gives [start, end), which lies in `vma`, new flags.
 *
 * @kernel mm/mprotect.c mprotect_fixup v6.2
 * @param prev the VMA next below, or `vma` when the range begins inside of it
 * @returns the VMA that holds the range now
 */
function* mprotectFixup(
  k: Machine,
  prev: Vma | null,
  vma: Vma,
  start: number,
  end: number,
  newflags: number,
): Step<Vma> {
  const oldflags = vma.vmFlags;
  if (newflags === oldflags) return vma;
  const flags = accountedFlags(k, vma, newflags);
  yield* vmaAdjustTransHuge(k, vma, start, end);
  const changed = vmaModify(k, prev, vma, start, end, { flags });
  changed.vmFlags = flags;
  // Asked before the protection is chosen anew: a VMA that was already notified of writes answers no.
  const upgrade = vmaWantsManualPteWriteUpgrade(k, changed);
  vmaSetPageProt(k, changed);
  yield* changeProtection(k, changed, start, end, upgrade ? MM_CP_TRY_CHANGE_WRITABLE : 0);
  // A store could fault for long otherwise, which locked memory promises not to do.
  const locked = (oldflags & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED;
  if (locked && (flags & VM_WRITE) !== 0) yield* populateVmaPageRange(k, changed, start, end, null);
  return changed;
}

/** A private mapping that becomes writable may need memory of its own from now on. */
function accountedFlags(k: Machine, vma: Vma, newflags: number): number {
  const oldflags = vma.vmFlags;
  if (newflags & VM_WRITE) {
    const settled = VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE;
    return (oldflags & settled) === 0 ? newflags | VM_ACCOUNT : newflags;
  }
  const unfaulted = vmaIsAnonymous(vma) && vma.anonVma === 0;
  return k.patched.unaccountUnfaulted && unfaulted ? newflags & ~VM_ACCOUNT : newflags;
}
