import { EINVAL, ENOMEM } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import type { Step } from '../step/step.js';
import { userfaultfdRemove } from '../uffd/events.js';
import { Mm } from '../vma/mm.js';
import { mmapReadLock } from '../vma/mmap-lock.js';
import { VM_LOCKED, VM_PFNMAP } from '../vma/vm-flags.js';
import { vmaLookup } from '../vma/vma-list.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';
import { zapPageRangeSingle } from '../zap/zap.js';
import { madviseFreeSingleVma } from './madvise-free.js';

/**
 * Drops the pages: the next access finds what a new mapping would hold.
 */
export function* madviseDontneed(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  return yield* madviseDontneedFree(k, vma, start, end, 'MADV_DONTNEED');
}

/** The same, also for locked memory. */
export function* madviseDontneedLocked(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  return yield* madviseDontneedFree(k, vma, start, end, 'MADV_DONTNEED_LOCKED');
}

/** Gives the pages' content up: reclaim may drop them until they are written again. */
export function* madviseFree(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  return yield* madviseDontneedFree(k, vma, start, end, 'MADV_FREE');
}

type DropAdvice = 'MADV_DONTNEED' | 'MADV_DONTNEED_LOCKED' | 'MADV_FREE';

/**
 * Tells userfaultfd if it wants to know. The mmap lock was dropped then, and the VMA may be another.
 *
 * @kernel mm/madvise.c madvise_dontneed_free v6.2
 */
function* madviseDontneedFree(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  advice: DropAdvice,
): Step<number> {
  if (!madviseDontneedFreeValidVma(k, vma, start, advice)) return -EINVAL;
  const mm = Mm.at(k, vma.vmMm);
  if (yield* userfaultfdRemove(k, vma, start, end)) return yield* drop(k, vma, start, end, advice);
  yield* mmapReadLock(k, mm);
  const now = vmaLookup(k, mm, start);
  if (now === null) return -ENOMEM;
  if (!madviseDontneedFreeValidVma(k, now, start, advice)) return -EINVAL;
  return yield* drop(k, now, start, Math.min(end, now.vmEnd), advice);
}

/** @kernel mm/madvise.c madvise_dontneed_free_valid_vma v6.2 */
function madviseDontneedFreeValidVma(k: Machine, vma: Vma, start: number, advice: DropAdvice): boolean {
  if (isVmHugetlbPage(vma)) return advice !== 'MADV_FREE' && start % hpagePmdSize(k) === 0;
  const forbidden = advice === 'MADV_DONTNEED_LOCKED' ? VM_PFNMAP : VM_PFNMAP | VM_LOCKED;
  return (vma.vmFlags & forbidden) === 0;
}

function* drop(k: Machine, vma: Vma, start: number, end: number, advice: DropAdvice): Step<number> {
  if (advice === 'MADV_FREE') return yield* madviseFreeSingleVma(k, vma, start, end);
  // Half a huge page cannot go.
  const whole = isVmHugetlbPage(vma) ? end - (end % hpagePmdSize(k)) : end;
  yield* zapPageRangeSingle(k, vma, start, whole, { reclaimPt: k.patched.reclaimEmptyTables });
  return 0;
}
