import { EFAULT, EINVAL, ENOMEM } from '../base/errno.js';
import { mmPopulate } from '../gup/populate.js';
import { ksmMadvise } from '../ksm/madvise.js';
import { clearVmaResvHugePages, vmaKernelPagesize } from '../huge/hugetlb.js';
import { vmaAdjustTransHuge } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import { taskSize } from '../pgtable/table.js';
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
import { hugetlbVmOpOpen } from '../vma/resv-map.js';
import { findVma, insertVma, vmaBefore, vmaLookup, vmasOf } from '../vma/vma-list.js';
import { isVmHugetlbPage, vmAreaDup, vmaIsAnonymous, type Vma } from '../vma/vma.js';
import { VM_LOCKED, VM_LOCKED_MASK, __VM_UFFD_FLAGS } from '../vma/vm-flags.js';
import { flushDelayedFput } from '../zap/delayed-fput.js';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from './flags.js';
import { getUnmappedArea, pageAlign } from './mmap.js';
import { movePageTables } from './move-page-tables.js';
import { type Resize, growInPlace, vmaExpandable, vmaToResize } from './mremap-grow.js';
import { doMunmap } from './munmap.js';

/** What mremap is asked for: lengths in bytes. */
export interface MremapRequest {
  readonly addr: number;
  readonly oldLen: number;
  readonly newLen: number;
  /** MREMAP_… */
  readonly flags: number;
  /** With MREMAP_FIXED the new address, with MREMAP_DONTUNMAP alone a wish. */
  readonly newAddr: number;
}

/**
 * The mremap system call.
 *
 * Mappings of hugetlb move and shrink by whole huge pages, and do not grow: reservations cannot be parted.
 *
 * @returns the address, -EINVAL for bad arguments, -EFAULT unless one VMA holds the whole old range and may be resized,
 *     -ENOMEM where there is no room
 */
export function* mremap(k: Machine, mm: Mm, request: MremapRequest): Step<number> {
  if (badRequest(k, request)) return -EINVAL;
  yield* mmapWriteLock(k, mm);
  const { oldLen, newLen } = wholePages(k, mm, request);
  const move: Move = { ...request, mm, oldLen, newLen, early: [], late: [], remapped: null };
  const ret = yield* resizeOrMove(k, move);
  const grownLocked = ret >= 0 && newLen > oldLen && (findVma(k, mm, ret)!.vmFlags & VM_LOCKED) !== 0;
  mmapWriteUnlock(k, mm);
  if (grownLocked) yield* mmPopulate(k, mm, ret + oldLen, newLen - oldLen);
  yield* userfaultfdUnmapComplete(k, move.early);
  yield* mremapUserfaultfdComplete(k, move.remapped, request.addr, ret, oldLen);
  yield* userfaultfdUnmapComplete(k, move.late);
  yield* flushDelayedFput(k);
  return ret;
}

/** What is refused before anything is looked at. */
function badRequest(k: Machine, { addr, oldLen, newLen, flags }: MremapRequest): boolean {
  const mayMove = (flags & MREMAP_MAYMOVE) !== 0;
  if (flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) return true;
  if ((flags & MREMAP_FIXED) !== 0 && !mayMove) return true;
  if ((flags & MREMAP_DONTUNMAP) !== 0 && (!mayMove || oldLen !== newLen)) return true;
  return addr % k.pageSize !== 0 || pageAlign(k, newLen) === 0;
}

/** Lengths are counted in what the VMA's entries map. */
function wholePages(k: Machine, mm: Mm, { addr, oldLen, newLen }: MremapRequest) {
  const vma = vmaLookup(k, mm, addr);
  const size = vma === null ? k.pageSize : vmaKernelPagesize(k, vma);
  return { oldLen: Math.ceil(oldLen / size) * size, newLen: Math.ceil(newLen / size) * size };
}

/** One request, and whom userfaultfd is to tell of it when the mmap lock is gone. Lengths are whole pages. */
interface Move extends MremapRequest {
  readonly mm: Mm;
  /** What was unmapped to make room, and what was unmapped after the move. */
  readonly early: PendingEvent[];
  readonly late: PendingEvent[];
  remapped: UserfaultfdCtx | null;
}

function* resizeOrMove(k: Machine, move: Move): Step<number> {
  const { mm, addr, oldLen, newLen, flags } = move;
  const vma = vmaLookup(k, mm, addr);
  if (vma === null) return -EFAULT;
  if (isVmHugetlbPage(vma) && refusedByHugetlb(k, move)) return -EINVAL;
  if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) return yield* mremapTo(k, move);
  if (oldLen < newLen) return yield* grow(k, move);
  // Shrinking asks for nothing: what is to go may lie in several VMAs, or nowhere.
  const error = oldLen === newLen ? 0 : yield* doMunmap(k, mm, addr + newLen, oldLen - newLen, move.late);
  return error === 0 ? addr : error;
}

/** What hugetlb could not do: part a huge page, or reserve more of them. */
function refusedByHugetlb(k: Machine, { addr, newAddr, oldLen, newLen }: Move): boolean {
  const size = hpagePmdSize(k);
  return addr % size !== 0 || newAddr % size !== 0 || newLen > oldLen;
}

/** At its place if there is room behind it, else at another if that is allowed. */
function* grow(k: Machine, move: Move): Step<number> {
  const { mm, addr, oldLen, newLen, flags } = move;
  const vma = vmaToResize(k, mm, move);
  if (typeof vma === 'number') return vma;
  const atEnd = oldLen === vma.vmEnd - addr;
  if (atEnd && vmaExpandable(k, mm, vma, newLen - oldLen)) {
    const error = growInPlace(k, mm, vma, move);
    return error === 0 ? addr : error;
  }
  if ((flags & MREMAP_MAYMOVE) === 0) return -ENOMEM;
  const free = getUnmappedArea(k, mm, { file: null, addr: 0, flags: 0 }, newLen);
  return free < 0 ? free : yield* moveVma(k, move, vma, addr, oldLen, newLen, free);
}

/**
 * @kernel mm/mremap.c mremap_to v6.2
 * @differs since v6.17 a bad new address is refused before a hole at the old one
 */
function* mremapTo(k: Machine, move: Move): Step<number> {
  const { mm, addr, oldLen, newLen, newAddr, flags } = move;
  if (newAddr % k.pageSize !== 0 || newLen > taskSize(k) || newAddr > taskSize(k) - newLen) return -EINVAL;
  if (addr + oldLen > newAddr && newAddr + newLen > addr) return -EINVAL;
  const fixed = (flags & MREMAP_FIXED) !== 0;
  if (fixed && oldLen === newLen && k.patched.mremapMultipleVmas) return yield* remapMove(k, move);
  if (fixed) yield* doMunmap(k, mm, newAddr, newLen, move.early);
  const kept = Math.min(oldLen, newLen);
  if (oldLen > newLen) yield* doMunmap(k, mm, addr + newLen, oldLen - newLen, move.late);
  const target = fixed ? newAddr : getUnmappedArea(k, mm, { file: null, addr: newAddr, flags: 0 }, newLen);
  return yield* moveOne(k, move, { addr, oldLen: kept, newLen, flags }, target);
}

/** Moves a range that must lie in one VMA to a free place. */
function* moveOne(k: Machine, move: Move, resize: Resize, target: number): Step<number> {
  const vma = vmaToResize(k, move.mm, resize);
  if (typeof vma === 'number') return vma;
  return target < 0
    ? target
    : yield* moveVma(k, move, vma, resize.addr, resize.oldLen, resize.newLen, target);
}

/**
 * Moves every VMA of the range, and the holes between them with it, since d23cb648e365. A VMA with a userfaultfd
 * moves only alone, as its monitor must be told of each move before the next.
 */
function* remapMove(k: Machine, move: Move): Step<number> {
  const { mm, addr, oldLen: len, newAddr, flags } = move;
  const pieces = vmasOf(k, mm, addr, addr + len).map(({ vmStart, vmEnd, vmFlags }) => ({
    start: Math.max(addr, vmStart),
    end: Math.min(addr + len, vmEnd),
    alone: (vmFlags & __VM_UFFD_FLAGS) !== 0,
  }));
  for (const [at, { start, end, alone }] of pieces.entries()) {
    if (alone && (at > 0 || end < addr + len)) return -EFAULT;
    const target = newAddr + (start - addr);
    yield* doMunmap(k, mm, target, end - start, move.early);
    const whole = { addr: start, oldLen: end - start, newLen: end - start, flags };
    const moved = yield* moveOne(k, move, whole, target);
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
  newLen: number,
  newAddr: number,
): Step<number> {
  const { mm } = move;
  const keep = (move.flags & MREMAP_DONTUNMAP) !== 0;
  const { vmFlags } = vma;
  // At their new places, merged pages would stand where KSM has merged others.
  yield* ksmMadvise(k, vma, oldAddr, oldAddr + len, 'MADV_UNMERGEABLE');
  if (keep && vmFlags & VM_LOCKED) yield* splitOff(k, vma, oldAddr, oldAddr + len);
  const pgoff = vma.vmPgoff + (oldAddr - vma.vmStart) / k.pageSize;
  const { source, target } = copyVma(k, vma, newAddr, newLen, pgoff, keep);
  yield* movePageTables(k, source, oldAddr, newAddr, len);
  if (isVmHugetlbPage(source)) clearVmaResvHugePages(k, source);
  move.remapped = mremapUserfaultfdPrep(k, target);
  mm.totalVm += newLen / k.pageSize;
  if (keep) {
    leaveEmpty(k, source, oldAddr, len);
    return newAddr;
  }
  yield* doMunmap(k, mm, oldAddr, len, move.late);
  if (vmFlags & VM_LOCKED) mm.lockedVm += newLen / k.pageSize;
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
  hugetlbVmOpOpen(k, newVma, vma);
  insertVma(k, mm, newVma);
  vmaLinkFile(k, newVma);
  return { source: vma, target: newVma };
}
