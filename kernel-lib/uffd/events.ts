import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { mmapReadUnlock, mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { vmasOf } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';
import {
  UFFD_FEATURE_EVENT_FORK,
  UFFD_FEATURE_EVENT_REMAP,
  UFFD_FEATURE_EVENT_REMOVE,
  UFFD_FEATURE_EVENT_UNMAP,
  UserfaultfdCtx,
  allocUserfaultfdCtx,
  ctxOf,
  userfaultfdCtxGet,
  userfaultfdCtxPut,
  userfaultfdResetCtx,
} from './ctx.js';
import {
  EVENT_WQH,
  UFFD_EVENT_FORK,
  UFFD_EVENT_REMAP,
  UFFD_EVENT_REMOVE,
  UFFD_EVENT_UNMAP,
  type UffdMsg,
  enqueue,
  forget,
  sleepOn,
  wakeUpPoll,
} from './message.js';

/** The parent's context and the child's, for each that fork has met so far. */
export type ForkContexts = Map<number, UserfaultfdCtx>;

/** An event that is told to a context once the mmap lock is gone. */
export interface PendingEvent {
  readonly ctx: UserfaultfdCtx;
  readonly msg: UffdMsg;
}

/** Nobody may fill the memory until the monitor knows of the change. */
function beginEvent(ctx: UserfaultfdCtx): void {
  userfaultfdCtxGet(ctx);
  ctx.mmapChanging++;
}

/**
 * Tells the monitor and waits until it has read that.
 *
 * @kernel fs/userfaultfd.c userfaultfd_event_wait_completion v6.2
 */
export function* userfaultfdEventWaitCompletion(k: Machine, { ctx, msg }: PendingEvent): Step<void> {
  const ewq = enqueue(k, ctx, EVENT_WQH, msg);
  if (ctx.released === 0) {
    wakeUpPoll(k, ctx);
    yield* sleepOn(k, ewq);
  }
  const unread = ewq.event !== 0;
  forget(k, ctx, ewq);
  if (unread && msg.event === UFFD_EVENT_FORK)
    yield* userfaultfdReleaseNew(k, UserfaultfdCtx.at(k, msg.flags));
  ctx.mmapChanging--;
  userfaultfdCtxPut(k, ctx);
}

/** Nobody took the child's context. @kernel mm/userfaultfd.c userfaultfd_release_new 6.12 */
function* userfaultfdReleaseNew(k: Machine, ctx: UserfaultfdCtx): Step<void> {
  const mm = Mm.at(k, ctx.mm);
  yield* mmapWriteLock(k, mm);
  for (const vma of vmasOf(k, mm)) if (vma.vmUserfaultfdCtx === ctx.at) userfaultfdResetCtx(k, vma);
  mmapWriteUnlock(k, mm);
  userfaultfdCtxPut(k, ctx);
}

/**
 * A child's VMA is registered only if the monitor wants to hear of forks, and then with a context of its own.
 *
 * @kernel fs/userfaultfd.c dup_userfaultfd v6.2
 */
export function dupUserfaultfd(k: Machine, vma: Vma, contexts: ForkContexts): void {
  const octx = ctxOf(k, vma);
  if (octx === null || (octx.features & UFFD_FEATURE_EVENT_FORK) === 0) {
    userfaultfdResetCtx(k, vma);
    return;
  }
  let ctx = contexts.get(octx.at);
  if (ctx === undefined) {
    ctx = allocUserfaultfdCtx(k, Mm.at(k, vma.vmMm), octx.features);
    beginEvent(octx);
    contexts.set(octx.at, ctx);
  }
  vma.vmUserfaultfdCtx = ctx.at;
}

/** @kernel fs/userfaultfd.c dup_userfaultfd_complete v6.2 */
export function* dupUserfaultfdComplete(k: Machine, contexts: ForkContexts): Step<void> {
  for (const [octx, { at }] of contexts) {
    const msg: UffdMsg = { event: UFFD_EVENT_FORK, flags: at, start: 0, end: 0, to: 0 };
    yield* userfaultfdEventWaitCompletion(k, { ctx: UserfaultfdCtx.at(k, octx), msg });
  }
}

/**
 * A VMA was moved: unless its monitor wants to hear of that it is no longer registered.
 *
 * @kernel fs/userfaultfd.c mremap_userfaultfd_prep v6.2
 * @returns the context to be told
 */
export function mremapUserfaultfdPrep(k: Machine, vma: Vma): UserfaultfdCtx | null {
  const ctx = ctxOf(k, vma);
  if (ctx === null) return null;
  if ((ctx.features & UFFD_FEATURE_EVENT_REMAP) === 0) {
    userfaultfdResetCtx(k, vma);
    return null;
  }
  beginEvent(ctx);
  return ctx;
}

/** @kernel fs/userfaultfd.c mremap_userfaultfd_complete v6.2 */
export function* mremapUserfaultfdComplete(
  k: Machine,
  ctx: UserfaultfdCtx | null,
  from: number,
  to: number,
  len: number,
): Step<void> {
  if (ctx === null) return;
  const msg: UffdMsg = { event: UFFD_EVENT_REMAP, flags: 0, start: from, end: from + len, to };
  yield* userfaultfdEventWaitCompletion(k, { ctx, msg });
}

/**
 * Pages are about to be dropped on request.
 *
 * @kernel fs/userfaultfd.c userfaultfd_remove v6.2
 * @returns false when the monitor was told, for which the mmap lock was dropped
 */
export function* userfaultfdRemove(k: Machine, vma: Vma, start: number, end: number): Step<boolean> {
  const ctx = ctxOf(k, vma);
  if (ctx === null || (ctx.features & UFFD_FEATURE_EVENT_REMOVE) === 0) return true;
  beginEvent(ctx);
  mmapReadUnlock(k, Mm.at(k, vma.vmMm));
  const msg: UffdMsg = { event: UFFD_EVENT_REMOVE, flags: 0, start, end, to: 0 };
  yield* userfaultfdEventWaitCompletion(k, { ctx, msg });
  return false;
}

/**
 * A VMA is about to be unmapped from `start` to `end`.
 *
 * @kernel fs/userfaultfd.c userfaultfd_unmap_prep v6.2
 * @param unmaps collects what is to be told afterwards
 */
export function userfaultfdUnmapPrep(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  unmaps: PendingEvent[],
): void {
  const ctx = ctxOf(k, vma);
  if (ctx === null || (ctx.features & UFFD_FEATURE_EVENT_UNMAP) === 0) return;
  const told = unmaps.some(
    (event) => event.ctx.at === ctx.at && event.msg.start === start && event.msg.end === end,
  );
  if (told) return;
  beginEvent(ctx);
  unmaps.push({ ctx, msg: { event: UFFD_EVENT_UNMAP, flags: 0, start, end, to: 0 } });
}

/** @kernel fs/userfaultfd.c userfaultfd_unmap_complete v6.2 */
export function* userfaultfdUnmapComplete(k: Machine, unmaps: readonly PendingEvent[]): Step<void> {
  for (const event of unmaps) yield* userfaultfdEventWaitCompletion(k, event);
}
