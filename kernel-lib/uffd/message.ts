import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import { waitForWord } from '../step/lock.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { UserfaultfdCtx } from './ctx.js';

/**
 * Somebody who waits for a userfaultfd, and what he has to say.
 *
 * @kernel fs/userfaultfd.c userfaultfd_wait_queue v6.2
 */
export const UserfaultfdWaitQueue = struct('userfaultfd_wait_queue', {
  /** UFFD_EVENT_…; 0 once an event was read. */
  event: 'i32',
  /** UFFD_PAGEFAULT_FLAG_…; for a fork the child's UserfaultfdCtx. */
  flags: 'i32',
  /** A fault's address; where a remapped, removed or unmapped range begins and ends, and where it was moved. */
  start: 'u64',
  end: 'u64',
  to: 'u64',
  /** The thread that faults, 0 where nobody asked for it. */
  ptid: 'i32',
  /** 1 once the fault was woken or the event was read. */
  waken: 'i32',
  next: 'i32',
});
export type UserfaultfdWaitQueue = ReturnType<typeof UserfaultfdWaitQueue.at>;

/** What a message tells. @kernel include/uapi/linux/userfaultfd.h UFFD_EVENT_PAGEFAULT v6.2 */
export const UFFD_EVENT_PAGEFAULT = 0x12;
export const UFFD_EVENT_FORK = 0x13;
export const UFFD_EVENT_REMAP = 0x14;
export const UFFD_EVENT_REMOVE = 0x15;
export const UFFD_EVENT_UNMAP = 0x16;

/** Of a fault: was it a write, and to write-protected memory. @kernel include/uapi/linux/userfaultfd.h UFFD_PAGEFAULT_FLAG_WRITE v6.2 */
export const UFFD_PAGEFAULT_FLAG_WRITE = 1 << 0;
export const UFFD_PAGEFAULT_FLAG_WP = 1 << 1;
export const UFFD_PAGEFAULT_FLAG_MINOR = 1 << 2;

/** What read() gives the monitor. @kernel include/uapi/linux/userfaultfd.h uffd_msg v6.2 */
export interface UffdMsg {
  /** UFFD_EVENT_…. */
  readonly event: number;
  /** UFFD_PAGEFAULT_FLAG_… of a fault; of a fork the address of the child's context. */
  readonly flags: number;
  /** The fault's address; begin and end of the range that was remapped, removed or unmapped. */
  readonly start: number;
  readonly end: number;
  /** Where a remapped range is now. */
  readonly to: number;
  /** Of a fault with UFFD_FEATURE_THREAD_ID: the thread; absent or 0 else. */
  readonly ptid?: number;
}

/** The queues of a context: which word of it leads to the first entry. */
export const FAULT_PENDING_WQH = UserfaultfdCtx.offset.faultPendingWqh;
const FAULT_WQH = UserfaultfdCtx.offset.faultWqh;
export const EVENT_WQH = UserfaultfdCtx.offset.eventWqh;
const FAULT_QUEUES = [FAULT_PENDING_WQH, FAULT_WQH];
const QUEUES = [...FAULT_QUEUES, EVENT_WQH];

/** Queues a message, behind all others. */
export function enqueue(k: Machine, ctx: UserfaultfdCtx, queue: number, msg: UffdMsg): UserfaultfdWaitQueue {
  const uwq = kmemCacheZalloc(k, UserfaultfdWaitQueue);
  uwq.event = msg.event;
  uwq.flags = msg.flags;
  uwq.start = msg.start;
  uwq.end = msg.end;
  uwq.to = msg.to;
  uwq.ptid = msg.ptid ?? 0;
  append(k, ctx, queue, uwq);
  return uwq;
}

function append(k: Machine, ctx: UserfaultfdCtx, queue: number, uwq: UserfaultfdWaitQueue): void {
  uwq.next = 0;
  st(k.slab, linkTo(k, ctx, queue, 0), uwq.at);
}

/** The word that leads to an entry of a queue, or that behind its last one: the queue's own, or the `next` of another entry. */
function linkTo(k: Machine, ctx: UserfaultfdCtx, queue: number, entry: number): number {
  let link = ctx.at + queue;
  for (let at = ld(k.slab, link); at !== entry && at !== 0; at = ld(k.slab, link)) {
    link = at + UserfaultfdWaitQueue.offset.next;
  }
  return link;
}

function firstOf(k: Machine, ctx: UserfaultfdCtx, queue: number): UserfaultfdWaitQueue | null {
  const at = ld(k.slab, ctx.at + queue);
  return at === 0 ? null : UserfaultfdWaitQueue.at(k, at);
}

function nextOf(k: Machine, { next }: UserfaultfdWaitQueue): UserfaultfdWaitQueue | null {
  return next === 0 ? null : UserfaultfdWaitQueue.at(k, next);
}

/** Takes an entry out of whichever queue it is in. */
function dequeue(k: Machine, ctx: UserfaultfdCtx, uwq: UserfaultfdWaitQueue): void {
  for (const queue of QUEUES) {
    const link = linkTo(k, ctx, queue, uwq.at);
    if (ld(k.slab, link) === uwq.at) st(k.slab, link, uwq.next);
  }
}

/** Forgets an entry whose owner goes on. */
export function forget(k: Machine, ctx: UserfaultfdCtx, uwq: UserfaultfdWaitQueue): void {
  dequeue(k, ctx, uwq);
  kmemCacheFree(k, UserfaultfdWaitQueue, uwq.at);
}

/** There is something to read. MODEL: who answers at once is called, by wake_up_poll(). */
export function wakeUpPoll(k: Machine, ctx: UserfaultfdCtx): void {
  k.onUserfaultfd?.(ctx.at);
}

/**
 * Takes the oldest message, faults first.
 *
 * @kernel fs/userfaultfd.c userfaultfd_ctx_read v6.2
 * @differs a fork's context is handed over by address
 * @returns undefined when there is none
 */
export function userfaultfdCtxRead(k: Machine, ctx: UserfaultfdCtx): UffdMsg | undefined {
  const fault = firstOf(k, ctx, FAULT_PENDING_WQH);
  const uwq = fault ?? firstOf(k, ctx, EVENT_WQH);
  if (uwq === null) return undefined;
  const msg: UffdMsg = {
    event: uwq.event,
    flags: uwq.flags,
    start: uwq.start,
    end: uwq.end,
    to: uwq.to,
    ptid: uwq.ptid,
  };
  dequeue(k, ctx, uwq);
  // A fault sleeps on until it is woken, an event until it was read.
  if (fault !== null) {
    append(k, ctx, FAULT_WQH, fault);
  } else {
    uwq.event = 0;
    uwq.waken = 1;
  }
  return msg;
}

/**
 * Wakes the faults in [start, start + len), with length 0 all of them.
 *
 * @kernel fs/userfaultfd.c wake_userfault v6.2
 */
export function wakeUserfault(k: Machine, ctx: UserfaultfdCtx, start: number, len: number): void {
  for (const queue of FAULT_QUEUES) {
    // What is taken out of its queue still says what came behind it there.
    for (let uwq = firstOf(k, ctx, queue); uwq !== null; uwq = nextOf(k, uwq)) {
      if (len !== 0 && (uwq.start < start || uwq.start >= start + len)) continue;
      dequeue(k, ctx, uwq);
      uwq.waken = 1;
    }
  }
}

/** The context is closed: events go on unread. */
export function wakeEvents(k: Machine, ctx: UserfaultfdCtx): void {
  for (let ewq = firstOf(k, ctx, EVENT_WQH); ewq !== null; ewq = nextOf(k, ewq)) ewq.waken = 1;
}

/** Sleeps until the fault is woken, or the event was read. */
export function* sleepOn(k: Machine, uwq: UserfaultfdWaitQueue): Step<void> {
  yield* waitForWord(k.slab, uwq.at + UserfaultfdWaitQueue.offset.waken, 'a userfaultfd');
}
