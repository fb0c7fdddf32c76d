import { ending } from './ending.js';
import { Random } from './random.js';
import { type Decision, formatSchedule } from './schedule.js';
import { type SearchResult, type Searching, type Violation } from './search.js';
import { type TransitionSystem, identityOf } from './system.js';
import { VisitedSet } from './visited.js';

/** How executions are drawn where there are too many to follow them all. */
export interface SamplingOptions {
  /**
   * `random`: at every step any thread that can go on. `pct`: threads have random priorities, the first that can go
   * on does, and at depth-1 random steps the one that runs falls behind all others (Burckhardt et al., "A randomized
   * scheduler with probabilistic guarantees of finding bugs", ASPLOS 2010).
   */
  readonly mode: 'pct' | 'random';
  readonly seed: number;
  /** Of `pct`: how many orderings of steps a bug is to need at most. */
  readonly depth: number;
  readonly executions: number;
  /** Draw only every `of`-th execution, from this one on: each has random numbers of its own. */
  readonly shard?: { readonly index: number; readonly of: number };
  /** Says what is wrong with a state in which every thread is done, or null. */
  readonly atEnd: () => string | null;
  /** Go on behind the first violation, for the first of each kind. */
  readonly onePerKind?: boolean;
  /** Note the identities of states, so that several samples can be put together. */
  readonly keys?: boolean;
}

/** Executions between two reports of progress. */
const REPORT_EVERY = 16;
/** Steps after which an execution is given up: its threads wait for one another without ever sleeping. */
const MAX_STEPS = 100_000;

/** Draws executions. It is never complete: what it does not find may be there. Ends in the first state. */
export function* sampling(system: TransitionSystem, options: SamplingOptions): Searching<SearchResult> {
  const { executions, shard = { index: 0, of: 1 }, mode, depth, onePerKind = false } = options;
  const sample = new Sample(system);
  const length = mode === 'pct' ? serialLength(system) : 0;
  const violations: Violation[] = [];
  let drawn = 0;
  for (let n = shard.index; n < executions; n += shard.of) {
    const random = new Random(options.seed, n);
    const scheduler =
      mode === 'pct' ? new Priorities(system.threads.length, depth, length, random) : new AnyThread(random);
    const what = sample.draw(scheduler, options.atEnd, random);
    drawn++;
    if (what !== null && !violations.some((known) => known.what === what))
      violations.push({ what, schedule: formatSchedule(sample.path), steps: sample.path.length });
    if (what !== null && !onePerKind) break;
    if (drawn % REPORT_EVERY === 0) {
      const { size: states } = sample.visited;
      if (!(yield { executions: drawn, states, done: n / executions })) break;
    }
  }
  return {
    states: sample.visited.size,
    transitions: sample.transitions,
    executions: drawn,
    violations,
    complete: false,
    reduction: false,
    depth: sample.longest,
    ...(options.keys ? { keys: { states: sample.visited.keys(), ends: NO_KEYS, failures: NO_KEYS } } : {}),
  };
}

const NO_KEYS = new Int32Array();

/** Length of the execution in which each thread runs as long as it can. */
function serialLength(system: TransitionSystem): number {
  const sample = new Sample(system);
  const random = new Random(0);
  sample.draw(new Priorities(system.threads.length, 1, 0, random), () => null, random);
  return sample.path.length;
}

/** Says in which order threads are asked to go on. */
interface Scheduler {
  order(nrThreads: number): readonly number[];
  /** Told which of them did. */
  ran(thread: number): void;
}

class AnyThread implements Scheduler {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  order(nrThreads: number): readonly number[] {
    return this.#random.shuffled(nrThreads);
  }

  ran(): void {}
}

class Priorities implements Scheduler {
  /** Highest first. */
  readonly #order: number[];
  /** Steps before which the thread that would run falls behind. */
  readonly #changes: ReadonlySet<number>;
  #step = 0;

  constructor(nrThreads: number, depth: number, length: number, random: Random) {
    this.#order = random.shuffled(nrThreads);
    this.#changes = new Set(Array.from({ length: depth - 1 }, () => random.below(length)));
  }

  order(): readonly number[] {
    return this.#order;
  }

  ran(thread: number): void {
    if (!this.#changes.has(this.#step++)) return;
    this.#order.splice(this.#order.indexOf(thread), 1);
    this.#order.push(thread);
  }
}

class Sample {
  readonly #system: TransitionSystem;
  readonly visited = new VisitedSet();
  path: Decision[] = [];
  transitions = 0;
  longest = 0;

  constructor(system: TransitionSystem) {
    this.#system = system;
  }

  /** Runs one execution; what is wrong with it, or null. */
  draw(scheduler: Scheduler, atEnd: () => string | null, random: Random): string | null {
    const system = this.#system;
    this.path = [];
    this.#visit();
    let what: string | null = null;
    for (;;) {
      const branches = this.#step(scheduler, random);
      if (branches === 0) what = ending(system, atEnd);
      if (branches < 0) what = system.failure?.() ?? 'the machine failed';
      if (branches <= 0 || this.path.length === MAX_STEPS) break;
      this.#visit();
    }
    this.transitions += this.path.length;
    this.longest = Math.max(this.longest, this.path.length);
    system.state.rewind();
    return what;
  }

  /** Lets the first thread of the order that can go on do so; 0 if none can. */
  #step(scheduler: Scheduler, random: Random): number {
    const { state, threads } = this.#system;
    for (const thread of scheduler.order(threads.length)) {
      state.push();
      const branches = this.#system.step(thread, 0);
      const branch = branches > 1 ? random.below(branches) : 0;
      if (branch > 0 || branches === 0) state.pop();
      if (branches === 0) continue;
      if (branch > 0) {
        state.push();
        this.#system.step(thread, branch);
      }
      this.path.push({ thread, branch });
      scheduler.ran(thread);
      return branches;
    }
    return 0;
  }

  #visit(): void {
    const { low, high } = identityOf(this.#system);
    this.visited.add(low, high);
  }
}
