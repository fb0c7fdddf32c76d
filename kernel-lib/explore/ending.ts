import type { TransitionSystem } from './system.js';

/** How a search says that threads wait for one another. */
export function deadlock(waiting: readonly string[]): string {
  return `deadlock: ${waiting.join(', ')} would wait for ever`;
}

/**
 * What is wrong in the state that a system is in, if nothing can follow.
 *
 * @param atEnd says what is wrong with a state in which every thread is done, or null
 * @returns null also where some thread can go on
 */
export function ending(system: TransitionSystem, atEnd: () => string | null): string | null {
  const { threads } = system;
  const waiting = threads.filter((_, thread) => !system.done(thread));
  if (waiting.length === 0) return atEnd();
  return threads.some((_, thread) => canStep(system, thread)) ? null : deadlock(waiting);
}

function canStep(system: TransitionSystem, thread: number): boolean {
  system.state.push();
  const branches = system.step(thread, 0);
  system.state.pop();
  return branches !== 0;
}
