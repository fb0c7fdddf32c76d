import { EBADF, ESRCH } from '../base/errno.js';
import { pageByte, setPageByte } from '../folio/frame.js';
import { run } from '../step/step.js';
import { directRead, directWrite } from '../sys/direct-io.js';
import { type PinnedPages, ioPinPages, pinnedPage, releasePins, vaddrGetPfns } from '../sys/pins.js';
import { type Pipe, allocPipeInfo, pipePeek, pipeRead, vmspliceToPipe } from '../sys/pipe.js';
import { memRw, processVmRw } from '../sys/remote-access.js';
import type { Operation, OperationName } from './operation.js';
import { type Call, type Result, type World, addressOf, mmOf } from './world.js';

/** The operations that hold pages of processes, or reach into them, from outside. */
export const gupCalls: { readonly [N in OperationName]?: Call<N> } = {
  vmsplice: (world, { process, region, index, nrPages, pipe }) =>
    run(
      vmspliceToPipe(
        world.k,
        mmOf(world, process),
        addressOf(world, region, index),
        nrPages,
        pipeOf(world, pipe),
      ),
    ),
  pipepeek: (world, { pipe }) => readBytes(pipePeek(world.k, pipeOf(world, pipe)), world.k.pageSize),
  piperead: (world, { pipe }) => readBytes(run(pipeRead(world.k, pipeOf(world, pipe))), world.k.pageSize),
  ioreg: (world, { process, region, index, nrPages, buffer }) =>
    pin(
      world.buffers,
      buffer,
      run(ioPinPages(world.k, mmOf(world, process), addressOf(world, region, index), nrPages)),
    ),
  iounreg: (world, { buffer }) => {
    const pinned = world.buffers.get(buffer);
    if (pinned === undefined) return -EBADF;
    run(releasePins(world.k, pinned));
    world.buffers.delete(buffer);
    return 0;
  },
  ioread: (world, { buffer, page }) => {
    const frame = bufferPage(world, buffer, page);
    return frame === 0 ? -EBADF : { ret: 1, val: pageByte(world.k, frame) };
  },
  iowrite: (world, { buffer, page, value }) => {
    const frame = bufferPage(world, buffer, page);
    if (frame === 0) return -EBADF;
    setPageByte(world.k, frame, value);
    return 1;
  },
  lpin: (world, operation) => longtermPin(world, operation, false),
  lpinw: (world, operation) => longtermPin(world, operation, true),
  lunpin: (world, { pin: number }) => {
    const pinned = world.pins.get(number);
    if (pinned === undefined) return 0;
    world.pins.delete(number);
    return run(releasePins(world.k, pinned));
  },
  pvread: (world, { target, region, index }) => {
    if (!world.tasks.has(target)) return -ESRCH;
    return readBytes(run(processVmRw(world.k, mmOf(world, target), addressOf(world, region, index))), 1);
  },
  pvwrite: (world, { target, region, index, value }) => {
    if (!world.tasks.has(target)) return -ESRCH;
    return counted(run(processVmRw(world.k, mmOf(world, target), addressOf(world, region, index), value)));
  },
  memread: (world, { target, region, index }) => {
    if (!world.tasks.has(target)) return -ESRCH;
    return readBytes(run(memRw(world.k, mmOf(world, target), addressOf(world, region, index))), 1);
  },
  memwrite: (world, { target, region, index, value }) => {
    if (!world.tasks.has(target)) return -ESRCH;
    return counted(run(memRw(world.k, mmOf(world, target), addressOf(world, region, index), value)));
  },
  odwrite: (world, { process, region, index }) =>
    run(directWrite(world.k, mmOf(world, process), addressOf(world, region, index))),
  odread: (world, { process, region, index, value }) =>
    run(directRead(world.k, mmOf(world, process), addressOf(world, region, index), value)),
};

/** A byte that was read, or an error. */
function readBytes(byte: number, ret: number): Result {
  return byte < 0 ? byte : { ret, val: byte };
}

/** One byte was written, or an error. */
function counted(byte: number): Result {
  return byte < 0 ? byte : 1;
}

function pipeOf(world: World, number: number): Pipe {
  const pipe = world.pipes.get(number) ?? allocPipeInfo(world.k);
  world.pipes.set(number, pipe);
  return pipe;
}

function bufferPage(world: World, buffer: number, page: number): number {
  const pinned = world.buffers.get(buffer);
  return pinned === undefined ? 0 : pinnedPage(world.k, pinned, page);
}

function longtermPin(world: World, operation: Operation<'lpin' | 'lpinw'>, write: boolean): Result {
  const { process, region, index, nrPages, pin: number } = operation;
  const start = addressOf(world, region, index);
  return pin(world.pins, number, run(vaddrGetPfns(world.k, mmOf(world, process), start, nrPages, write)));
}

function pin(pins: Map<number, PinnedPages>, number: number, pinned: PinnedPages | number): Result {
  if (typeof pinned === 'number') return pinned;
  pins.set(number, pinned);
  return 0;
}
