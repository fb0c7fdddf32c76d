import { VmBug, vmBug } from '../base/error.js';
import type { Mem } from '../step/mem.js';
import { type Result, watched, type Watcher } from '../step/watch.js';
import { CHOICE, type History, entriesOf } from './history.js';
import { addressOf, type Steps } from './program.js';

/** What one atomic step of a thread did. */
export interface StepRecord {
  /** What the operation knows behind the step. */
  readonly history: History;
  /** How often a new operation is resumed to be there: this step counts one, and one more for each that touched nothing. */
  readonly resumptions: number;
  /** The reads of words that the step had neither read nor written before: they decide what it does. */
  readonly decisive: readonly number[];
  /** Last value written to each address, in the order of first writes: address and value. */
  readonly writes: readonly number[];
  /** How many choices there were; 0 if the step did not choose. */
  readonly choices: number;
  readonly outcome: 'ready' | 'done' | 'blocked' | 'failed';
  /** What was waited for, or how it failed. */
  readonly why: string;
}

/** How far an operation is. */
export type Progress = Pick<StepRecord, 'history' | 'resumptions'>;

/**
 * Runs a thread to its next point where another may run. Its reads see memory, its writes go to the record alone.
 *
 * @param from how far the operation is
 * @param words memory
 * @param branch which choice to make, should the step make one
 * @param onAccess called in the middle of every load (no value) and store, for who wants to see where they happen
 */
export function runStep(
  steps: Steps,
  from: Progress,
  words: Int32Array,
  branch: number,
  onAccess?: (address: number, value?: number) => void,
): StepRecord {
  const recorder = new Recorder(from, words, branch, onAccess);
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
    throw vmBug`a step wrote before it waited for ${recorder.why}`;
  const { history, resumptions, decisive, choices, why } = recorder;
  return { history, resumptions, decisive, writes: [...recorder.written].flat(), choices, outcome, why };
}

class Recorder implements Watcher {
  history: History;
  resumptions: number;
  readonly decisive: number[] = [];
  readonly written = new Map<number, number>();
  choices = 0;
  touched = false;
  why = '';
  readonly #words: Int32Array;
  readonly #branch: number;
  readonly #known = new Set<number>();
  readonly #onAccess: ((address: number, value?: number) => void) | undefined;

  constructor(
    { history, resumptions }: Progress,
    words: Int32Array,
    branch: number,
    onAccess?: (address: number, value?: number) => void,
  ) {
    this.history = history;
    this.resumptions = resumptions;
    this.#words = words;
    this.#branch = branch;
    this.#onAccess = onAccess;
  }

  load(mem: Mem, i: number): number {
    assertWithin(mem, i);
    const address = addressOf(mem, i);
    this.#onAccess?.(address);
    const value = this.written.get(address) ?? this.#words[address]!;
    this.history = this.history.read(address, value);
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
    this.history = this.history.read(CHOICE, this.#branch);
    this.touched = true;
    return this.#branch;
  }

  block(what: string): void {
    this.why = what;
  }

  enter(): undefined {
    this.history = this.history.enter(this.resumptions);
  }

  leave(result: Result): void {
    ({ history: this.history, resumptions: this.resumptions } = this.history.leave(result));
  }
}

/** Kernel code that goes wrong may follow any number as an address. */
function assertWithin(mem: Mem, i: number): void {
  if (!(i >= 0 && i < mem.length)) throw new VmBug('an address is followed that leads nowhere');
}

/** Brings a new operation to where an earlier run of it was, by feeding it what that one has learnt. */
export function replayReads(steps: Steps, { history, resumptions }: Progress): void {
  const feeder = new Feeder(entriesOf(history));
  watched(feeder, () => {
    for (let i = 0; i < resumptions; i++) steps.next();
  });
  feeder.assertUsedUp();
}

class Feeder implements Watcher {
  readonly #entries: readonly History[];
  #next = 0;

  constructor(entries: readonly History[]) {
    this.#entries = entries;
  }

  load(mem: Mem, i: number): number {
    return this.#take(addressOf(mem, i));
  }

  store(): void {}

  choose(): number {
    return this.#take(CHOICE);
  }

  block(what: string): void {
    throw vmBug`a thread that went on waits for ${what} when it is run again`;
  }

  enter(): { readonly result: Result } | undefined {
    const entry = this.#entries[this.#next++];
    if (entry?.isResult) return { result: entry.value };
    if (!entry?.isCall) throw strange();
    return undefined;
  }

  leave(): void {
    throw strange();
  }

  assertUsedUp(): void {
    if (this.#next !== this.#entries.length) throw strange();
  }

  #take(address: number): number {
    const entry = this.#entries[this.#next++];
    if (entry?.address !== address) throw strange();
    return entry.value as number;
  }
}

function strange(): VmBug {
  return new VmBug('a thread reads other words when it is run again: it keeps something outside Mem');
}
