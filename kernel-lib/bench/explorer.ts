import { type DelayedRmapOptions, delayedRmap } from '#stepped/scenario/delayed-rmap.js';
import { KernelThreads } from '../explore/kernel-threads.js';
import { RebuiltThreads } from '../explore/rebuilt-threads.js';
import { type SearchOptions, search } from '../explore/search.js';
import type { TransitionSystem } from '../explore/system.js';
import { timed } from './measure.js';
import { type AgainstSpin, againstSpin } from './spin.js';

/** One search of kernel code. */
export interface SearchRow {
  readonly what: string;
  readonly states: number;
  readonly transitions: number;
  readonly violations: number;
  /** False where it was ended after so many states, or with the first violation. */
  readonly complete: boolean;
  /** CPU time, learning what each step of kernel code does included. */
  readonly seconds: number;
  /** Distinct states added in a second of CPU time. */
  readonly statesPerSecond: number;
}

/** What the explorer costs here. */
export interface ExplorerFigures {
  /** Searches of the race `delayed-rmap` in kernel code. */
  readonly searches: readonly SearchRow[];
  /** The coarse model of the same race. */
  readonly coarse: AgainstSpin;
}

/**
 * Measures the explorer in about half a minute.
 *
 * @param rounds whole runs of the coarse model, of which the shortest counts
 * @param progress is told what is measured next
 */
export function explorerFigures(
  rounds: number,
  progress: (doing: string) => void = () => {},
): ExplorerFigures {
  const searches = wanted.map(({ what, race, how, system }) => {
    progress(what);
    return measured(what, race, how, system);
  });
  progress(`coarse model and SPIN, ${rounds} runs of each`);
  return { searches, coarse: againstSpin(rounds) };
}

/** What `npm run bench` prints of them. */
export function explorerText({ searches, coarse }: ExplorerFigures): string {
  const { seconds, spinSeconds } = coarse;
  const own = `  this explorer ${seconds.toFixed(3)} s cpu`;
  const spin =
    spinSeconds === null
      ? '  spin or gcc is not installed: nothing to compare with'
      : `  SPIN          ${spinSeconds.toFixed(3)} s cpu: this explorer takes ${(seconds / spinSeconds).toFixed(2)}x`;
  return [
    'Searches of the delayed-rmap race in kernel code:',
    ...searches.map(rowText),
    '\nThe coarse model, 1,001,036 states, whole processes, the shortest run:',
    own,
    spin,
  ].join('\n');
}

function rowText({
  what,
  states,
  transitions,
  violations,
  complete,
  seconds,
  statesPerSecond,
}: SearchRow): string {
  const counts = `${states} states, ${transitions} transitions, ${violations} violations`;
  const time = `${(1000 * seconds).toFixed(0)} ms cpu, ${statesPerSecond} states/s`;
  return `  ${what}: ${counts}, ${complete ? 'complete' : 'not complete'}, ${time}`;
}

type System = (race: ReturnType<typeof delayedRmap>) => TransitionSystem;

const looked: System = ({ machine, threads }) => new KernelThreads(machine.arena, threads);
const rebuilt: System = ({ machine, threads }) => new RebuiltThreads(machine.arena, threads);

interface Wanted {
  readonly what: string;
  readonly race: DelayedRmapOptions;
  readonly how: SearchOptions;
  readonly system: System;
}

const small: DelayedRmapOptions = { pages: 2, stores: 2, patched: true };
const large: DelayedRmapOptions = { ...small, pages: 4, stores: 4 };
const everything: SearchOptions = { reduction: false };
/** Enough for a rate; whole searches of these sizes are tests, behind FAULTBOOK_SLOW. */
const million: SearchOptions = { ...everything, maxStates: 1_000_000 };

/** The first lost store comes first, while the code is as cold as for somebody who begins with it. */
const wanted: readonly Wanted[] = [
  {
    what: 'first lost store before the patch',
    race: { ...small, patched: false },
    how: {},
    system: looked,
  },
  { what: 'munmap, 2 pages, 2 stores', race: small, how: everything, system: looked },
  { what: 'the same, reduced', race: small, how: {}, system: looked },
  { what: 'munmap, 4 pages, 4 stores', race: large, how: million, system: looked },
  { what: 'madvise, 4 pages, 4 stores', race: { ...large, unmap: 'madvise' }, how: million, system: looked },
  {
    what: 'munmap, each step by rebuilding its thread',
    race: small,
    how: { ...everything, maxStates: 20_000 },
    system: rebuilt,
  },
];

function measured(what: string, race: DelayedRmapOptions, how: SearchOptions, system: System): SearchRow {
  const { seconds, result } = timed(() => {
    const set = delayedRmap(race);
    return search(system(set), { ...how, atEnd: set.lostDirty });
  });
  const { states, transitions, violations, complete } = result;
  const statesPerSecond = Math.round(states / seconds);
  return { what, states, transitions, violations: violations.length, complete, seconds, statesPerSecond };
}
