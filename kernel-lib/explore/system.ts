import type { State } from './state.js';

/** A state's name: two states with the same are one. */
export interface Identity {
  readonly low: number;
  readonly high: number;
}

/**
 * What the explorer explores: some threads over one state. Kernel code is one (`KernelThreads`); a model written by
 * hand as guarded steps is another.
 */
export interface TransitionSystem {
  readonly state: State;
  readonly threads: readonly string[];
  /**
   * Takes one atomic step of a thread, through `state.set`.
   *
   * @param branch which of the step's outcomes, 0 … n-1, where hardware or a user may do one thing or another
   * @returns how many branches the step has here; 0 if the thread is done or waits: nothing was written then;
   *   -1 if the step broke the machine, which stops for good (`failure` says how)
   */
  step(thread: number, branch: number): number;
  /** Why the last `step` returned -1. */
  failure?(): string;
  /** Whether a thread that cannot step has reached its end; otherwise it waits. */
  done(thread: number): boolean;
  /**
   * Threads, as a bit mask, whose next steps are enough to follow from here: whatever the others will ever do is
   * independent of them. Never empty while some thread can step.
   */
  persistentSet?(): number;
  /** Whether steps were seen since the last call that `persistentSet` had not reckoned with. */
  surprised?(): boolean;
  /** The state's name in every process, where `state` itself holds numbers that another process gives otherwise. */
  identity?(): Identity;
}

export function identityOf(system: TransitionSystem): Identity {
  return system.identity?.() ?? system.state;
}
