import { deadlock } from './ending.js';
import { formatSchedule, type Decision } from './schedule.js';
import type { TransitionSystem } from './system.js';
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
  /** Asked now and then; false: give up, incomplete. */
  readonly goOn?: (states: number, executions: number) => boolean;
}

/** States between two questions whether to go on. */
const GO_ON_EVERY = 4096;

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
}

/**
 * Searches all states that a system can reach, depth first, in a fixed order. Ends in the first state.
 *
 * With reduction the search is repeated while it meets steps that the persistent sets had not reckoned with; it is
 * over when a whole search met none. See ARCHITECTURE.md for why that is sound.
 */
export function search(system: TransitionSystem, options: SearchOptions = {}): SearchResult {
  const reduction = (options.reduction ?? true) && system.persistentSet !== undefined;
  for (;;) {
    system.surprised?.();
    const result = new Search(system, options, reduction).run();
    if (!reduction || !result.complete || !system.surprised?.()) return result;
  }
}

class Search {
  readonly #system: TransitionSystem;
  readonly #options: SearchOptions;
  readonly #reduction: boolean;
  readonly #visited: VisitedSet | null;
  readonly #violations: Violation[] = [];
  /** By depth: the threads to follow, the next decision to try and whether any thread could step. */
  #mask = new Int32Array(64);
  #thread = new Int32Array(64);
  #branch = new Int32Array(64);
  #stepped = new Int32Array(64);
  /** By depth: the decision that was taken there. */
  #tookThread = new Int32Array(64);
  #tookBranch = new Int32Array(64);
  #depth = 0;
  #maxDepth = 0;
  #states = 1;
  #transitions = 0;
  #executions = 0;
  #stopped = false;

  constructor(system: TransitionSystem, options: SearchOptions, reduction: boolean) {
    this.#system = system;
    this.#options = options;
    this.#reduction = reduction;
    this.#visited = (options.visited ?? true) ? new VisitedSet() : null;
  }

  run(): SearchResult {
    const { state } = this.#system;
    this.#visited?.add(state.low, state.high);
    this.#enter();
    while (this.#depth >= 0 && !this.#stopped) {
      if (this.#advance()) continue;
      if (this.#stepped[this.#depth] === 0) this.#end();
      this.#depth--;
      if (this.#depth >= 0) state.pop();
    }
    state.rewind();
    return {
      states: this.#states,
      transitions: this.#transitions,
      executions: this.#executions,
      violations: this.#violations,
      complete: !this.#stopped,
      reduction: this.#reduction,
      depth: this.#maxDepth,
    };
  }

  /** Begins to follow the state just reached. */
  #enter(): void {
    const d = this.#depth;
    if (d === this.#mask.length) this.#deepen();
    this.#mask[d] = this.#reduction ? this.#system.persistentSet!() : -1;
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
    const { state } = this.#system;
    const d = this.#depth;
    this.#stepped[d] = 1;
    this.#transitions++;
    this.#tookThread[d] = thread;
    this.#tookBranch[d] = branch;
    if (branches < 0) {
      this.#executions++;
      this.#violate(this.#system.failure?.() ?? 'the machine failed', d + 1);
      return false;
    }
    if (this.#visited !== null && !this.#visited.add(state.low, state.high)) return false;
    this.#states++;
    if (this.#states > (this.#options.maxStates ?? Infinity)) this.#stopped = true;
    if (this.#states % GO_ON_EVERY === 0 && this.#options.goOn?.(this.#states, this.#executions) === false)
      this.#stopped = true;
    this.#depth = d + 1;
    this.#enter();
    return true;
  }

  #end(): void {
    const system = this.#system;
    this.#executions++;
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
