import { EINVAL } from '../base/errno.js';
import { splitHugePmdIfNeeded } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import { hugetlbVmOpClose, partsHugePage } from '../huge/hugetlb.js';
import { taskSize } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { type PendingEvent, userfaultfdUnmapComplete, userfaultfdUnmapPrep } from '../uffd/events.js';
import { unlinkAnonVmas } from '../vma/anon-vma.js';
import { fput, unlinkFileVma } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import { splitVma } from '../vma/modify.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { findVma, freeVmaList, removeVma, vmaBefore, vmasOf } from '../vma/vma-list.js';
import { vmaPages, vmAreaFree, type Vma } from '../vma/vma.js';
import { VM_LOCKED } from '../vma/vm-flags.js';
import { flushDelayedFput } from '../zap/delayed-fput.js';
import { freePgtables, unmapVmas } from '../zap/unmap-vmas.js';

/**
 * The munmap system call.
 *
 * @kernel mm/mmap.c __vm_munmap v6.2
 * @returns 0 or -EINVAL; that nothing is mapped there is no error
 */
export function* __vmMunmap(k: Machine, mm: Mm, start: number, len: number): Step<number> {
  const unmaps: PendingEvent[] = [];
  yield* mmapWriteLock(k, mm);
  const ret = yield* doMunmap(k, mm, start, len, unmaps);
  mmapWriteUnlock(k, mm);
  yield* userfaultfdUnmapComplete(k, unmaps);
  yield* flushDelayedFput(k);
  return ret;
}

/**
 * Takes [start, start + len) out of the address space. The mmap lock is held for writing.
 *
 * @kernel mm/mmap.c do_munmap v6.2
 * @param unmaps collects what userfaultfd is to be told once the lock is gone
 */
export function* doMunmap(
  k: Machine,
  mm: Mm,
  start: number,
  len: number,
  unmaps: PendingEvent[],
): Step<number> {
  const size = taskSize(k);
  if (start % k.pageSize !== 0 || start > size || len < 0 || len > size - start) return -EINVAL;
  const end = start + Math.ceil(len / k.pageSize) * k.pageSize;
  if (end === start) return -EINVAL;
  if ([start, end].some((addr) => cannotPart(k, mm, addr))) return -EINVAL;
  yield* splitAt(k, mm, start);
  yield* splitAt(k, mm, end);
  const vmas = vmasOf(k, mm, start, end);
  for (const vma of vmas) userfaultfdUnmapPrep(k, vma, start, end, unmaps);
  for (const vma of vmas) {
    removeVma(k, mm, vma);
    if (vma.vmFlags & VM_LOCKED) mm.lockedVm -= vmaPages(vma);
  }
  if (vmas.length > 0) yield* unmapRegion(k, mm, vmas);
  return 0;
}

/** Whether `addr` is inside a VMA that has no boundary there to give. */
function cannotPart(k: Machine, mm: Mm, addr: number): boolean {
  const vma = findVma(k, mm, addr);
  return vma !== null && vma.vmStart < addr && partsHugePage(k, vma, addr);
}

/** If `addr` is inside a VMA, makes it the boundary of two. */
function* splitAt(k: Machine, mm: Mm, addr: number): Step<void> {
  const vma = findVma(k, mm, addr);
  if (vma === null || vma.vmStart >= addr) return;
  yield* splitHugePmdIfNeeded(k, vma, addr);
  splitVma(k, vma, addr, true);
}

/**
 * Takes away the pages and page tables of VMAs that the address space has forgotten, and the VMAs.
 *
 * @kernel mm/mmap.c unmap_region v6.2
 * @differs does not drain the LRU batches of its CPU first
 */
function* unmapRegion(k: Machine, mm: Mm, vmas: readonly Vma[]): Step<void> {
  const start = vmas[0]!.vmStart;
  const floor = vmaBefore(k, mm, start)?.vmEnd ?? 0;
  const ceiling = findVma(k, mm, start)?.vmStart ?? Infinity;
  yield* unmapVmas(k, mm, vmas);
  for (const vma of vmas) unlinkVma(k, vma);
  freePgtables(k, mm, floor, ceiling);
  for (const vma of vmas) {
    mm.totalVm -= vmaPages(vma);
    hugetlbVmOpClose(k, vma);
    fput(k, vma.vmFile);
    vmAreaFree(k, vma);
  }
}

/**
 * The address space goes with its last process.
 *
 * @kernel mm/mmap.c exit_mmap v6.2
 * @differs does not drain the LRU batches of its CPU first
 */
export function* exitMmap(k: Machine, mm: Mm): Step<void> {
  const vmas = vmasOf(k, mm);
  yield* mmapWriteLock(k, mm);
  if (vmas.length > 0) yield* unmapVmas(k, mm, vmas);
  for (const vma of vmas) unlinkVma(k, vma);
  freePgtables(k, mm, 0, Infinity);
  for (const vma of vmas) {
    removeVma(k, mm, vma);
    hugetlbVmOpClose(k, vma);
    fput(k, vma.vmFile);
    vmAreaFree(k, vma);
  }
  freeVmaList(k, mm);
  mmapWriteUnlock(k, mm);
  yield* flushDelayedFput(k);
}

/** Those who look for the mappings of a page no longer find this one; its page tables may go. */
function unlinkVma(k: Machine, vma: Vma): void {
  unlinkAnonVmas(k, vma);
  unlinkFileVma(k, vma);
}
