import { type DelayedRmapOptions, delayedRmap } from '#stepped/scenario/delayed-rmap.js';
import { KernelThreads } from '../explore/kernel-threads.js';
import { RebuiltThreads } from '../explore/rebuilt-threads.js';
import { type SearchOptions, search } from '../explore/search.js';
import type { TransitionSystem } from '../explore/system.js';
import { timed } from './measure.js';

/** One search of kernel code. */
export interface SearchRow {
  readonly what: string;
  readonly states: number;
  readonly transitions: number;
  readonly violations: number;
  readonly complete: boolean;
  readonly seconds: number;
  /** Distinct states added in a second of CPU time. */
  readonly statesPerSecond: number;
}

/** Searches of the delayed-rmap race, by looking steps up, with and without reduction, and by the definition. */
export function searches(): SearchRow[] {
  const small: DelayedRmapOptions = { pages: 2, stores: 2, patched: true };
  const large: DelayedRmapOptions = { ...small, unmap: 'madvise' };
  return [
    row('munmap, 2 pages, 4 stores', { ...small, stores: 4 }, { reduction: false }),
    row('madvise, 2 pages, 2 stores', large, { reduction: false }),
    row('the same, reduced', large, {}),
    row('munmap, 2 pages, 2 stores', small, { reduction: false }),
    row('the same, each step by rebuilding its thread', small, { reduction: false }, rebuilt),
    row('the same, to the first lost store before the patch', { ...small, patched: false }, {}),
  ];
}

type System = (race: ReturnType<typeof delayedRmap>) => TransitionSystem;

const looked: System = ({ machine, threads }) => new KernelThreads(machine.arena, threads);
const rebuilt: System = ({ machine, threads }) => new RebuiltThreads(machine.arena, threads);

function row(what: string, race: DelayedRmapOptions, how: SearchOptions, system = looked): SearchRow {
  const { seconds, result } = timed(() => {
    const set = delayedRmap(race);
    return search(system(set), { ...how, atEnd: set.lostDirty });
  });
  const { states, transitions, violations, complete } = result;
  const statesPerSecond = Math.round(states / seconds);
  return { what, states, transitions, violations: violations.length, complete, seconds, statesPerSecond };
}
