import { Task } from '../../kernel-lib/machine/task.js';
import { Pipe } from '../../kernel-lib/sys/pipe.js';
import type { Outcome } from '../../kernel-lib/trace/driver.js';
import { Model } from '../../kernel-lib/trace/model.js';
import { type Operation, type OperationName, parseOperation } from '../../kernel-lib/trace/operation.js';
import { parseHeader } from '../../kernel-lib/trace/program.js';
import { File } from '../../kernel-lib/vma/file.js';
import { Mm } from '../../kernel-lib/vma/mm.js';
import { type Usage, usage } from '../../kernel-lib/walk/usage.js';
import { type Expected, ReferenceMemory } from './reference-memory.js';

/** The machine that programs run on. */
export interface Target {
  readonly release: string;
  readonly arch: string;
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
  readonly #before: Usage;
  /** For each page in a pipe, all that it may show. */
  readonly #pipes = new Map<number, ReadonlySet<number>[]>();

  constructor(model: Model, { release, arch }: Target) {
    this.#model = model;
    this.#on = `${release} on ${arch}`;
    this.#memory = new ReferenceMemory(
      model.world.program.objects.map(({ object, nrPages }) => [object, nrPages] as const),
    );
    this.#before = usage(model.world.k);
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
    if (operation.name === 'ioreg') return !buffers.has(operation.buffer);
    if (operation.name === 'lpin' || operation.name === 'lpinw') return !pins.has(operation.pin);
    return true;
  }

  #check(operation: Operation, outcome: Outcome): void {
    const effect = effects[operation.name] as Effect<OperationName> | undefined;
    effect?.(this.#memory, operation, outcome, this.#pipes);
  }

  /** Ends every process, drains pipes, drops pins and empties objects; nothing is in use then. */
  finish(): void {
    const { world } = this.#model;
    for (const pipe of world.pipes.keys()) {
      while (this.#model.execute(parseOperation(`piperead ${pipe}`)).ret >= 0);
    }
    for (const buffer of [...world.buffers.keys()]) this.step(`iounreg ${buffer}`);
    for (const pin of [...world.pins.keys()]) {
      const [process] = this.#memory.processes.keys();
      this.#model.execute(parseOperation(`lunpin ${process ?? 0} ${pin} 1`));
    }
    for (const process of [...this.#memory.processes.keys()]) this.step(`exit ${process}`);
    for (const { object } of world.program.objects) this.step(`otrunc ${object} 0`);
    this.#leaks();
  }

  #leaks(): void {
    const { world } = this.#model;
    // What people may still hold handles of outlives its process.
    const { nextPid } = world.k.globals;
    const kept = (nextPid - 1) * Task.words + world.pipes.size * Pipe.words + (world.zero ? File.words : 0);
    const { slabWords, ...rest } = usage(world.k);
    const left = JSON.stringify({ ...rest, slabWords: slabWords - kept });
    // The first process had an address space when nothing had run yet; its topmost table is the one in use.
    const fresh = { ...this.#before, tables: 0, slabWords: this.#before.slabWords - Mm.words };
    const expected = JSON.stringify(fresh);
    if (left !== expected) throw new Disagreement(`${this.#on}: ${left} is left over instead of ${expected}`);
  }
}

/** What an operation does to the reference memory, and what its outcome must be. */
type Effect<N extends OperationName> = (
  memory: ReferenceMemory,
  operation: Operation<N>,
  outcome: Outcome,
  pipes: Map<number, ReadonlySet<number>[]>,
) => void;

const effects: { readonly [N in OperationName]?: Effect<N> } = {
  mmap: (memory, operation, { ret }) => {
    if (ret === 0) memory.map(operation);
  },
  munmap: (memory, { process, region, index, nrPages }, { ret }) => {
    if (ret === 0) memory.unmap(process, region, index, nrPages);
  },
  mprotect: (memory, operation) => memory.protect(operation),
  read: (memory, { process, region, index }, outcome) =>
    judge(memory.read(process, region, index), outcome.val),
  readall: (memory, { process, region, index, nrPages }, { vals }) => {
    for (let at = 0; at < nrPages; at++) {
      const got = vals![at]!;
      judge(memory.read(process, region, index + at), got < 0 ? undefined : got);
    }
  },
  write: (memory, { process, region, index, value }, { ret }) => {
    const writable = memory.writable(process, region, index);
    if (writable !== (ret === 0))
      throw new Disagreement(`the store must ${writable ? 'work' : 'be stopped'}`);
    if (writable) memory.write(process, region, index, value);
  },
  fork: (memory, { process, child }) => memory.fork(process, child),
  exit: (memory, { process }) => void memory.processes.delete(process),
  madvise: (memory, { process, region, index, nrPages, advice }, { ret }) => {
    for (let at = 0; at < nrPages; at++) {
      if (advice === 'DONTNEED' && ret === 0) memory.drop(process, region, index + at);
    }
  },
};

function judge(expected: Expected, got: number | undefined): void {
  if (expected === 'anything') return;
  const agrees = expected === 'signal' ? got === undefined : got !== undefined && expected.has(got);
  if (agrees) return;
  const wanted = expected === 'signal' ? 'a signal' : [...expected].join(' or ');
  throw new Disagreement(`expected ${wanted}, got ${got ?? 'a signal'}`);
}
