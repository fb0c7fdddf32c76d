import { EBADF } from '../base/errno.js';
import { run } from '../step/step.js';
import { uffdApiFeatures, newUserfaultfd } from '../uffdio/api.js';
import { type Fill, userfaultfdFill } from '../uffdio/fill.js';
import { userfaultfdMove } from '../uffdio/move.js';
import {
  UFFDIO_REGISTER_MODE_MISSING,
  UFFDIO_REGISTER_MODE_WP,
  userfaultfdRegister,
  userfaultfdRelease,
  userfaultfdUnregister,
} from '../uffdio/register.js';
import { userfaultfdWriteprotect } from '../uffdio/writeprotect.js';
import { UserfaultfdCtx } from '../uffd/ctx.js';
import { vmaKernelPagesize } from '../huge/hugetlb.js';
import type { Machine } from '../machine/machine.js';
import { Mm } from '../vma/mm.js';
import { vmaLookup } from '../vma/vma-list.js';
import type { Operation, OperationName } from './operation.js';
import { type Call, type Result, type World, addressOf, mmOf } from './world.js';

/** The operations of userfaultfd. All but `uffd` and `pmove` are the monitor's, a process outside. */
export const userfaultfdCalls: { readonly [N in OperationName]?: Call<N> } = {
  uffd: (world, { process, features }) => {
    const { k } = world;
    const asked = features & uffdApiFeatures(k);
    const ctx = newUserfaultfd(k, mmOf(world, process), asked);
    if (typeof ctx === 'number') return ctx;
    // The monitor keeps one of each process, and closes the one before it as the guest does.
    closeUserfaultfd(world, process);
    world.userfaultfds.set(process, ctx.at);
    return { ret: 0, val: asked };
  },
  uclose: (world, { process }) => closeUserfaultfd(world, process),
  ureg: (world, { process, region, index, nrPages, modes }) =>
    asMonitor(world, process, (k, ctx) => {
      const start = addressOf(world, region, index);
      return run(userfaultfdRegister(k, ctx, start, nrPages * k.pageSize, modeOf(modes)));
    }),
  uunreg: (world, { process, region, index, nrPages }) =>
    asMonitor(world, process, (k, ctx) =>
      run(userfaultfdUnregister(k, ctx, addressOf(world, region, index), nrPages * k.pageSize)),
    ),
  uwp: (world, { process, region, index, nrPages, protect }) =>
    asMonitor(world, process, (k, ctx) =>
      run(userfaultfdWriteprotect(k, ctx, addressOf(world, region, index), nrPages * k.pageSize, protect)),
    ),
  ucopy: (world, operation) => fillOne(world, operation, copyOf(operation.value, operation.wp)),
  uzero: (world, operation) => fillOne(world, operation, { mode: 'zeropage' }),
  upoison: (world, operation) => fillOne(world, operation, { mode: 'poison' }),
  pmove: (world, operation) => {
    const ctx = ctxOf(world, operation.process);
    return ctx === undefined ? -EBADF : move(world, ctx, operation);
  },
  umove: (world, operation) => asMonitor(world, operation.process, (_k, ctx) => move(world, ctx, operation)),
};

/** Closes a process's userfaultfd, of which there may be none. */
export function closeUserfaultfd(world: World, process: number): Result {
  return asMonitor(world, process, (k, ctx) => {
    world.userfaultfds.delete(process);
    run(userfaultfdRelease(k, ctx));
    return 0;
  });
}

/** What fills a page with one byte value. */
export function copyOf(value: number, wp: boolean): Fill {
  return { mode: 'copy', content: value | (value << 8), wp };
}

function fillOne(
  world: World,
  { process, region, index }: Operation<'uzero'> | Operation<'ucopy' | 'upoison'>,
  fill: Fill,
): Result {
  return asMonitor(world, process, (k, ctx) => fillAt(k, ctx, addressOf(world, region, index), fill));
}

function fillAt(k: Machine, ctx: UserfaultfdCtx, address: number, fill: Fill): number {
  return run(userfaultfdFill(k, ctx, address, faultSize(k, ctx, address), fill));
}

/** Bytes of the page that a monitor is told of, or fills, at an address: a huge one in hugetlb. */
export function faultSize(k: Machine, ctx: UserfaultfdCtx, address: number): number {
  const vma = vmaLookup(k, Mm.at(k, ctx.mm), address);
  return vma === null ? k.pageSize : vmaKernelPagesize(k, vma);
}

function move(
  world: World,
  ctx: UserfaultfdCtx,
  { region, index, nrPages, toRegion, toIndex }: Operation<'pmove' | 'umove'>,
): Result {
  const { k } = world;
  const src = addressOf(world, region, index);
  const dst = addressOf(world, toRegion, toIndex);
  return run(userfaultfdMove(k, ctx, dst, src, nrPages * k.pageSize));
}

function modeOf(modes: string): number {
  return (
    (modes.includes('m') ? UFFDIO_REGISTER_MODE_MISSING : 0) |
    (modes.includes('w') ? UFFDIO_REGISTER_MODE_WP : 0)
  );
}

function ctxOf(world: World, process: number): UserfaultfdCtx | undefined {
  const at = world.userfaultfds.get(process);
  return at === undefined ? undefined : UserfaultfdCtx.at(world.k, at);
}

/** Calls on a process's userfaultfd from outside of it. */
function asMonitor(world: World, process: number, call: (k: Machine, ctx: UserfaultfdCtx) => Result): Result {
  const ctx = ctxOf(world, process);
  if (ctx === undefined) return -EBADF;
  const { k } = world;
  const acting = k.current;
  k.current = undefined;
  const result = call(k, ctx);
  k.current = acting;
  return result;
}
