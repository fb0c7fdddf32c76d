import { EBUSY, EINVAL, ENOMEM, EPERM } from '../base/errno.js';
import { partsHugePage } from '../huge/hugetlb.js';
import { vmaAdjustTransHuge } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import {
  UFFD_FEATURE_WP_ASYNC,
  type UserfaultfdCtx,
  ctxOf,
  userfaultfdCtxPut,
  userfaultfdResetCtx,
  userfaultfdSetCtx,
} from '../uffd/ctx.js';
import { userfaultfdMissing, userfaultfdWp } from '../uffd/markers.js';
import { wakeEvents, wakeUserfault } from '../uffd/message.js';
import { Mm } from '../vma/mm.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { vmaModify } from '../vma/modify.js';
import {
  VM_MAYWRITE,
  VM_SPECIAL,
  VM_UFFD_MINOR,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  __VM_UFFD_FLAGS,
} from '../vma/vm-flags.js';
import { findVmaIntersection, vmaPrev, vmasOf } from '../vma/vma-list.js';
import { type Vma, isVmHugetlbPage, vmaIsAnonymous, vmaIsShmem } from '../vma/vma.js';
import { validateRange } from './api.js';
import { uffdWpRange } from './writeprotect.js';

/** What of a range a userfaultfd is to be shown. @kernel include/uapi/linux/userfaultfd.h UFFDIO_REGISTER_MODE_MISSING v6.2 */
export const UFFDIO_REGISTER_MODE_MISSING = 1 << 0;
export const UFFDIO_REGISTER_MODE_WP = 1 << 1;
export const UFFDIO_REGISTER_MODE_MINOR = 1 << 2;

/**
 * UFFDIO_REGISTER.
 *
 * @kernel fs/userfaultfd.c userfaultfd_register v6.2
 * @param len in bytes
 * @param mode UFFDIO_REGISTER_MODE_…
 * @returns 0, -EINVAL for bad arguments, nothing mapped or memory of the wrong kind, -EPERM for memory that may never be
 *     written, -EBUSY for memory of another userfaultfd, -ENOMEM when the process has exited
 */
export function* userfaultfdRegister(
  k: Machine,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  mode: number,
): Step<number> {
  const flags = registeredFlags(k, mode);
  if (flags === 0 || validateRange(k, start, len) !== 0) return -EINVAL;
  const mm = Mm.at(k, ctx.mm);
  if (mm.mmUsers === 0) return -ENOMEM;
  yield* mmapWriteLock(k, mm);
  const vmas = vmasOf(k, mm, start, start + len);
  const error = vmas.length === 0 ? -EINVAL : refusal(k, ctx, vmas, [start, start + len], flags);
  if (error === 0) yield* userfaultfdRegisterRange(k, ctx, start, start + len, flags);
  mmapWriteUnlock(k, mm);
  return error;
}

/** VM_… flags of a mode, 0 for one that the kernel has not. */
function registeredFlags(k: Machine, mode: number): number {
  const allowed =
    UFFDIO_REGISTER_MODE_MISSING |
    (k.uffdWp ? UFFDIO_REGISTER_MODE_WP : 0) |
    (k.uffdMinor ? UFFDIO_REGISTER_MODE_MINOR : 0);
  if ((mode & ~allowed) !== 0) return 0;
  return (
    (mode & UFFDIO_REGISTER_MODE_MISSING ? VM_UFFD_MISSING : 0) |
    (mode & UFFDIO_REGISTER_MODE_WP ? VM_UFFD_WP : 0) |
    (mode & UFFDIO_REGISTER_MODE_MINOR ? VM_UFFD_MINOR : 0)
  );
}

/** Why some VMA cannot be registered; 0 if all can. */
function refusal(
  k: Machine,
  ctx: UserfaultfdCtx,
  vmas: readonly Vma[],
  [start, end]: readonly [start: number, end: number],
  flags: number,
): number {
  if (partsHugePage(k, vmas[0]!, start)) return -EINVAL;
  for (const vma of vmas) {
    // Also the last one may only be registered in whole huge pages.
    if (vma.vmEnd > end && partsHugePage(k, vma, end)) return -EINVAL;
    if (!vmaCanUserfault(vma, flags, (ctx.features & UFFD_FEATURE_WP_ASYNC) !== 0)) return -EINVAL;
    if ((vma.vmFlags & VM_MAYWRITE) === 0) return -EPERM;
    const owner = ctxOf(k, vma);
    if (owner !== null && owner.at !== ctx.at) return -EBUSY;
  }
  return 0;
}

/** @kernel include/linux/userfaultfd_k.h vma_can_userfault 6.12 */
function vmaCanUserfault(vma: Vma, flags: number, wpAsync: boolean): boolean {
  if (!isVmHugetlbPage(vma) && (vma.vmFlags & VM_SPECIAL) !== 0) return false;
  if ((flags & VM_UFFD_MINOR) !== 0 && !vmaIsShmem(vma) && !isVmHugetlbPage(vma)) return false;
  if (wpAsync && (flags & __VM_UFFD_FLAGS) === VM_UFFD_WP) return true;
  return vmaIsAnonymous(vma) || vmaIsShmem(vma) || isVmHugetlbPage(vma);
}

/** @kernel mm/userfaultfd.c userfaultfd_register_range 6.12 */
function* userfaultfdRegisterRange(
  k: Machine,
  ctx: UserfaultfdCtx,
  start: number,
  end: number,
  flags: number,
): Step<void> {
  yield* eachPart(k, Mm.at(k, ctx.mm), start, end, function* registerPart(prev, vma, from, to): Step<Vma> {
    if (vma.vmUserfaultfdCtx === ctx.at && (vma.vmFlags & flags) === flags) return vma;
    const changed = yield* modify(k, prev, vma, from, to, flags, ctx.at);
    userfaultfdSetCtx(k, changed, ctx.at, flags);
    return changed;
  });
}

/** Works on a part of `vma`; gives the VMA that holds the part then. */
type Visit = (prev: Vma | null, vma: Vma, from: number, to: number) => Step<Vma>;

/** Visits the VMAs of a range from below, with the VMA next below as it is by then. */
function* eachPart(k: Machine, mm: Mm, start: number, end: number, visit: Visit): Step<void> {
  let prev: Vma | null = null;
  for (let at = start; at < end; at = prev!.vmEnd) {
    const vma = findVmaIntersection(k, mm, at, end);
    if (vma === null) return;
    if (prev === null) prev = vma.vmStart < at ? vma : vmaPrev(k, mm, vma);
    prev = yield* visit(prev, vma, Math.max(at, vma.vmStart), Math.min(end, vma.vmEnd));
  }
}

/** Before 5543d3c43c41 the merge was asked for as if the part began where its VMA begins. */
function* modify(
  k: Machine,
  prev: Vma | null,
  vma: Vma,
  from: number,
  to: number,
  flags: number,
  uffdCtx: number,
): Step<Vma> {
  yield* vmaAdjustTransHuge(k, vma, from, to);
  const change = { flags: (vma.vmFlags & ~__VM_UFFD_FLAGS) | flags, uffdCtx };
  const modification = k.patched.uffdMergePgoff ? change : { ...change, pgoff: vma.vmPgoff };
  return vmaModify(k, prev, vma, from, to, modification);
}

/**
 * UFFDIO_UNREGISTER. Write-protection goes with it.
 *
 * @kernel fs/userfaultfd.c userfaultfd_unregister v6.2
 * @returns 0, -EINVAL for bad arguments, nothing mapped or memory of the wrong kind, -ENOMEM when the process has exited
 */
export function* userfaultfdUnregister(
  k: Machine,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
): Step<number> {
  if (validateRange(k, start, len) !== 0) return -EINVAL;
  const mm = Mm.at(k, ctx.mm);
  if (mm.mmUsers === 0) return -ENOMEM;
  const end = start + len;
  yield* mmapWriteLock(k, mm);
  const vmas = vmasOf(k, mm, start, end);
  const wpAsync = (ctx.features & UFFD_FEATURE_WP_ASYNC) !== 0;
  const parted = vmas.length > 0 && partsHugePage(k, vmas[0]!, start);
  const known = vmas.length > 0 && !parted && vmas.every((vma) => vmaCanUserfault(vma, vma.vmFlags, wpAsync));
  if (known) yield* clearVmas(k, mm, start, end);
  mmapWriteUnlock(k, mm);
  return known ? 0 : -EINVAL;
}

function* clearVmas(k: Machine, mm: Mm, start: number, end: number): Step<void> {
  for (const vma of vmasOf(k, mm, start, end)) {
    const owner = ctxOf(k, vma);
    const from = Math.max(start, vma.vmStart);
    const to = Math.min(end, vma.vmEnd);
    // Nobody would ever wake who waits there.
    if (owner !== null && userfaultfdMissing(vma)) wakeUserfault(k, owner, from, to - from);
    if (userfaultfdWp(vma)) yield* uffdWpRange(k, vma, from, to, false);
  }
  yield* eachPart(k, mm, start, end, function* unregisterPart(prev, vma, from, to): Step<Vma> {
    if (vma.vmUserfaultfdCtx === 0) return vma;
    const changed = yield* modify(k, prev, vma, from, to, 0, 0);
    userfaultfdResetCtx(k, changed);
    return changed;
  });
}

/**
 * The last descriptor of a userfaultfd was closed: its memory is as if never registered, and who waits goes on.
 *
 * @kernel fs/userfaultfd.c userfaultfd_release v6.2
 */
export function* userfaultfdRelease(k: Machine, ctx: UserfaultfdCtx): Step<void> {
  // First of all, or a fault that looks now would wait for ever.
  ctx.released = 1;
  const mm = Mm.at(k, ctx.mm);
  if (mm.mmUsers !== 0) {
    yield* mmapWriteLock(k, mm);
    yield* userfaultfdReleaseAll(k, mm, ctx);
    mmapWriteUnlock(k, mm);
  }
  wakeUserfault(k, ctx, 0, 0);
  wakeEvents(k, ctx);
  userfaultfdCtxPut(k, ctx);
}

/** @kernel mm/userfaultfd.c userfaultfd_release_all 6.12 */
function* userfaultfdReleaseAll(k: Machine, mm: Mm, ctx: UserfaultfdCtx): Step<void> {
  for (const vma of vmasOf(k, mm)) {
    const resets = k.patched.uffdCloseResets && vma.vmUserfaultfdCtx === ctx.at && userfaultfdWp(vma);
    if (resets) yield* uffdWpRange(k, vma, vma.vmStart, vma.vmEnd, false);
  }
  yield* eachPart(k, mm, 0, Infinity, function* releasePart(prev, vma, from, to): Step<Vma> {
    if (vma.vmUserfaultfdCtx !== ctx.at) return vma;
    const changed = yield* modify(k, prev, vma, from, to, 0, 0);
    userfaultfdResetCtx(k, changed);
    return changed;
  });
}
