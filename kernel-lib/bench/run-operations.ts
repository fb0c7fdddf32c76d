import { InputError } from '../base/error.js';
import { MOST_PAGES } from './bench-machine.js';
import { memoryOperations } from './memory-operations.js';
import { cpuSeconds, least, timed } from './measure.js';
import type { BenchOperation } from './operation.js';
import { replayOperations } from './replay-operations.js';
import { viewOperations } from './view-operations.js';

/** Every operation of the model that the benchmark knows. */
export const benchOperations: readonly BenchOperation[] = [
  ...memoryOperations,
  ...replayOperations,
  ...viewOperations,
];

/** What one operation took at one size. */
export interface BenchRow {
  readonly operation: string;
  readonly title: string;
  readonly unit: BenchOperation['unit'];
  /** Pages touched, or operations done. */
  readonly size: number;
  /** CPU time of the thread that runs the model, the least of the rounds. */
  readonly seconds: number;
  /** For one page or operation. */
  readonly nanoseconds: number;
  readonly millionsPerSecond: number;
  /** Bytes of the machine's memory for each resident page, where the operation makes pages resident. */
  readonly bytesPerPage?: number;
}

export interface BenchPlan {
  /** Names of operations; absent: all. */
  readonly operations?: readonly string[];
  /** Pages or operations of each run. */
  readonly sizes: readonly number[];
  readonly rounds: number;
}

/** @throws InputError for a name that no operation has */
export function chosenOperations(names?: readonly string[]): readonly BenchOperation[] {
  if (names === undefined) return benchOperations;
  return names.map((name) => {
    const found = benchOperations.find((operation) => operation.name === name);
    if (found) return found;
    const known = benchOperations.map((operation) => operation.name).join(', ');
    throw new InputError(`bench: there is no operation '${name}'; there are ${known}`);
  });
}

/**
 * The pairs of operation and size that a plan asks for: no operation beyond the size at which it makes sense, and none
 * with more pages than there are.
 */
export function plannedRuns(
  plan: BenchPlan,
): { readonly operation: BenchOperation; readonly size: number }[] {
  return chosenOperations(plan.operations).flatMap((operation) =>
    plan.sizes
      .filter((size) => size <= (operation.most ?? Infinity))
      .map((size) => ({ operation, size: Math.min(size, MOST_PAGES) })),
  );
}

/** Runs a plan, row by row. Each operation is run untimed first, so that the compiler has seen it. */
export function* runOperations(plan: BenchPlan): Generator<BenchRow> {
  const warm = new Set<string>();
  for (const { operation, size } of plannedRuns(plan)) {
    if (!warm.has(operation.name)) warmUp(operation, size);
    warm.add(operation.name);
    yield rowOf(operation, size, plan.rounds);
  }
}

/**
 * Runs, and units of each at most, after which optimised code runs: V8 optimises the loop of a long run once more, and of
 * what it has inlined wrongly it learns in the first runs.
 */
const WARM_UP_RUNS = 12;
const WARM_UP = 2 ** 17;
/** A few pages are measured after a few more. */
const WARM_UP_SHARE = 8;

function warmUp(operation: BenchOperation, size: number): void {
  for (let n = 0; n < WARM_UP_RUNS; n++) measured(operation, Math.min(WARM_UP_SHARE * size, WARM_UP));
}

function rowOf(operation: BenchOperation, size: number, rounds: number): BenchRow {
  const runs = roundsOf(operation, size, rounds);
  const seconds = least(runs.map((run) => run.seconds));
  const { bytesPerPage } = runs[0]!;
  return {
    ...{ operation: operation.name, title: operation.title, unit: operation.unit, size, seconds },
    nanoseconds: (seconds * 1e9) / size,
    millionsPerSecond: size / seconds / 1e6,
    ...(bytesPerPage !== undefined && { bytesPerPage }),
  };
}

/** CPU seconds, with preparing, after which an operation is not run again: of large runs, few are enough. */
const ENOUGH_SECONDS = 20;

function roundsOf(operation: BenchOperation, size: number, rounds: number): Measurement[] {
  const start = cpuSeconds();
  const runs: Measurement[] = [];
  do runs.push(measured(operation, size));
  while (runs.length < rounds && cpuSeconds() - start < ENOUGH_SECONDS);
  return runs;
}

/** CPU seconds of the thread in one run. @throws Error when it did not do what it was asked for */
export function secondsOf(operation: BenchOperation, size: number): number {
  return measured(operation, size).seconds;
}

interface Measurement {
  readonly seconds: number;
  readonly bytesPerPage: number | undefined;
}

/** One run. @throws Error when it did not do what it was asked for: then its time means nothing */
function measured(operation: BenchOperation, size: number): Measurement {
  const run = operation.prepare(size);
  const { seconds } = timed(() => run.run());
  const done = run.done();
  if (done !== size) throw new Error(`${operation.name}: ${done} of ${size} ${operation.unit} were done`);
  return { seconds: Math.max(seconds, 1e-6), bytesPerPage: run.bytesPerPage?.() };
}
