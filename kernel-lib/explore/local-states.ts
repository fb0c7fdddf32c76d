import { vmBug } from '../base/error.js';
import type { Steps, ThreadProgram } from './program.js';
import type { Identity } from './system.js';
import { History, hashed } from './history.js';
import { type Progress, replayReads, runStep, type StepRecord } from './run-step.js';

/** The local state of a thread that has run all its operations. Failures are the numbers below it. */
export const DONE = -1;

/** No step was seen here that read such values. */
export const UNKNOWN = 0;

// Kinds of records, and where their parts lie.
const READ = 1; // address, first edge; an edge: value, record, next edge
const CHOOSE = 2; // n, n records
const EFFECT = 3; // next local state, branches of the step, n, n times address and value
const WAIT = 4;

/** What a local state is: how far which operation has come. */
interface Origin extends Progress {
  readonly operation: number;
}

/** More generators than these are not kept standing; they are cheap to bring back. */
const MAX_STANDING = 10_000;

/**
 * What one thread of kernel code can be in the middle of, and what each of its steps does.
 *
 * A generator's locals cannot be seen, copied or undone. But an operation is a deterministic function of what it
 * reads, so what it has read since its start *is* its local state, and here each such history has a number: exact,
 * where a hash of it could collide. What a step does with which values in memory is learnt once by running kernel
 * code, and looked up from then on: per local state a tree of the words that the step reads, whose leaves say what
 * it writes and which local state follows. There are few local states beside the states of the whole machine.
 */
export class LocalStates {
  readonly #program: ThreadProgram;
  /** All records. A local state is the index of a word that holds its first record. */
  #code = new Int32Array(1 << 12);
  #end = 1;
  readonly #origins = new Map<number, Origin>();
  /** The number of each, by history and resumptions. */
  readonly #numbers = new Map<History, Map<number, number>>();
  readonly #starts: number[];
  readonly #standing = new Map<number, Steps>();
  readonly #failures: string[] = [];
  /** Steps learnt so far. */
  learnt = 0;

  constructor(program: ThreadProgram) {
    this.#program = program;
    this.#starts = program.operations.map((_, operation) =>
      this.#localOf({ operation, history: History.start(operation), resumptions: 0 }),
    );
  }

  get first(): number {
    return this.#starts[0] ?? DONE;
  }

  /** One more than the greatest number of a local state or record. */
  get end(): number {
    return this.#end;
  }

  /** Every local state, each behind those that it can become: a thread only goes forward. */
  lastFirst(): number[] {
    const ordered = new Set<number>();
    const under = this.#starts.slice();
    while (under.length > 0) {
      const local = under.at(-1)!;
      const ahead = this.#successors(local).filter((next) => !ordered.has(next));
      if (ahead.length > 0) {
        for (const next of ahead) under.push(next);
      } else {
        ordered.add(local);
        under.pop();
      }
    }
    return [...ordered];
  }

  #successors(local: number): number[] {
    const found = new Set<number>();
    this.forEachStep(local, (_record, _reads, _writes, next) => {
      if (next > DONE && next !== local) found.add(next);
    });
    return [...found];
  }

  /** The same for the same local state in every process, whatever number it has there; zeros for DONE. */
  meaning(local: number): Identity {
    const origin = this.#origins.get(local);
    return origin === undefined ? { low: 0, high: 0 } : hashed(origin.history.meaning, origin.resumptions);
  }

  /** How a thread failed whose local state is below DONE. */
  failure(local: number): string {
    return this.#failures[DONE - 1 - local]!;
  }

  /** Finds or learns what the next step does with memory as it is. @returns its last record: a step or a wait */
  stepFrom(local: number, words: Int32Array, branch: number): number {
    const record = this.#lookUp(local, words, branch);
    return record === UNKNOWN ? this.#learn(local, words, branch) : record;
  }

  waits(record: number): boolean {
    return this.#code[record] === WAIT;
  }

  next(record: number): number {
    return this.#code[record + 1]!;
  }

  /** Branches of the step that a record belongs to, 0 for a wait. */
  branches(record: number): number {
    return this.#code[record] === WAIT ? 0 : this.#code[record + 2]!;
  }

  /** Does what a record says. @param write takes each address and value */
  apply(record: number, state: { set(address: number, value: number): void }): void {
    const code = this.#code;
    const end = record + 4 + 2 * code[record + 3]!;
    for (let i = record + 4; i < end; i += 2) state.set(code[i]!, code[i + 1]!);
  }

  /** Shows every step known from a local state: its last record, what it reads, writes and becomes. */
  forEachStep(
    local: number,
    visit: (record: number, reads: readonly number[], writes: readonly number[], next: number) => void,
  ): void {
    const reads: number[] = [];
    const walk = (record: number): void => {
      if (record === UNKNOWN) return;
      const [kind, a, b] = [this.#code[record]!, this.#code[record + 1]!, this.#code[record + 2]!];
      if (kind === WAIT) return visit(record, reads, [], local);
      if (kind === EFFECT) {
        const writes: number[] = [];
        this.apply(record, { set: (address) => writes.push(address) });
        return visit(record, reads, writes, a);
      }
      if (kind === CHOOSE) {
        for (let n = 0; n < a; n++) walk(this.#code[record + 2 + n]!);
        return;
      }
      reads.push(a);
      for (let edge = b; edge !== UNKNOWN; edge = this.#code[edge + 2]!) walk(this.#code[edge + 1]!);
      reads.pop();
    };
    walk(this.#code[local]!);
  }

  #lookUp(local: number, words: Int32Array, branch: number): number {
    const code = this.#code;
    let at = code[local]!;
    while (at !== UNKNOWN) {
      const kind = code[at]!;
      if (kind === READ) {
        const value = words[code[at + 1]!]!;
        let edge = code[at + 2]!;
        while (edge !== UNKNOWN && code[edge] !== value) edge = code[edge + 2]!;
        at = edge === UNKNOWN ? UNKNOWN : code[edge + 1]!;
      } else if (kind === CHOOSE) {
        at = code[at + 2 + branch]!;
      } else {
        return at;
      }
    }
    return UNKNOWN;
  }

  #learn(local: number, words: Int32Array, branch: number): number {
    this.learnt++;
    this.#program.enter?.();
    const steps = this.#standingAt(local);
    const step = runStep(steps, this.#origins.get(local)!, words, branch);
    let slot = step.choices > 0 ? this.#chooseSlot(local, step.choices, branch) : local;
    for (let i = 0; i < step.decisive.length; i += 2)
      slot = this.#readSlot(slot, step.decisive[i]!, step.decisive[i + 1]!);
    const record = step.outcome === 'blocked' ? this.#emit(WAIT) : this.#effect(local, steps, step);
    this.#code[slot] = record;
    return record;
  }

  #effect(local: number, steps: Steps, step: StepRecord): number {
    const next = this.#become(local, steps, step);
    return this.#emit(EFFECT, next, Math.max(step.choices, 1), step.writes.length / 2, ...step.writes);
  }

  #become(local: number, steps: Steps, step: StepRecord): number {
    const { operation } = this.#origins.get(local)!;
    if (step.outcome === 'failed') return DONE - this.#failures.push(step.why);
    if (step.outcome === 'done') return this.#starts[operation + 1] ?? DONE;
    const next = this.#localOf({ operation, history: step.history, resumptions: step.resumptions });
    this.#standing.set(next, steps);
    if (this.#standing.size > MAX_STANDING)
      this.#standing.delete(this.#standing.keys().next().value as number);
    return next;
  }

  /** A generator that stands at a local state. It will move, so whoever comes next has it made again. */
  #standingAt(local: number): Steps {
    const standing = this.#standing.get(local);
    if (standing) {
      this.#standing.delete(local);
      return standing;
    }
    const origin = this.#origins.get(local)!;
    const steps = this.#program.operations[origin.operation]!();
    replayReads(steps, origin);
    return steps;
  }

  #localOf(origin: Origin): number {
    const { history, resumptions } = origin;
    let known = this.#numbers.get(history);
    if (known === undefined) this.#numbers.set(history, (known = new Map()));
    const number = known.get(resumptions);
    if (number !== undefined) return number;
    const local = this.#emit(UNKNOWN);
    known.set(resumptions, local);
    this.#origins.set(local, origin);
    return local;
  }

  /** The word of a CHOOSE record that belongs to a branch. */
  #chooseSlot(slot: number, n: number, branch: number): number {
    if (this.#code[slot] === UNKNOWN) this.#point(slot, CHOOSE, n, ...new Array<number>(n).fill(UNKNOWN));
    return this.#code[slot]! + 2 + branch;
  }

  /** The word behind the edge for a value. */
  #readSlot(slot: number, address: number, value: number): number {
    if (this.#code[slot] === UNKNOWN) this.#point(slot, READ, address, UNKNOWN);
    const read = this.#code[slot]!;
    if (this.#code[read] !== READ || this.#code[read + 1] !== address)
      throw vmBug`${this.#program.name} reads other words than before: it keeps something outside Mem`;
    let edge = this.#code[read + 2]!;
    while (edge !== UNKNOWN && this.#code[edge] !== value) edge = this.#code[edge + 2]!;
    if (edge === UNKNOWN) {
      edge = this.#emit(value, UNKNOWN, this.#code[read + 2]!);
      this.#code[read + 2] = edge;
    }
    return edge + 1;
  }

  /** Appends a record and makes a word point to it. */
  #point(slot: number, ...record: number[]): void {
    const at = this.#emit(...record);
    this.#code[slot] = at;
  }

  /** Appends words and gives the index of the first. `#code` may be another array afterwards. */
  #emit(...record: number[]): number {
    const at = this.#end;
    this.#end += record.length;
    if (this.#end > this.#code.length) {
      const larger = new Int32Array(Math.max(this.#end, this.#code.length * 2));
      larger.set(this.#code);
      this.#code = larger;
    }
    // For so few words a loop is several times quicker than Int32Array.set().
    for (let i = 0; i < record.length; i++) this.#code[at + i] = record[i]!;
    return at;
  }
}
