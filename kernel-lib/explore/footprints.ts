import { DONE, type LocalStates } from './local-states.js';

/** Sets of shared words, some read and some written, as two bit sets in one array: reads first, then writes. */
type Footprint = Int32Array;

/** All threads: what is followed where nothing smaller is known to do. */
const EVERYBODY = -1;

/**
 * Tells which threads' next steps are enough to follow: a persistent set, found from what each thread may still do.
 *
 * For every local state it knows the words that the thread may ever read and write from there on, as far as its
 * steps have been learnt. A set of threads is persistent when no thread outside it will write what their next steps
 * read or write, nor read what these write. A thread that waits counts with what it waits for.
 *
 * What has not been learnt is not in the footprints, so an answer is trusted only in hindsight: if a whole search
 * with these footprints learns nothing new (`surprised`), every step that any interleaving can take is in them.
 */
export class Footprints {
  readonly #words: Int32Array;
  readonly #locals: readonly LocalStates[];
  readonly #at: number;
  /** By thread and local state: what it may still do. */
  #future: (Footprint | undefined)[][] = [];
  /** By thread and record: what that step does. */
  #step: (Footprint | undefined)[][] = [];
  /** What `#nextSteps` gives: filled anew for every state, for a search asks at each. */
  readonly #next: number[][];
  #learnt = -1;
  #askedAt = -1;

  constructor(words: Int32Array, locals: readonly LocalStates[], at: number) {
    this.#words = words;
    this.#locals = locals;
    this.#at = at;
    this.#next = locals.map(() => []);
  }

  /** Whether steps were learnt since the last call. */
  surprised(): boolean {
    const learnt = this.#count();
    const surprised = learnt !== this.#askedAt;
    this.#askedAt = learnt;
    if (learnt !== this.#learnt) this.#measure();
    return surprised;
  }

  /** The smallest persistent set found from any one thread that can step, as a bit mask. */
  persistentSet(): number {
    const n = this.#locals.length;
    const steps = this.#nextSteps();
    // While little is known, measure anew each time that twice as much is.
    if (this.#count() > 2 * this.#learnt) this.#measure();
    let best = EVERYBODY;
    let bestSize = n + 1;
    for (let seed = 0; seed < n && bestSize > 1; seed++) {
      if (!this.#canStep(seed, steps[seed]!)) continue;
      const set = this.#close(1 << seed, steps);
      let size = 0;
      for (let t = 0; t < n; t++) if ((set >>> t) & 1 && this.#canStep(t, steps[t]!)) size++;
      if (size < bestSize) [best, bestSize] = [set, size];
    }
    return best;
  }

  /** By thread the records of its next step, one for each branch; none for a thread that is done. */
  #nextSteps(): readonly (readonly number[])[] {
    for (let thread = 0; thread < this.#locals.length; thread++) {
      const locals = this.#locals[thread]!;
      const records = this.#next[thread]!;
      const local = this.#words[this.#at + thread]!;
      records.length = 0;
      if (local < 0) continue;
      const first = locals.stepFrom(local, this.#words, 0);
      records.push(first);
      for (let branch = 1; branch < locals.branches(first); branch++)
        records.push(locals.stepFrom(local, this.#words, branch));
    }
    return this.#next;
  }

  #canStep(thread: number, records: readonly number[]): boolean {
    return records.length > 0 && !this.#locals[thread]!.waits(records[0]!);
  }

  /** Adds threads that may interfere with the set's next steps until none is left outside. */
  #close(set: number, steps: readonly (readonly number[])[]): number {
    for (let before = 0; before !== set;) {
      before = set;
      for (let other = 0; other < steps.length; other++)
        if (((set >>> other) & 1) === 0 && this.#interferes(other, set, steps)) set |= 1 << other;
    }
    return set;
  }

  #interferes(other: number, set: number, steps: readonly (readonly number[])[]): boolean {
    const local = this.#words[this.#at + other]!;
    if (local < 0) return false;
    const future = this.#future[other]![local];
    for (let t = 0; t < steps.length; t++) {
      if (((set >>> t) & 1) === 0) continue;
      for (const record of steps[t]!) {
        const step = this.#step[t]![record];
        if (!future || !step || conflict(step, future)) return true;
      }
    }
    return false;
  }

  #count(): number {
    return this.#locals.reduce((sum, locals) => sum + locals.learnt, 0);
  }

  /** Computes every footprint from what is known now. */
  #measure(): void {
    this.#learnt = this.#count();
    const bits = this.#sharedWords();
    const width = (bits.size + 31) >> 5;
    const empty = new Int32Array(2 * width);
    this.#future = this.#locals.map(() => []);
    this.#step = this.#locals.map(() => []);
    this.#locals.forEach((locals, thread) => {
      const future = this.#future[thread]!;
      for (const local of locals.lastFirst()) {
        const sum = empty.slice();
        locals.forEachStep(local, (record, reads, writes, next) => {
          const step = footprint(reads, writes, bits, width);
          this.#step[thread]![record] = step;
          include(sum, step);
          if (next > DONE && next !== local) include(sum, future[next]!);
        });
        future[local] = sum;
      }
    });
  }

  /** Gives a bit to every word that more than one thread touches: no other word can make steps dependent. */
  #sharedWords(): Map<number, number> {
    const owner = new Map<number, number>();
    const bits = new Map<number, number>();
    this.#locals.forEach((locals, thread) => {
      for (const local of locals.lastFirst())
        locals.forEachStep(local, (_record, reads, writes) => {
          for (const addresses of [reads, writes]) {
            for (const address of addresses) {
              const first = owner.get(address);
              if (first === undefined) owner.set(address, thread);
              else if (first !== thread && !bits.has(address)) bits.set(address, bits.size);
            }
          }
        });
    });
    return bits;
  }
}

function footprint(
  reads: readonly number[],
  writes: readonly number[],
  bits: ReadonlyMap<number, number>,
  width: number,
): Footprint {
  const out = new Int32Array(2 * width);
  const mark = (address: number, from: number) => {
    const bit = bits.get(address);
    if (bit !== undefined) out[from + (bit >> 5)]! |= 1 << (bit & 31);
  };
  for (const address of reads) mark(address, 0);
  for (const address of writes) mark(address, width);
  return out;
}

function include(sum: Footprint, more: Footprint): void {
  for (let i = 0; i < sum.length; i++) sum[i]! |= more[i]!;
}

/** Whether one step and something that another thread may do cannot be exchanged. */
function conflict(step: Footprint, future: Footprint): boolean {
  const width = step.length >> 1;
  for (let i = 0; i < width; i++) {
    const writes = step[width + i]!;
    if ((writes & (future[i]! | future[width + i]!)) !== 0 || (step[i]! & future[width + i]!) !== 0)
      return true;
  }
  return false;
}
