import { InputError } from '../base/error.js';
import { letter, parseSchedule } from './schedule.js';
import type { TransitionSystem } from './system.js';

/** One step of a replay. */
export interface ReplayedStep {
  readonly thread: string;
  readonly branch: number;
  /** Address, old and new value of every word that the step changed. */
  readonly changes: readonly { readonly address: number; readonly old: number; readonly value: number }[];
}

/**
 * Runs the schedule that a search or a person wrote down. The system is left where the schedule ends;
 * `system.state.rewind()` takes it back.
 *
 * @throws InputError if the schedule is none, or asks for a step that its thread cannot take there
 */
export function replay(system: TransitionSystem, schedule: string): ReplayedStep[] {
  const { state, threads } = system;
  return parseSchedule(schedule, threads.length).map(({ thread, branch }, n) => {
    const before = state.words.slice();
    state.push();
    const branches = system.step(thread, branch);
    if (branches === 0 || branch >= Math.abs(branches)) {
      const why = branches !== 0 ? `has ${branches} branches` : system.done(thread) ? 'has ended' : 'waits';
      throw new InputError(
        `schedule '${schedule}': at step ${n + 1} thread ${letter(thread)} (${threads[thread]}) ${why}`,
      );
    }
    const changes = [];
    for (let address = 0; address < before.length; address++)
      if (before[address] !== state.words[address])
        changes.push({ address, old: before[address]!, value: state.words[address]! });
    return { thread: threads[thread]!, branch, changes };
  });
}
