import { run } from '../step/step.js';
import {
  UFFD_EVENT_FORK,
  UFFD_EVENT_PAGEFAULT,
  UFFD_PAGEFAULT_FLAG_WP,
  type UffdMsg,
  userfaultfdCtxRead,
  wakeUserfault,
} from '../uffd/message.js';
import { UserfaultfdCtx } from '../uffd/ctx.js';
import { type Fill, userfaultfdFill } from '../uffdio/fill.js';
import { userfaultfdUnregister } from '../uffdio/register.js';
import { userfaultfdWriteprotect } from '../uffdio/writeprotect.js';
import type { UffdEvent } from './driver.js';
import type { Operation } from './operation.js';
import { regionPage } from './regions.js';
import { copyOf, faultSize } from './userfaultfd-calls.js';
import type { World } from './world.js';

type Answer = Extract<UffdEvent, { t: 'pf' }>['res'];

/** What the recorder's monitor fills missing pages with. */
const COPIED = 0xee;
/** From so many answers on that failed in one operation, the page leaves the registration. */
const MAX_FAILURES = 3;

/**
 * Reads what the world's userfaultfds have to say during one operation, as the recorder's monitor did: it answers
 * faults at once.
 *
 * @param operation what runs
 * @returns receives the events in their order
 */
export function watchUserfaultfds(world: World, operation: Operation): UffdEvent[] {
  const { k } = world;
  const events: UffdEvent[] = [];
  let failures = 0;
  k.onUserfaultfd = (at) => {
    const ctx = UserfaultfdCtx.at(k, at);
    const acting = k.current;
    k.current = undefined;
    for (let msg = userfaultfdCtxRead(k, ctx); msg !== undefined; msg = userfaultfdCtxRead(k, ctx)) {
      const process = processOf(world, ctx);
      if (msg.event === UFFD_EVENT_PAGEFAULT) {
        const answered = answer(world, ctx, process, msg);
        events.push(answered);
        if (answered.err !== 0) giveUp(msg.start, ++failures, ctx, process);
      } else if (msg.event === UFFD_EVENT_FORK) {
        if (operation.name === 'fork') world.userfaultfds.set(operation.child, msg.flags);
        events.push({ t: 'fork', p: process });
      } else {
        events.push({ t: `ev${msg.event}`, p: process });
      }
    }
    k.current = acting;
  };
  return events;

  function giveUp(address: number, count: number, ctx: UserfaultfdCtx, process: number): void {
    if (count >= MAX_FAILURES) {
      const err = -run(userfaultfdUnregister(k, ctx, address, k.pageSize));
      events.push({ t: 'unreg', p: process, err });
    }
    wakeUserfault(k, ctx, address, k.pageSize);
  }
}

function processOf({ userfaultfds }: World, ctx: UserfaultfdCtx): number {
  for (const [process, at] of userfaultfds) if (at === ctx.at) return process;
  return -1;
}

function answer(
  world: World,
  ctx: UserfaultfdCtx,
  process: number,
  { flags, start: at }: UffdMsg,
): Extract<UffdEvent, { t: 'pf' }> {
  const { k, program } = world;
  const size = faultSize(k, ctx, at);
  // A program may have asked for exact addresses.
  const start = at - (at % size);
  const wp = (flags & UFFD_PAGEFAULT_FLAG_WP) !== 0;
  const res: Answer = wp ? 'unwp' : program.umiss;
  const error = wp
    ? run(userfaultfdWriteprotect(k, ctx, start, size, false))
    : run(userfaultfdFill(k, ctx, start, size, fillOf(program.umiss)));
  const { region: r, index: i } = regionPage(k, start);
  return { t: 'pf', p: process, fl: flags, r, i, res, err: error === 0 ? 0 : -error };
}

function fillOf(umiss: 'copy' | 'zero' | 'copywp'): Fill {
  return umiss === 'zero' ? { mode: 'zeropage' } : copyOf(COPIED, umiss === 'copywp');
}
