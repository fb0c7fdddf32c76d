import { replayAccesses } from '../trace/access-replay.js';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  type AccessTrace,
  accessTraceBytes,
  accessTraceFromBytes,
  accessTraceFromLines,
  accessTraceLines,
} from '../trace/access-trace.js';
import { benchMachine } from './bench-machine.js';
import type { BenchOperation, BenchRun } from './operation.js';

/** Pages that the trace uses, so that most operations hit, as in real programs. */
const WORKING_SET = 2 ** 12;
/** Operations in a row on neighbouring pages. */
const RUN_LENGTH = 16;

/** A trace of loads and stores: short runs over a working set, three loads for each store. The same on every run. */
export function madeTrace(length: number): AccessTrace {
  const words = new Int32Array(2 * length);
  let random = 1;
  let page = 0;
  for (let i = 0; i < length; i++) {
    // A linear congruential generator, as in Numerical Recipes.
    random = (Math.imul(random, 1664525) + 1013904223) | 0;
    page = i % RUN_LENGTH === 0 ? random >>> 20 : (page + 1) % WORKING_SET;
    words[2 * i] = (random & 0x300) === 0 ? ACCESS_WRITE : ACCESS_READ;
    words[2 * i + 1] = page;
  }
  return { length, words };
}

function replaying(trace: () => AccessTrace): BenchRun {
  const machine = benchMachine(WORKING_SET);
  let operations = 0;
  return {
    run: () => void (operations = replayAccesses(trace(), machine).operations),
    done: () => operations,
  };
}

/** Replay of traces, from what a file would hold: what a file system does is not timed. */
export const replayOperations: readonly BenchOperation[] = [
  {
    name: 'replay-binary',
    title: 'trace replay, binary',
    unit: 'operations',
    most: 2 ** 22,
    prepare(operations) {
      const file = accessTraceBytes(madeTrace(operations));
      return replaying(() => accessTraceFromBytes(file));
    },
  },
  {
    name: 'replay-jsonl',
    title: 'trace replay, JSONL',
    unit: 'operations',
    most: 2 ** 20,
    prepare(operations) {
      const text = accessTraceLines(madeTrace(operations));
      return replaying(() => accessTraceFromLines(text));
    },
  },
];
