import { VmBug } from '../base/error.js';
import type { Mem } from '../step/mem.js';
import { watched, type Watcher } from '../step/watch.js';
import { addressOf, type Steps } from './program.js';

/** What one atomic step of a thread did. */
export interface StepRecord {
  /** Every read in order: address and value; a choice is an address of -1. */
  readonly reads: readonly number[];
  /** The reads of words that the step had neither read nor written before: they decide what it does. */
  readonly decisive: readonly number[];
  /** Last value written to each address, in the order of first writes: address and value. */
  readonly writes: readonly number[];
  /** How many choices there were; 0 if the step did not choose. */
  readonly choices: number;
  /** Resumptions that it took, of which all but one touched nothing. */
  readonly resumptions: number;
  readonly outcome: 'ready' | 'done' | 'blocked' | 'failed';
  /** What was waited for, or how it failed. */
  readonly why: string;
}

/** What address stands for a choice in lists of reads. */
export const CHOICE = -1;

/**
 * Runs a thread to its next point where another may run. Its reads see memory, its writes go to the record alone.
 *
 * @param words memory
 * @param branch which choice to make, should the step make one
 * @param onAccess called in the middle of every load (no value) and store, for who wants to see where they happen
 */
export function runStep(
  steps: Steps,
  words: Int32Array,
  branch: number,
  onAccess?: (address: number, value?: number) => void,
): StepRecord {
  const recorder = new Recorder(words, branch, onAccess);
  const outcome = watched(recorder, () => {
    try {
      do {
        recorder.resumptions++;
        if (steps.next().done) return 'done';
      } while (!recorder.touched);
      return recorder.why === '' ? 'ready' : 'blocked';
    } catch (err) {
      // A name that nobody declares is a mistake in a patch of one's own, not in what it does to memory.
      if (!(err instanceof Error) || err instanceof ReferenceError) throw err;
      recorder.why = err.message;
      return 'failed';
    }
  });
  if (outcome === 'blocked' && recorder.written.size > 0)
    throw new VmBug(`a step wrote before it waited for ${recorder.why}`);
  const { reads, decisive, choices, resumptions, why } = recorder;
  return { reads, decisive, writes: [...recorder.written].flat(), choices, resumptions, outcome, why };
}

class Recorder implements Watcher {
  readonly reads: number[] = [];
  readonly decisive: number[] = [];
  readonly written = new Map<number, number>();
  choices = 0;
  resumptions = 0;
  touched = false;
  why = '';
  readonly #words: Int32Array;
  readonly #branch: number;
  readonly #known = new Set<number>();
  readonly #onAccess: ((address: number, value?: number) => void) | undefined;

  constructor(words: Int32Array, branch: number, onAccess?: (address: number, value?: number) => void) {
    this.#words = words;
    this.#branch = branch;
    this.#onAccess = onAccess;
  }

  load(mem: Mem, i: number): number {
    assertWithin(mem, i);
    const address = addressOf(mem, i);
    this.#onAccess?.(address);
    const value = this.written.get(address) ?? this.#words[address]!;
    this.reads.push(address, value);
    this.touched = true;
    if (!this.#known.has(address)) {
      this.#known.add(address);
      this.decisive.push(address, value);
    }
    return value;
  }

  store(mem: Mem, i: number, value: number): void {
    assertWithin(mem, i);
    const address = addressOf(mem, i);
    this.#onAccess?.(address, value);
    this.written.set(address, value);
    this.#known.add(address);
    this.touched = true;
  }

  choose(n: number): number {
    if (this.touched) throw new VmBug('a step chooses first, and once');
    this.choices = n;
    this.reads.push(CHOICE, this.#branch);
    this.touched = true;
    return this.#branch;
  }

  block(what: string): void {
    this.why = what;
  }
}

/** Kernel code that goes wrong may follow any number as an address. */
function assertWithin(mem: Mem, i: number): void {
  if (!(i >= 0 && i < mem.length)) throw new VmBug('an address is followed that leads nowhere');
}

/**
 * Brings a new operation to where an earlier run of it was, by feeding it what that one read.
 *
 * @param reads the steps' reads, one after another
 * @param resumptions how often the earlier run was resumed
 */
export function replayReads(steps: Steps, reads: readonly number[], resumptions: number): void {
  const feeder = new Feeder(reads);
  watched(feeder, () => {
    for (let i = 0; i < resumptions; i++) steps.next();
  });
  feeder.assertUsedUp();
}

class Feeder implements Watcher {
  readonly #reads: readonly number[];
  #next = 0;

  constructor(reads: readonly number[]) {
    this.#reads = reads;
  }

  load(mem: Mem, i: number): number {
    return this.#take(addressOf(mem, i));
  }

  store(): void {}

  choose(): number {
    return this.#take(CHOICE);
  }

  block(what: string): void {
    throw new VmBug(`a thread that went on waits for ${what} when it is run again`);
  }

  assertUsedUp(): void {
    if (this.#next !== this.#reads.length) throw strange();
  }

  #take(address: number): number {
    if (this.#reads[this.#next] !== address) throw strange();
    this.#next += 2;
    return this.#reads[this.#next - 1]!;
  }
}

function strange(): VmBug {
  return new VmBug('a thread reads other words when it is run again: it keeps something outside Mem');
}
