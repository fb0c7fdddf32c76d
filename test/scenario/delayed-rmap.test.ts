import { expect, test } from 'vitest';
import { type DelayedRmapOptions, delayedRmap } from '#stepped/scenario/delayed-rmap.js';
import { KernelThreads } from '../../kernel-lib/explore/kernel-threads.js';
import { RebuiltThreads } from '../../kernel-lib/explore/rebuilt-threads.js';
import { replay } from '../../kernel-lib/explore/replay.js';
import { type SearchOptions, type SearchResult, search } from '../../kernel-lib/explore/search.js';
import { VisitedSet } from '../../kernel-lib/explore/visited.js';

/** Every final state by its hash, and what is wrong with it. */
interface Explored {
  readonly ends: ReadonlyMap<string, string | null>;
  readonly result: SearchResult;
}

function explored(options: DelayedRmapOptions, how: SearchOptions): Explored {
  const { machine, threads, lostDirty } = delayedRmap(options);
  const system = new KernelThreads(machine.arena, threads);
  const seen = new VisitedSet();
  const ends = new Map<string, string | null>();
  const result = search(system, {
    ...how,
    maxViolations: Infinity,
    onEnd: () => {
      const { low, high } = system.state;
      if (seen.add(low, high)) ends.set(`${low} ${high}`, lostDirty());
    },
    atEnd: () => null,
  });
  return { ends, result };
}

/** Final states in one order. */
function sorted({ ends }: Explored): [string, string | null][] {
  return [...ends].sort();
}

const losses = ({ ends }: Explored) => [...ends.values()].filter((what) => what !== null);

const combinations = [1, 2].flatMap((pages) =>
  [1, 2].flatMap((stores) => [false, true].map((patched) => ({ pages, stores, patched }))),
);

/** The largest has some ten million executions, which is minutes. */
const enumerable = combinations.filter(
  ({ pages, stores }) => pages * stores < 4 || process.env.FAULTBOOK_SLOW !== undefined,
);

test.each(enumerable)(
  'the plain enumeration of all interleavings ends where the search ends: $pages pages, $stores stores, patched $patched',
  (options) => {
    const race: DelayedRmapOptions = { ...options, targets: 'inTurn', writes: 'page' };
    const all = explored(race, { visited: false, reduction: false });
    const full = explored(race, { reduction: false });
    const reduced = explored(race, {});
    expect(all.result.executions).toBeGreaterThan(70_000);
    expect(sorted(full)).toEqual(sorted(all));
    expect(sorted(reduced)).toEqual(sorted(all));
    expect(losses(all).length > 0).toBe(!options.patched);
  },
  // Up to ten million executions.
  300_000,
);

test.each(combinations)(
  'a store is lost before the patch and none after it, reduced or not: $pages pages, $stores stores, patched $patched',
  (options) => {
    const full = explored(options, { reduction: false });
    const reduced = explored(options, {});
    expect(full.result.complete && reduced.result.complete).toBe(true);
    expect(sorted(reduced)).toEqual(sorted(full));
    expect(reduced.result.states).toBeLessThan(full.result.states);
    expect(losses(full).length > 0).toBe(!options.patched);
  },
);

test('where the mapping stays and a store faults the page in again, the patch is needed and enough, too', () => {
  for (const patched of [false, true]) {
    const race: DelayedRmapOptions = { pages: 1, stores: 1, patched, unmap: 'madvise', writes: 'page' };
    const full = explored(race, { reduction: false });
    expect(sorted(explored(race, {}))).toEqual(sorted(full));
    expect(losses(full).length > 0).toBe(!patched);
  }
});

test('with a second mapping nothing is lost even before the patch: the folio still counts as mapped', () => {
  const race: DelayedRmapOptions = { pages: 1, stores: 2, patched: false, mappings: 2 };
  expect(losses(explored(race, { reduction: false }))).toEqual([]);
});

test('looking steps up gives the states and transitions of rebuilding every thread from what it has read', () => {
  const race: DelayedRmapOptions = { pages: 1, stores: 2, patched: false };
  const looked = explored(race, { reduction: false });
  const { machine, threads, lostDirty } = delayedRmap(race);
  const defined = search(new RebuiltThreads(machine.arena, threads), {
    maxViolations: Infinity,
    atEnd: lostDirty,
  });
  const { states, transitions, executions, depth } = defined;
  expect(looked.result).toMatchObject({ states, transitions, executions, depth });
  expect(defined.violations).toHaveLength(losses(looked).length);
});

test('the schedule of a lost store replays on a new machine: the TLB is flushed after the page is clean', () => {
  const build = () => {
    const { machine, threads, lostDirty } = delayedRmap({ pages: 1, stores: 1, patched: false });
    return { machine, lostDirty, system: new KernelThreads(machine.arena, threads) };
  };
  const found = build();
  const { violations } = search(found.system, { atEnd: found.lostDirty });
  expect(violations[0]?.what).toBe('page 0 lost a store');

  const again = build();
  const steps = replay(again.system, violations[0]!.schedule);
  expect(again.lostDirty()).toBe('page 0 lost a store');
  const cpuOf = (step: { thread: string }) => step.thread;
  // The user stores between the write to disk and the flush of its own TLB.
  const stored = steps.map(cpuOf).lastIndexOf('user');
  expect(steps.slice(0, stored).map(cpuOf)).toContain('writeback');
  expect(steps.slice(stored + 1).map(cpuOf)).toContain('unmap');
});
