import { mmGetHugeZeroPage } from '../../kernel-lib/huge/zero-page.js';
import { run } from '../../kernel-lib/step/step.js';
import { Task } from '../../kernel-lib/machine/task.js';
import { releasePins } from '../../kernel-lib/sys/pins.js';
import { Pipe } from '../../kernel-lib/sys/pipe.js';
import type { Outcome } from '../../kernel-lib/trace/driver.js';
import { Model } from '../../kernel-lib/trace/model.js';
import { type Operation, type OperationName, parseOperation } from '../../kernel-lib/trace/operation.js';
import { parseHeader } from '../../kernel-lib/trace/program.js';
import { AddressSpace, File, fput } from '../../kernel-lib/vma/file.js';
import { Mm } from '../../kernel-lib/vma/mm.js';
import { type Usage, usage } from '../../kernel-lib/walk/usage.js';
import { flushDelayedFput } from '../../kernel-lib/zap/delayed-fput.js';
import { type Cell, type Expected, ReferenceMemory } from './reference-memory.js';

/** The machine that programs run on. */
export interface Target {
  readonly release: string;
  readonly arch: string;
}

/** What a program was promised: its memory, and what pipes and pins show of it. */
interface Promised {
  /** Bytes: pipes count them. */
  readonly pageSize: number;
  readonly memory: ReferenceMemory;
  /** A page in a pipe may show whatever its owner ever wrote to it. */
  readonly pipes: Map<number, Cell[]>;
  /** A page that is pinned for writing shows what the process sees, and the other way round. */
  readonly buffers: Map<number, readonly Cell[]>;
}

/** Thrown when a program saw something that it was promised it would not see. */
class Disagreement extends Error {}

/**
 * Runs a program on the model and on the reference memory, ends all that it began, and asks for what is left.
 *
 * @param lines header, objects and operations; operations that mean nothing at their place are passed over
 * @throws Error with the line at which the two differ, or with what leaked
 */
export function runChecked(lines: readonly string[], target: Target): void {
  const [header = '', ...rest] = lines;
  const program = parseHeader(
    header,
    rest.filter((line) => line.startsWith('obj ')),
  );
  const run = new CheckedRun(new Model({ ...target, program }), target);
  const operations = rest.filter((line) => !line.startsWith('obj '));
  for (const line of operations) run.step(line);
  run.finish();
}

class CheckedRun {
  readonly #model: Model;
  /** Where it runs, for messages. */
  readonly #on: string;
  readonly #memory: ReferenceMemory;
  readonly #promised: Promised;
  readonly #before: Usage;

  constructor(model: Model, { release, arch }: Target) {
    this.#model = model;
    this.#on = `${release} on ${arch}`;
    this.#memory = new ReferenceMemory(
      model.world.program.objects.map(({ object, nrPages }) => [object, nrPages] as const),
    );
    const { pageSize } = model.world.k;
    this.#promised = { pageSize, memory: this.#memory, pipes: new Map(), buffers: new Map() };
    // Once it is there it stays: nobody counts its users.
    if (model.world.program.thp !== 'never') mmGetHugeZeroPage(model.world.k);
    this.#before = usage(model.world.k);
    model.world.k.checking = true;
  }

  step(line: string): void {
    const operation = parseOperation(line);
    if (!this.#hasMeaning(operation)) return;
    try {
      this.#check(operation, this.#model.execute(operation));
    } catch (err) {
      throw new Error(`${this.#on}, ${line}: ${String(err)}`, { cause: err });
    }
  }

  /** Whether all that the operation names exists, and all that it makes does not. */
  #hasMeaning(operation: Operation): boolean {
    const { processes } = this.#memory;
    const { buffers, pins } = this.#model.world;
    if ('process' in operation && !processes.has(operation.process)) return false;
    if ('target' in operation && !processes.has(operation.target)) return false;
    if ('child' in operation && processes.has(operation.child)) return false;
    if (operation.name === 'swapon') return this.#model.world.program.swap !== 'none';
    if (operation.name === 'mremap') return this.#movesOnePage(operation);
    if (operation.name === 'ioreg') return !buffers.has(operation.buffer);
    if (operation.name === 'lpin' || operation.name === 'lpinw') return !pins.has(operation.pin);
    return true;
  }

  /** What moving several mappings, or a page onto itself, leaves behind when it fails is not promised. */
  #movesOnePage({ process, region, index, nrPages, toRegion, toIndex }: Operation<'mremap'>): boolean {
    const itself = region === toRegion && index === toIndex;
    return nrPages === 1 && !itself && this.#memory.place(process, region, index) !== undefined;
  }

  #check(operation: Operation, outcome: Outcome): void {
    const effect = effects[operation.name] as Effect<OperationName> | undefined;
    effect?.(this.#promised, operation, outcome);
  }

  /** Ends every process, drains pipes, drops pins and empties objects; nothing is in use then. */
  finish(): void {
    const { world } = this.#model;
    for (const pipe of world.pipes.keys()) {
      while (this.#model.execute(parseOperation(`piperead ${pipe}`)).ret >= 0);
    }
    for (const buffer of [...world.buffers.keys()]) this.step(`iounreg ${buffer}`);
    // The device lets go also of memory of a process that is no more.
    for (const pinned of world.pins.values()) run(releasePins(world.k, pinned));
    for (const process of [...this.#memory.processes.keys()]) this.step(`exit ${process}`);
    for (const file of this.#files()) fput(world.k, file.at);
    run(flushDelayedFput(world.k));
    this.step('swapon');
    this.#leaks();
  }

  /** What the world outside keeps open. */
  #files(): File[] {
    const { objects, zero } = this.#model.world;
    return zero === undefined ? [...objects.values()] : [...objects.values(), zero];
  }

  #leaks(): void {
    const { world } = this.#model;
    // What people may still hold handles of outlives its process.
    const { nextPid } = world.k.globals;
    const kept = (nextPid - 1) * Task.words + world.pipes.size * Pipe.words;
    const { slabWords, ...rest } = usage(world.k);
    const left = JSON.stringify({ ...rest, slabWords: slabWords - kept });
    // The first process had an address space when nothing had run yet, its topmost table the one in use; and the
    // objects were open.
    const opened = Mm.words + world.objects.size * (File.words + AddressSpace.words);
    const fresh = { ...this.#before, tables: 0, slabWords: this.#before.slabWords - opened };
    const expected = JSON.stringify(fresh);
    if (left !== expected) throw new Disagreement(`${this.#on}: ${left} is left over instead of ${expected}`);
  }
}

/** What an operation does to the reference memory, and what its outcome must be. */
type Effect<N extends OperationName> = (state: Promised, operation: Operation<N>, outcome: Outcome) => void;

const effects: { readonly [N in OperationName]?: Effect<N> } = {
  mmap: ({ memory }, operation, { ret }) => {
    if (ret === 0) memory.map(operation);
  },
  munmap: ({ memory }, { process, region, index, nrPages }, { ret }) => {
    if (ret === 0) memory.unmap(process, region, index, nrPages);
  },
  mprotect: ({ memory }, operation) => memory.protect(operation),
  mremap: ({ memory }, operation, { ret }) => {
    if (ret !== 0) throw new Disagreement('a mapped page can be moved');
    memory.move(operation);
  },
  read: ({ memory }, { process, region, index }, outcome) =>
    judge(memory.read(process, region, index), outcome.val),
  readall: ({ memory }, { process, region, index, nrPages }, { vals }) => {
    for (let at = 0; at < nrPages; at++) {
      const got = vals![at]!;
      judge(memory.read(process, region, index + at), got < 0 ? undefined : got);
    }
  },
  write: ({ memory }, { process, region, index, value }, { ret }) => {
    const writable = memory.writable(process, region, index);
    if (writable !== (ret === 0))
      throw new Disagreement(`the store must ${writable ? 'work' : 'be stopped'}`);
    if (writable) memory.write(process, region, index, value);
  },
  pvread: ({ memory }, { target, region, index }, outcome) =>
    judge(memory.read(target, region, index), outcome.val),
  memwrite: ({ memory }, { target, region, index, value }, { ret }) => {
    if (ret > 0) memory.write(target, region, index, value);
  },
  odread: ({ memory }, { process, region, index, value }, { ret }) => {
    if (ret > 0) memory.write(process, region, index, value);
  },
  fork: ({ memory }, { process, child }) => memory.fork(process, child),
  exit: ({ memory }, { process }) => void memory.processes.delete(process),
  madvise: ({ memory }, { process, region, index, nrPages, advice }, { ret }) => {
    for (let at = 0; at < nrPages; at++) {
      if (advice === 'REMOVE') memory.remove(process, region, index + at, ret === 0);
      if (advice === 'DONTNEED' && ret === 0) memory.drop(process, region, index + at);
      // What fails half-way has dropped some pages.
      if (advice === 'FREE' || advice === 'DONTNEED') memory.free(process, region, index + at);
    }
  },
  vmsplice: ({ memory, pipes, pageSize }, { process, region, index, pipe }, { ret }) => {
    const cells = pipes.get(pipe) ?? [];
    pipes.set(pipe, cells);
    for (let at = 0; at * pageSize < ret; at++) {
      cells.push(memory.seenBy(process, region, index + at));
    }
  },
  pipepeek: ({ pipes }, { pipe }, { val }) => {
    if (val !== undefined) judge(pipes.get(pipe)![0]!.history, val);
  },
  piperead: ({ pipes }, { pipe }, { val }) => {
    if (val !== undefined) judge(pipes.get(pipe)!.shift()!.history, val);
  },
  ioreg: ({ memory, buffers }, { process, region, index, nrPages, buffer }, { ret }) => {
    if (ret < 0) {
      // Pages before the one that could not be had may have been copied.
      for (let at = 0; at < nrPages; at++) memory.loosen(process, region, index + at);
      return;
    }
    const cells = Array.from({ length: nrPages }, (_, at) =>
      memory.writableCell(process, region, index + at),
    );
    buffers.set(buffer, cells);
  },
  ioread: ({ buffers }, { buffer, page }, { val }) => {
    if (val !== undefined) judge(buffers.get(buffer)![page]!.values, val);
  },
  lpin: ({ memory }, { process, region, index, nrPages }) => {
    for (let at = 0; at < nrPages; at++) memory.loosen(process, region, index + at);
  },
  mlock: ({ memory }, { process, region, index, nrPages }) => {
    for (let at = 0; at < nrPages; at++) memory.loosen(process, region, index + at);
  },
  owrite: ({ memory }, { object, index, value }, { ret }) => {
    if (ret > 0) memory.object(object).write(index, value);
  },
  oread: ({ memory }, { object, index }, { ret, val }) => {
    const { nrPages } = memory.object(object);
    if (index >= nrPages !== (ret === 0)) throw new Disagreement(`the object has ${nrPages} pages`);
    if (ret > 0) judge(memory.object(object).cell(index).values, val);
  },
  opunch: ({ memory }, { object, index, nrPages }) => memory.object(object).punch(index, index + nrPages),
  otrunc: ({ memory }, { object, nrPages }) => memory.truncate(object, nrPages),
  iowrite: ({ buffers }, { buffer, page, value }, { ret }) => {
    if (ret > 0) buffers.get(buffer)![page]!.set(value);
  },
};

function judge(expected: Expected, got: number | undefined): void {
  if (expected === 'anything') return;
  const agrees = expected === 'signal' ? got === undefined : got !== undefined && expected.has(got);
  if (agrees) return;
  const wanted = expected === 'signal' ? 'a signal' : [...expected].join(' or ');
  throw new Disagreement(`expected ${wanted}, got ${got ?? 'a signal'}`);
}
