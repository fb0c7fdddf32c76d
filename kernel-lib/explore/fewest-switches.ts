import { ending } from './ending.js';
import { type Decision, formatSchedule } from './schedule.js';
import type { TransitionSystem } from './system.js';
import { VisitedSet } from './visited.js';

/** What a schedule is to end in. */
export interface Goal {
  /** As the search said it. */
  readonly what: string;
  /** Says what is wrong with a state in which every thread is done, or null. */
  readonly atEnd: () => string | null;
  /** Visits after which the first schedule that was known has to do. Default 2 million. */
  readonly maxVisits?: number;
}

const MAX_VISITS = 2_000_000;

/**
 * Finds a schedule to a violation with the fewest context switches, by trying 0, 1, 2 … of them. Ends in the first
 * state. For people: a schedule that a depth-first search met first switches without need.
 *
 * @returns null if so many visits were not enough
 */
export function fewestSwitches(system: TransitionSystem, goal: Goal): string | null {
  const tries = new Tries(system, goal);
  for (let switches = 0; !tries.exhausted; switches++) {
    const found = tries.within(switches);
    system.state.rewind();
    if (found !== null) return formatSchedule(found);
  }
  return null;
}

class Tries {
  readonly #system: TransitionSystem;
  readonly #goal: Goal;
  readonly #path: Decision[] = [];
  #visits = 0;
  #visited = new VisitedSet();

  constructor(system: TransitionSystem, goal: Goal) {
    this.#system = system;
    this.#goal = goal;
  }

  get exhausted(): boolean {
    return this.#visits > (this.#goal.maxVisits ?? MAX_VISITS);
  }

  /** Follows every schedule of so many switches; the first that reaches the goal. */
  within(switches: number): readonly Decision[] | null {
    this.#visited = new VisitedSet();
    this.#path.length = 0;
    const { threads } = this.#system;
    return threads.some((_, thread) => this.#follow(thread, switches)) ? this.#path : null;
  }

  /** Whether the goal is reached from here when this thread runs and so many switches are left. */
  #follow(thread: number, left: number): boolean {
    const { state, threads } = this.#system;
    this.#visits++;
    if (this.exhausted || !this.#isNew(thread, left)) return false;
    const stepped = this.#stepOn(thread, left);
    if (stepped === 'goal') return true;
    if (stepped === 'cannot' && ending(this.#system, this.#goal.atEnd) === this.#goal.what) return true;
    // With a switch more than it takes nothing is found that a smaller number would not have found before.
    if (left === 0) return false;
    for (let other = 0; other < threads.length; other++) {
      if (other === thread) continue;
      const depth = this.#path.length;
      state.push();
      const found = this.#follow(other, left - 1);
      if (found) return true;
      state.pop();
      this.#path.length = depth;
    }
    return false;
  }

  #stepOn(thread: number, left: number): 'goal' | 'cannot' | 'stepped' {
    const system = this.#system;
    const { state } = system;
    for (let branch = 0, branches = 1; branch < branches; branch++) {
      state.push();
      branches = system.step(thread, branch);
      if (branches === 0) {
        state.pop();
        return 'cannot';
      }
      this.#path.push({ thread, branch });
      const reached = branches < 0 ? system.failure?.() === this.#goal.what : this.#follow(thread, left);
      if (reached) return 'goal';
      this.#path.pop();
      state.pop();
      if (branches < 0) return 'stepped';
    }
    return 'stepped';
  }

  #isNew(thread: number, left: number): boolean {
    const { low, high } = this.#system.state;
    const mixed = Math.imul(left * 32 + thread + 1, 0x9e37_79b1);
    return this.#visited.add(low ^ mixed, (high + mixed) | 0);
  }
}
