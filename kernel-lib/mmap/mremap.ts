import { EFAULT, EINVAL } from '../base/errno.js';
import { ksmMadvise } from '../ksm/madvise.js';
import { vmaAdjustTransHuge } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { UserfaultfdCtx } from '../uffd/ctx.js';
import {
  type PendingEvent,
  mremapUserfaultfdComplete,
  mremapUserfaultfdPrep,
  userfaultfdUnmapComplete,
} from '../uffd/events.js';
import { anonVmaClone, unlinkAnonVmas } from '../vma/anon-vma.js';
import { getFile, vmaLinkFile } from '../vma/file.js';
import { vmaMergeNewRange } from '../vma/merge.js';
import { Mm } from '../vma/mm.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { splitVma } from '../vma/modify.js';
import { findVma, insertVma, vmaBefore, vmaLookup, vmasOf } from '../vma/vma-list.js';
import { isVmHugetlbPage, vmAreaDup, vmaIsAnonymous, type Vma } from '../vma/vma.js';
import { VM_DONTEXPAND, VM_LOCKED, VM_LOCKED_MASK, VM_PFNMAP, __VM_UFFD_FLAGS } from '../vma/vm-flags.js';
import { flushDelayedFput } from '../zap/delayed-fput.js';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from './flags.js';
import { pageAlign } from './mmap.js';
import { movePageTables } from './move-page-tables.js';
import { doMunmap } from './munmap.js';

/** What mremap is asked for: lengths in bytes, whole pages after rounding. */
export interface MremapRequest {
  readonly addr: number;
  readonly oldLen: number;
  readonly newLen: number;
  /** MREMAP_… */
  readonly flags: number;
  /** Used with MREMAP_FIXED. */
  readonly newAddr: number;
}

/**
 * The mremap system call, as far as it moves: a new place of the same size, named by the caller.
 *
 * MODEL: growing, shrinking, moves to a place of the kernel's choice and moves of huge pages of hugetlb are left out
 * and give -EINVAL.
 *
 * @returns the new address, -EINVAL for bad arguments, -EFAULT unless one VMA holds the whole old range
 */
export function* mremap(k: Machine, mm: Mm, request: MremapRequest): Step<number> {
  const { addr, flags, newAddr } = request;
  const len = pageAlign(k, request.newLen);
  if (flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) return -EINVAL;
  if ((flags & MREMAP_MAYMOVE) === 0 || (flags & MREMAP_FIXED) === 0) return -EINVAL;
  if (len === 0 || pageAlign(k, request.oldLen) !== len) return -EINVAL;
  if (addr % k.pageSize !== 0 || newAddr % k.pageSize !== 0) return -EINVAL;
  const move: Move = { mm, addr, len, newAddr, flags, early: [], late: [], remapped: null };
  yield* mmapWriteLock(k, mm);
  const ret = yield* mremapTo(k, move);
  mmapWriteUnlock(k, mm);
  yield* userfaultfdUnmapComplete(k, move.early);
  yield* mremapUserfaultfdComplete(k, move.remapped, addr, ret, len);
  yield* userfaultfdUnmapComplete(k, move.late);
  yield* flushDelayedFput(k);
  return ret;
}

/** One move, and whom userfaultfd is to tell of it when the mmap lock is gone. */
interface Move {
  readonly mm: Mm;
  readonly addr: number;
  readonly len: number;
  readonly newAddr: number;
  /** MREMAP_… */
  readonly flags: number;
  /** What was unmapped to make room, and what was unmapped after the move. */
  readonly early: PendingEvent[];
  readonly late: PendingEvent[];
  remapped: UserfaultfdCtx | null;
}

/** @kernel mm/mremap.c mremap_to v6.2 */
function* mremapTo(k: Machine, move: Move): Step<number> {
  const { mm, addr, len, newAddr } = move;
  const vma = vmaLookup(k, mm, addr);
  if (vma === null) return -EFAULT;
  if (isVmHugetlbPage(vma)) return -EINVAL;
  if (addr + len > newAddr && newAddr + len > addr) return -EINVAL;
  if (k.patched.mremapMultipleVmas) return yield* remapMove(k, move);
  yield* doMunmap(k, mm, newAddr, len, move.early);
  return yield* moveOne(k, move, addr, len, newAddr);
}

/** Moves a range that must lie in one VMA to a free place. */
function* moveOne(k: Machine, move: Move, addr: number, len: number, newAddr: number): Step<number> {
  const vma = vmaLookup(k, move.mm, addr);
  if (vma === null) return -EFAULT;
  if (move.flags & MREMAP_DONTUNMAP && vma.vmFlags & (VM_DONTEXPAND | VM_PFNMAP)) return -EINVAL;
  if (addr + len > vma.vmEnd) return -EFAULT;
  return yield* moveVma(k, move, vma, addr, len, newAddr);
}

/**
 * Moves every VMA of the range, and the holes between them with it, since d23cb648e365. A VMA with a userfaultfd
 * moves only alone, as its monitor must be told of each move before the next.
 */
function* remapMove(k: Machine, move: Move): Step<number> {
  const { mm, addr, len, newAddr } = move;
  const pieces = vmasOf(k, mm, addr, addr + len).map(({ vmStart, vmEnd, vmFlags }) => ({
    start: Math.max(addr, vmStart),
    end: Math.min(addr + len, vmEnd),
    alone: (vmFlags & __VM_UFFD_FLAGS) !== 0,
  }));
  for (const [at, { start, end, alone }] of pieces.entries()) {
    if (alone && (at > 0 || end < addr + len)) return -EFAULT;
    const target = newAddr + (start - addr);
    yield* doMunmap(k, mm, target, end - start, move.early);
    const moved = yield* moveOne(k, move, start, end - start, target);
    if (moved < 0) return moved;
  }
  return newAddr;
}

/** @kernel mm/mremap.c move_vma v6.2 */
function* moveVma(
  k: Machine,
  move: Move,
  vma: Vma,
  oldAddr: number,
  len: number,
  newAddr: number,
): Step<number> {
  const { mm } = move;
  const keep = (move.flags & MREMAP_DONTUNMAP) !== 0;
  const { vmFlags } = vma;
  // At their new places, merged pages would stand where KSM has merged others.
  yield* ksmMadvise(k, vma, oldAddr, oldAddr + len, 'MADV_UNMERGEABLE');
  if (keep && vmFlags & VM_LOCKED) yield* splitOff(k, vma, oldAddr, oldAddr + len);
  const pgoff = vma.vmPgoff + (oldAddr - vma.vmStart) / k.pageSize;
  const { source, target } = copyVma(k, vma, newAddr, len, pgoff, keep);
  yield* movePageTables(k, source, oldAddr, newAddr, len);
  move.remapped = mremapUserfaultfdPrep(k, target);
  mm.totalVm += len / k.pageSize;
  if (keep) {
    leaveEmpty(k, source, oldAddr, len);
    return newAddr;
  }
  yield* doMunmap(k, mm, oldAddr, len, move.late);
  if (vmFlags & VM_LOCKED) mm.lockedVm += len / k.pageSize;
  return newAddr;
}

/** MREMAP_DONTUNMAP: the old range stays as it would be after mmap, without pages. */
function leaveEmpty(k: Machine, vma: Vma, oldAddr: number, len: number): void {
  vma.vmFlags &= ~VM_LOCKED_MASK;
  if (vma.vmStart !== oldAddr || vma.vmEnd !== oldAddr + len) return;
  unlinkAnonVmas(k, vma);
}

function* splitOff(k: Machine, vma: Vma, start: number, end: number): Step<void> {
  yield* vmaAdjustTransHuge(k, vma, start, end);
  if (vma.vmStart !== start) splitVma(k, vma, start, true);
  if (vma.vmEnd !== end) splitVma(k, vma, end, false);
}

/**
 * A VMA like `vma` at [addr, addr + len), or a neighbour of that place stretched over it.
 *
 * @kernel mm/mmap.c copy_vma v6.2
 * @param keepSource the old VMA stays, so it must not become one with the new one
 * @returns the VMA that holds the old range now, as stretching may have swallowed `vma`, and that of the new one
 */
function copyVma(
  k: Machine,
  vma: Vma,
  addr: number,
  len: number,
  pgoff: number,
  keepSource: boolean,
): { source: Vma; target: Vma } {
  const mm = Mm.at(k, vma.vmMm);
  // Anonymous memory that was never faulted may change its offset, and so become equal to its new neighbours.
  const unfaulted = vmaIsAnonymous(vma) && vma.anonVma === 0;
  const newPgoff = unfaulted ? addr / k.pageSize : pgoff;
  const oldStart = vma.vmStart;
  const prev = vmaBefore(k, mm, addr);
  const next = findVma(k, mm, addr);
  const merged = vmaMergeNewRange(k, {
    mm,
    prev: unfaulted && keepSource && prev === vma ? null : prev,
    next: unfaulted && keepSource && next === vma ? null : next,
    start: addr,
    end: addr + len,
    flags: vma.vmFlags,
    pgoff: newPgoff,
    file: vma.vmFile,
    anonVma: vma.anonVma,
    uffdCtx: vma.vmUserfaultfdCtx,
  });
  if (merged !== null) {
    const swallowed = oldStart >= merged.vmStart && oldStart < merged.vmEnd;
    return { source: swallowed ? merged : vma, target: merged };
  }
  const newVma = vmAreaDup(k, vma);
  newVma.vmStart = addr;
  newVma.vmEnd = addr + len;
  newVma.vmPgoff = newPgoff;
  anonVmaClone(k, newVma, vma);
  getFile(k, newVma.vmFile);
  insertVma(k, mm, newVma);
  vmaLinkFile(k, newVma);
  return { source: vma, target: newVma };
}
