import { deadlock } from './ending.js';
import { type Keys, failureKey } from './keys.js';
import { formatSchedule, type Decision } from './schedule.js';
import { type Identity, type TransitionSystem, identityOf } from './system.js';
import { VisitedSet } from './visited.js';

export interface SearchOptions {
  /** Says what is wrong with a state in which every thread is done, or null. */
  readonly atEnd?: () => string | null;
  /** Sees every final state. */
  readonly onEnd?: () => void;
  /** Follow only persistent sets, where the system can tell them. Default true. */
  readonly reduction?: boolean;
  /** Remember states, and follow each once. Default true; without it every interleaving is run. */
  readonly visited?: boolean;
  /** Give up, incomplete, after so many states. Default: never. */
  readonly maxStates?: number;
  /** Keep at most so many violations. Default 1: the search ends with the first. */
  readonly maxViolations?: number;
  /** Keep the first violation of each kind only, and follow everything else as well. */
  readonly onePerKind?: boolean;
  /** Schedules to begin with; everything behind them is followed. Default: the empty one. */
  readonly roots?: readonly (readonly Decision[])[];
  /** Note the identities of states, so that searches of several processes can be put together. */
  readonly keys?: boolean;
}

/** How far a search has come. */
export interface SearchProgress {
  readonly executions: number;
  readonly states: number;
  /** Part of the tree of decisions that is behind, 0 to 1: an estimate, too small where much was visited before. */
  readonly done: number;
}

/** Tells of its progress now and then, goes on unless it is told `false`, and gives its result in the end. */
export type Searching<T> = Generator<SearchProgress, T, boolean>;

/** Runs a search to its end. */
export function drained<T>(searching: Searching<T>): T {
  for (;;) {
    const { done, value } = searching.next(true);
    if (done) return value;
  }
}

/** States between two reports of progress. */
export const REPORT_EVERY = 4096;

export interface Violation {
  readonly what: string;
  readonly schedule: string;
  readonly steps: number;
}

export interface SearchResult {
  /** Distinct states, the first included; without `visited`, nodes of the tree of interleavings. */
  readonly states: number;
  readonly transitions: number;
  /** Ends reached, counted once for each way that was followed. */
  readonly executions: number;
  readonly violations: readonly Violation[];
  /** Whether everything was followed: only then does "no violation" mean absence. */
  readonly complete: boolean;
  /** Whether the search was reduced to persistent sets. */
  readonly reduction: boolean;
  /** Longest schedule. */
  readonly depth: number;
  /** With the option `keys`. */
  readonly keys?: Keys;
}

/**
 * Searches all states that a system can reach, depth first, in a fixed order. Ends in the first state.
 *
 * With reduction the search is repeated while it meets steps that the persistent sets had not reckoned with; it is
 * over when a whole search met none. See ARCHITECTURE.md for why that is sound.
 */
export function search(system: TransitionSystem, options: SearchOptions = {}): SearchResult {
  return drained(searching(system, options));
}

/** The same, for who wants to see its progress or to end it early: then it is incomplete. */
export function* searching(system: TransitionSystem, options: SearchOptions = {}): Searching<SearchResult> {
  const reduction = (options.reduction ?? true) && system.persistentSet !== undefined;
  for (;;) {
    system.surprised?.();
    const result = yield* new Search(system, options, reduction).run();
    if (!reduction || !result.complete || !system.surprised?.()) return result;
  }
}

class Search {
  readonly #system: TransitionSystem;
  readonly #options: SearchOptions;
  readonly #reduction: boolean;
  readonly #visited: VisitedSet | null;
  readonly #identify: () => Identity;
  readonly #violations: Violation[] = [];
  readonly #ends: number[] = [];
  readonly #failures: number[] = [];
  /** By depth: the threads to follow, the next decision to try and whether any thread could step. */
  #mask = new Int32Array(64);
  #thread = new Int32Array(64);
  #branch = new Int32Array(64);
  #stepped = new Int32Array(64);
  /** By depth: the decision that was taken there. */
  #tookThread = new Int32Array(64);
  #tookBranch = new Int32Array(64);
  #depth = -1;
  #maxDepth = 0;
  #states = 0;
  #transitions = 0;
  #executions = 0;
  #stopped = false;

  constructor(system: TransitionSystem, options: SearchOptions, reduction: boolean) {
    this.#system = system;
    this.#options = options;
    this.#reduction = reduction;
    this.#identify = options.keys ? () => identityOf(system) : () => system.state;
    this.#visited = (options.visited ?? true) ? new VisitedSet() : null;
  }

  *run(): Searching<SearchResult> {
    const { state } = this.#system;
    for (const root of this.#options.roots ?? [[]]) {
      this.#descend(root);
      while (this.#depth >= 0 && !this.#stopped) {
        if (this.#advance()) {
          if (this.#states % REPORT_EVERY === 0 && !(yield this.#progress())) this.#stopped = true;
          continue;
        }
        if (this.#stepped[this.#depth] === 0) this.#end();
        this.#depth--;
        if (this.#depth >= 0) state.pop();
      }
      state.rewind();
    }
    return {
      states: this.#states,
      transitions: this.#transitions,
      executions: this.#executions,
      violations: this.#violations,
      complete: !this.#stopped,
      reduction: this.#reduction,
      depth: this.#maxDepth,
      ...(this.#options.keys ? { keys: this.#keys() } : {}),
    };
  }

  /** Goes where a schedule leads, and enters that state if it is new. Of the way there no other decision is tried. */
  #descend(root: readonly Decision[]): void {
    const { state, threads } = this.#system;
    this.#depth = -1;
    for (const { thread, branch } of root) {
      this.#place(0);
      this.#thread[this.#depth] = threads.length;
      this.#stepped[this.#depth] = 1;
      this.#tookThread[this.#depth] = thread;
      this.#tookBranch[this.#depth] = branch;
      state.push();
      this.#system.step(thread, branch);
    }
    if (this.#stopped || !this.#isNew()) this.#depth = -1;
    else this.#enter();
  }

  /** Whether the state just reached is one that was not seen before. */
  #isNew(): boolean {
    if (this.#visited !== null) {
      const { low, high } = this.#identify();
      if (!this.#visited.add(low, high)) return false;
    }
    this.#states++;
    return true;
  }

  #progress(): SearchProgress {
    let done = 0;
    let part = 1;
    for (let d = 0; d <= this.#depth; d++) {
      const mask = this.#mask[d]!;
      const behind = bits(mask & ((1 << this.#thread[d]!) - 1));
      part /= Math.max(1, bits(mask));
      done += part * Math.max(0, behind - 1);
    }
    return { executions: this.#executions, states: this.#states, done };
  }

  #keys(): Keys {
    return {
      states: this.#visited?.keys() ?? new Int32Array(),
      ends: Int32Array.from(this.#ends),
      failures: Int32Array.from(this.#failures),
    };
  }

  /** Begins to follow the state just reached. */
  #enter(): void {
    this.#place(this.#reduction ? this.#system.persistentSet!() : -1);
  }

  /** Goes one deeper, where these threads are to be followed. */
  #place(mask: number): void {
    const d = ++this.#depth;
    if (d === this.#mask.length) this.#deepen();
    this.#mask[d] = mask & ((1 << this.#system.threads.length) - 1);
    this.#thread[d] = 0;
    this.#branch[d] = 0;
    this.#stepped[d] = 0;
    if (d > this.#maxDepth) this.#maxDepth = d;
  }

  /** Takes the next decision of this depth that leads to a new state, and enters it; false if there is none. */
  #advance(): boolean {
    const system = this.#system;
    const { state } = system;
    const d = this.#depth;
    const nrThreads = system.threads.length;
    while (this.#thread[d]! < nrThreads) {
      const thread = this.#thread[d]!;
      const branch = this.#branch[d]!;
      if (((this.#mask[d]! >>> thread) & 1) === 0) {
        this.#thread[d] = thread + 1;
        continue;
      }
      state.push();
      const branches = system.step(thread, branch);
      const last = branch + 1 >= branches;
      this.#thread[d] = last ? thread + 1 : thread;
      this.#branch[d] = last ? 0 : branch + 1;
      if (branches !== 0 && this.#arrive(thread, branch, branches)) return true;
      state.pop();
    }
    return false;
  }

  /** Counts a step; true if it led to a new state, which was entered. */
  #arrive(thread: number, branch: number, branches: number): boolean {
    const d = this.#depth;
    this.#stepped[d] = 1;
    this.#transitions++;
    this.#tookThread[d] = thread;
    this.#tookBranch[d] = branch;
    if (branches < 0) {
      this.#executions++;
      if (this.#options.keys) this.#failures.push(...failureKey(this.#identify(), thread, branch));
      this.#violate(this.#system.failure?.() ?? 'the machine failed', d + 1);
      return false;
    }
    if (!this.#isNew()) return false;
    if (this.#states > (this.#options.maxStates ?? Infinity)) this.#stopped = true;
    this.#enter();
    return true;
  }

  #end(): void {
    const system = this.#system;
    this.#executions++;
    if (this.#options.keys) {
      const { low, high } = this.#identify();
      this.#ends.push(low, high);
    }
    for (let thread = 0; thread < system.threads.length; thread++) {
      if (system.done(thread)) continue;
      const waiting = system.threads.filter((_, t) => !system.done(t));
      this.#violate(deadlock(waiting), this.#depth);
      return;
    }
    this.#options.onEnd?.();
    const wrong = this.#options.atEnd?.() ?? null;
    if (wrong !== null) this.#violate(wrong, this.#depth);
  }

  #violate(what: string, steps: number): void {
    const { onePerKind = false, maxViolations = onePerKind ? Infinity : 1 } = this.#options;
    const known = onePerKind && this.#violations.some((violation) => violation.what === what);
    if (!known && this.#violations.length < maxViolations) {
      const decisions: Decision[] = [];
      for (let d = 0; d < steps; d++)
        decisions.push({ thread: this.#tookThread[d]!, branch: this.#tookBranch[d]! });
      this.#violations.push({ what, schedule: formatSchedule(decisions), steps });
    }
    if (maxViolations === 1) this.#stopped = true;
  }

  #deepen(): void {
    const twice = (old: Int32Array) => {
      const larger = new Int32Array(old.length * 2);
      larger.set(old);
      return larger;
    };
    this.#mask = twice(this.#mask);
    this.#thread = twice(this.#thread);
    this.#branch = twice(this.#branch);
    this.#stepped = twice(this.#stepped);
    this.#tookThread = twice(this.#tookThread);
    this.#tookBranch = twice(this.#tookBranch);
  }
}

function bits(mask: number): number {
  let n = 0;
  for (let left = mask; left !== 0; left &= left - 1) n++;
  return n;
}
