import type { Arena } from '../step/arena.js';
import { DONE, LocalStates } from './local-states.js';
import { Footprints } from './footprints.js';
import { addressOf, type ThreadProgram } from './program.js';
import { State } from './state.js';
import type { Identity, TransitionSystem } from './system.js';

/**
 * Threads of kernel code as a transition system. Where each thread is, its local state, is a word of the state like
 * any other: it is hashed and undone with memory.
 */
export class KernelThreads implements TransitionSystem {
  readonly state: State;
  readonly threads: readonly string[];
  readonly #locals: readonly LocalStates[];
  /** Address of the first thread's local state; the others follow. */
  readonly #at: number;
  readonly #footprints: Footprints;
  #failed = '';

  /**
   * @param arena holds the machine, in the state in which the threads begin
   * @param options.memoryOnly leaves the threads out of a state's identity: a mistake, for the test that shows it
   */
  constructor(arena: Arena, programs: readonly ThreadProgram[], options: { memoryOnly?: boolean } = {}) {
    this.threads = programs.map((program) => program.name);
    this.#locals = programs.map((program) => new LocalStates(program));
    const at = addressOf(arena.words('explore.thread', programs.length), 0);
    this.#at = at;
    this.state = new State(arena.all(), (address) => !options.memoryOnly || address < at);
    // Set past the state's undo log: this is the first state.
    this.#locals.forEach((locals, thread) => (this.state.words[at + thread] = locals.first));
    this.#footprints = new Footprints(this.state.words, this.#locals, at);
  }

  /** Steps of kernel code that were run; all others were looked up. */
  get learnt(): number {
    return this.#locals.reduce((sum, locals) => sum + locals.learnt, 0);
  }

  done(thread: number): boolean {
    return this.state.words[this.#at + thread] === DONE;
  }

  failure(): string {
    return this.#failed;
  }

  step(thread: number, branch: number): number {
    const { state } = this;
    const at = this.#at + thread;
    const local = state.words[at]!;
    if (local < 0) return 0;
    const locals = this.#locals[thread]!;
    const record = locals.stepFrom(local, state.words, branch);
    if (locals.waits(record)) return 0;
    const next = locals.next(record);
    if (next < DONE) {
      this.#failed = `${this.threads[thread]}: ${locals.failure(next)}`;
      return -1;
    }
    locals.apply(record, state);
    state.set(at, next);
    return locals.branches(record);
  }

  persistentSet(): number {
    return this.#footprints.persistentSet();
  }

  surprised(): boolean {
    return this.#footprints.surprised();
  }

  /** Local states have numbers in the order in which this process met them: what they mean stands in for them. */
  identity(): Identity {
    const { state } = this;
    let { low, high } = state;
    this.#locals.forEach((locals, thread) => {
      const at = this.#at + thread;
      const share = state.share(at, locals.first);
      const meaning = locals.meaning(state.words[at]!);
      const weight = 2 * thread + 1;
      low = (low - share.low + Math.imul(meaning.low, weight)) | 0;
      high = (high - share.high + Math.imul(meaning.high, weight)) | 0;
    });
    return { low, high };
  }
}
