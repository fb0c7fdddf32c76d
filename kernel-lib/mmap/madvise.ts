import { EINVAL, ENOMEM } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock, mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { findVma, vmaBefore } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';
import { madviseCold, madvisePageout } from './madvise-cold.js';
import { madviseCollapse } from '../khugepaged/collapse.js';
import { madviseDontneed, madviseDontneedLocked, madviseFree } from './madvise-dontneed.js';
import {
  advisedFlags,
  flagAdvices,
  isFlagAdvice,
  madviseUpdateVma,
  type FlagAdvice,
} from './madvise-flags.js';
import { madviseGuardInstall, madviseGuardRemove } from './madvise-guard.js';
import { madviseInjectError } from './madvise-inject-error.js';
import { madvisePopulateRange, madvisePopulateRead, madvisePopulateWrite } from './madvise-populate.js';
import { madviseRemove } from './madvise-remove.js';
import { madviseWillneed } from './madvise-willneed.js';
import { pageAlign } from './mmap.js';

/** Works on the pages of [start, end), which lies in `vma`; returns 0 or a negative error number. */
type PageAdvice = (k: Machine, vma: Vma, start: number, end: number) => Step<number>;

const pageAdvice = {
  MADV_COLD: madviseCold,
  MADV_COLLAPSE: madviseCollapse,
  MADV_DONTNEED: madviseDontneed,
  MADV_DONTNEED_LOCKED: madviseDontneedLocked,
  MADV_FREE: madviseFree,
  MADV_GUARD_INSTALL: madviseGuardInstall,
  MADV_GUARD_REMOVE: madviseGuardRemove,
  MADV_PAGEOUT: madvisePageout,
  MADV_POPULATE_READ: madvisePopulateRead,
  MADV_POPULATE_WRITE: madvisePopulateWrite,
  MADV_REMOVE: madviseRemove,
  MADV_WILLNEED: madviseWillneed,
} as const satisfies Record<string, PageAdvice>;

/** Failures of memory that are made up, by whether the memory is lost. */
const injectedErrors = { MADV_HWPOISON: true, MADV_SOFT_OFFLINE: false } as const;
type InjectedError = keyof typeof injectedErrors;

/** Advice that is given to VMAs one by one. */
type VmaAdvice = keyof typeof pageAdvice | FlagAdvice;

export type Advice = VmaAdvice | InjectedError;

/** Every advice that some kernel knows. */
export const advices: readonly string[] = [
  ...Object.keys(pageAdvice),
  ...flagAdvices,
  ...Object.keys(injectedErrors),
];

/**
 * The madvise system call.
 *
 * @kernel mm/madvise.c do_madvise v6.2
 * @param len in bytes
 * @returns 0, -EINVAL for bad arguments or memory that the advice does not fit, -ENOMEM when part of the range is
 *     not mapped (the rest is advised all the same), or what the advice itself returns
 */
export function* doMadvise(k: Machine, mm: Mm, start: number, len: number, advice: Advice): Step<number> {
  if (!madviseBehaviorValid(k, advice)) return -EINVAL;
  if (start % k.pageSize !== 0 || len < 0) return -EINVAL;
  const end = start + pageAlign(k, len);
  if (end === start) return 0;
  if (isInjectedError(advice)) return yield* madviseInjectError(k, mm, start, end, injectedErrors[advice]);
  if (isFlagAdvice(advice)) {
    yield* mmapWriteLock(k, mm);
    const error = yield* madviseWalkVmas(k, mm, start, end, advice);
    mmapWriteUnlock(k, mm);
    return error;
  }
  yield* mmapReadLock(k, mm);
  const populate = advice === 'MADV_POPULATE_READ' || advice === 'MADV_POPULATE_WRITE';
  const error =
    populate && k.patched.populateByGup
      ? yield* madvisePopulateRange(k, mm, start, end, advice === 'MADV_POPULATE_WRITE')
      : yield* madviseWalkVmas(k, mm, start, end, advice);
  mmapReadUnlock(k, mm);
  return error;
}

/** @kernel mm/madvise.c madvise_behavior_valid v6.2 */
function madviseBehaviorValid(k: Machine, advice: string): boolean {
  if (hugeAdvice.has(advice)) return k.pte.huge !== undefined;
  if (guardAdvice.has(advice)) return k.patched.guardRegions;
  return isFlagAdvice(advice) || Object.hasOwn(injectedErrors, advice) || Object.hasOwn(pageAdvice, advice);
}

/** Known where there are huge pages, and since there are guards. */
const hugeAdvice: ReadonlySet<string> = new Set(['MADV_HUGEPAGE', 'MADV_NOHUGEPAGE', 'MADV_COLLAPSE']);
const guardAdvice: ReadonlySet<string> = new Set(['MADV_GUARD_INSTALL', 'MADV_GUARD_REMOVE']);

function isInjectedError(advice: Advice): advice is InjectedError {
  return Object.hasOwn(injectedErrors, advice);
}

/**
 * Visits the VMAs of the range in order; the first error ends it, but holes are only remembered.
 *
 * @kernel mm/madvise.c madvise_walk_vmas v6.2
 */
function* madviseWalkVmas(k: Machine, mm: Mm, start: number, end: number, advice: VmaAdvice): Step<number> {
  let unmappedError = 0;
  let prev = vmaBefore(k, mm, start);
  for (let at = start; at < end;) {
    const vma = findVma(k, mm, at);
    if (vma === null) return -ENOMEM;
    if (at < vma.vmStart) {
      unmappedError = -ENOMEM;
      at = vma.vmStart;
      if (at >= end) break;
    } else if (at > vma.vmStart) {
      prev = vma;
    }
    const to = Math.min(vma.vmEnd, end);
    const visited = yield* madviseVmaBehavior(k, prev, vma, at, to, advice);
    if (typeof visited === 'number') return visited;
    prev = visited;
    at = visited === null ? to : visited.vmEnd;
  }
  return unmappedError;
}

/**
 * @kernel mm/madvise.c madvise_vma_behavior v6.2
 * @returns the VMA that holds the range now, NULL for one that may have gone, or a negative error number
 */
function* madviseVmaBehavior(
  k: Machine,
  prev: Vma | null,
  vma: Vma,
  start: number,
  end: number,
  advice: VmaAdvice,
): Step<Vma | null | number> {
  if (!isFlagAdvice(advice)) {
    const error = yield* pageAdvice[advice](k, vma, start, end);
    return error === 0 ? null : error;
  }
  const flags = yield* advisedFlags(k, vma, start, end, advice);
  return flags === null ? -EINVAL : yield* madviseUpdateVma(k, prev, vma, start, end, flags);
}
