import type { Arena } from '../step/arena.js';
import { addressOf } from './program.js';
import type { State } from './state.js';
import { type Identity, type TransitionSystem, identityOf } from './system.js';

/** Nobody has run yet. */
const NOBODY = 0;

/**
 * A system in which threads are preempted at most so often: a thread that could go on is left for another one. To
 * leave one that waits or has ended is free. Who ran last and how often somebody was preempted are words of the state.
 *
 * It tells no persistent sets: what they leave out may need fewer preemptions than what they keep.
 */
export class PreemptionBound implements TransitionSystem {
  /** The same without the bound. */
  readonly system: TransitionSystem;
  readonly state: State;
  readonly threads: readonly string[];
  /** Whether the bound has kept a step from being followed: then "no violation" means nothing beyond it. */
  refused = false;
  readonly #limit: number;
  /** Address of the number of the thread that ran last, from 1 on; behind it the preemptions so far. */
  readonly #at: number;

  /** @param make makes the system over the arena, once the bound's own words are part of it */
  constructor(arena: Arena, limit: number, make: () => TransitionSystem) {
    this.#at = addressOf(arena.words('explore.preemptions', 2), 0);
    this.system = make();
    this.#limit = limit;
    this.state = this.system.state;
    this.threads = this.system.threads;
  }

  step(thread: number, branch: number): number {
    const { state } = this;
    const last = state.words[this.#at]!;
    const so = state.words[this.#at + 1]!;
    const preempts = last !== NOBODY && last !== thread + 1 && this.#canStep(last - 1);
    if (preempts && so === this.#limit) {
      this.refused ||= this.#canStep(thread);
      return 0;
    }
    const branches = this.system.step(thread, branch);
    if (branches <= 0) return branches;
    state.set(this.#at, thread + 1);
    if (preempts) state.set(this.#at + 1, so + 1);
    return branches;
  }

  done(thread: number): boolean {
    return this.system.done(thread);
  }

  failure(): string {
    return this.system.failure?.() ?? '';
  }

  identity(): Identity {
    return identityOf(this.system);
  }

  #canStep(thread: number): boolean {
    this.state.push();
    const branches = this.system.step(thread, 0);
    this.state.pop();
    return branches !== 0;
  }
}
