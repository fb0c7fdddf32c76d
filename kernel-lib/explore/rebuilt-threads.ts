import type { Arena } from '../step/arena.js';
import { addressOf, type ThreadProgram } from './program.js';
import { History } from './history.js';
import { type Progress, replayReads, runStep, type StepRecord } from './run-step.js';
import { State } from './state.js';
import type { TransitionSystem } from './system.js';

/** Words of state for each thread. */
const OPERATION = 0;
/** Number of what the operation has learnt; 0 for nothing. Two numbers may mean equal histories. */
const HISTORY = 1;
const RESUMPTIONS = 2;
/** Hash of that, in two words. */
const LOW = 3;
const HIGH = 4;
const THREAD_WORDS = 5;

/**
 * Threads of kernel code, each rebuilt for every step by feeding a new generator what the old one had read: the
 * definition of what `KernelThreads` does by looking up. Slow, and there to be compared with.
 */
export class RebuiltThreads implements TransitionSystem {
  readonly state: State;
  readonly threads: readonly string[];
  readonly #programs: readonly ThreadProgram[];
  readonly #at: number;
  readonly #histories: History[] = [];
  #failed = '';

  constructor(arena: Arena, programs: readonly ThreadProgram[]) {
    this.threads = programs.map((program) => program.name);
    this.#programs = programs;
    this.#at = addressOf(arena.words('explore.thread', programs.length * THREAD_WORDS), 0);
    const isHistory = (address: number) =>
      address >= this.#at && (address - this.#at) % THREAD_WORDS === HISTORY;
    this.state = new State(arena.all(), (address) => !isHistory(address));
  }

  done(thread: number): boolean {
    return this.#get(thread, OPERATION) === this.#programs[thread]!.operations.length;
  }

  failure(): string {
    return this.#failed;
  }

  step(thread: number, branch: number): number {
    if (this.done(thread)) return 0;
    const program = this.#programs[thread]!;
    program.enter?.();
    const steps = program.operations[this.#get(thread, OPERATION)]!();
    const progress = this.#progress(thread);
    replayReads(steps, progress);
    const step = runStep(steps, progress, this.state.words, branch);
    if (step.outcome === 'blocked') return 0;
    if (step.outcome === 'failed') {
      this.#failed = `${program.name}: ${step.why}`;
      return -1;
    }
    for (let i = 0; i < step.writes.length; i += 2) this.state.set(step.writes[i]!, step.writes[i + 1]!);
    this.#advance(thread, step);
    return Math.max(step.choices, 1);
  }

  #advance(thread: number, step: StepRecord): void {
    if (step.outcome === 'done') {
      this.#set(thread, OPERATION, this.#get(thread, OPERATION) + 1);
      for (const word of [HISTORY, RESUMPTIONS, LOW, HIGH]) this.#set(thread, word, 0);
      return;
    }
    this.#set(thread, HISTORY, this.#histories.push(step.history));
    this.#set(thread, RESUMPTIONS, step.resumptions);
    this.#set(thread, LOW, step.history.meaning.low | 0);
    this.#set(thread, HIGH, step.history.meaning.high | 0);
  }

  #progress(thread: number): Progress {
    const number = this.#get(thread, HISTORY);
    const history = number === 0 ? History.start(this.#get(thread, OPERATION)) : this.#histories[number - 1]!;
    return { history, resumptions: this.#get(thread, RESUMPTIONS) };
  }

  #get(thread: number, word: number): number {
    return this.state.words[this.#at + thread * THREAD_WORDS + word]!;
  }

  #set(thread: number, word: number, value: number): void {
    this.state.set(this.#at + thread * THREAD_WORDS + word, value);
  }
}
