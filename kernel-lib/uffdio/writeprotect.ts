import { EAGAIN, EINVAL, ENOENT, ESRCH } from '../base/errno.js';
import { vmaKernelPagesize } from '../huge/hugetlb.js';
import type { Machine } from '../machine/machine.js';
import { changeProtection } from '../mmap/change-protection.js';
import { MM_CP_TRY_CHANGE_WRITABLE, MM_CP_UFFD_WP, MM_CP_UFFD_WP_RESOLVE } from '../mmap/cp-flags.js';
import type { Step } from '../step/step.js';
import { type UserfaultfdCtx, ctxOf } from '../uffd/ctx.js';
import { userfaultfdWp } from '../uffd/markers.js';
import { wakeUserfault } from '../uffd/message.js';
import { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_PROT_FLAGS, vmaWantsManualPteWriteUpgrade } from '../vma/page-prot.js';
import { VM_WRITE } from '../vma/vm-flags.js';
import { vmaLookup, vmasOf } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';
import { validateRange } from './api.js';

/**
 * UFFDIO_WRITEPROTECT. Lifting the protection wakes who waits.
 *
 * @kernel fs/userfaultfd.c userfaultfd_writeprotect v6.2
 * @param enableWp false lifts the protection
 * @returns 0, -EINVAL, -ENOENT for a range that is not registered so, -EAGAIN during an event, -ESRCH when the process
 *     has exited
 */
export function* userfaultfdWriteprotect(
  k: Machine,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  enableWp: boolean,
): Step<number> {
  if (ctx.mmapChanging !== 0) return -EAGAIN;
  if (validateRange(k, start, len) !== 0) return -EINVAL;
  if (Mm.at(k, ctx.mm).mmUsers === 0) return -ESRCH;
  const error = yield* mwriteprotectRange(k, ctx, start, len, enableWp);
  if (error === 0 && !enableWp) wakeUserfault(k, ctx, start, len);
  return error;
}

/** @kernel mm/userfaultfd.c mwriteprotect_range v6.2 */
function* mwriteprotectRange(
  k: Machine,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  enableWp: boolean,
): Step<number> {
  const mm = Mm.at(k, ctx.mm);
  yield* mmapReadLock(k, mm);
  const error = ctx.mmapChanging !== 0 ? -EAGAIN : yield* protectRange(k, mm, start, start + len, enableWp);
  mmapReadUnlock(k, mm);
  return error;
}

/** Before VMAs could be several, one had to hold the whole range. */
function* protectRange(k: Machine, mm: Mm, start: number, end: number, enableWp: boolean): Step<number> {
  const vmas = k.patched.uffdWpManyVmas ? vmasOf(k, mm, start, end) : dstVmas(k, mm, start, end);
  if (vmas.length === 0) return -ENOENT;
  for (const vma of vmas) {
    if (!userfaultfdWp(vma)) return -ENOENT;
    const size = vmaKernelPagesize(k, vma);
    if (start % size !== 0 || (end - start) % size !== 0) return -EINVAL;
    yield* uffdWpRange(k, vma, Math.max(start, vma.vmStart), Math.min(end, vma.vmEnd), enableWp);
  }
  return 0;
}

function dstVmas(k: Machine, mm: Mm, start: number, end: number): Vma[] {
  const vma = vmaLookup(k, mm, start);
  return vma !== null && end <= vma.vmEnd && ctxOf(k, vma) !== null ? [vma] : [];
}

/**
 * Write-protects [start, end) of a VMA, or lifts that. Since 931298e103c2 the VMA's own default protection is applied,
 * and what needs no fault is made writable one by one; before, that of a VMA without userfaultfd was.
 *
 * @kernel mm/userfaultfd.c uffd_wp_range v6.2
 */
export function* uffdWpRange(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  enableWp: boolean,
): Step<void> {
  const wp = enableWp ? MM_CP_UFFD_WP : MM_CP_UFFD_WP_RESOLVE;
  if (k.patched.uffdWpKeepsPageProt) {
    const upgrade = !enableWp && vmaWantsManualPteWriteUpgrade(k, vma) ? MM_CP_TRY_CHANGE_WRITABLE : 0;
    yield* changeProtection(k, vma, start, end, wp | upgrade);
    return;
  }
  const prot = vma.vmFlags & VM_PROT_FLAGS;
  yield* changeProtection(k, vma, start, end, wp, enableWp ? prot & ~VM_WRITE : prot);
}
