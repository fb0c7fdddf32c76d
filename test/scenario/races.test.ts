import { expect, test } from 'vitest';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import { chosenKernel, explore, replay } from '../../kernel-lib/scenario/exploration.js';
import { races } from '../../kernel-lib/scenario/races.js';
import { flip, kernelsOf } from './race-kernels.js';

const kernels = races.flatMap(kernelsOf);

test.each(kernels)(
  '$name with $options: found or absent, as the kernel’s history has it',
  ({ name, options }) => {
    const result = explore(name, options);
    expect(result.complete).toBe(!result.expectedToBreak);
    expect(result.verdict).toBe(result.expectedToBreak ? 'found' : 'absent');
  },
);

test('a race that counts pages and stores has at least two of each', () => {
  for (const { name, bound } of races) {
    for (const n of [bound['pages'], bound['stores'], bound['tries']])
      if (n !== undefined) expect(`${name}: ${n >= 2}`).toBe(`${name}: true`);
  }
});

test.each(races)('$name: none of its sizes is a word alone', (race) => {
  const kernel = chosenKernel(race, {});
  const memory = (bound: Readonly<Record<string, number>>) => {
    const { machine, threads } = race.setUp({ ...kernel, bound });
    const { gatherSizes, entryHalves } = machine;
    const operations = threads.map((thread) => thread.operations.length);
    return JSON.stringify([[...machine.arena.all()], operations, gatherSizes, entryHalves]);
  };
  for (const [size, n] of Object.entries(kernel.bound)) {
    // Sizes of tables are powers of two.
    const other = size === 'entries' ? (n === 2 ? 4 : 2) : n + 1;
    expect(memory({ ...kernel.bound, [size]: other }) === memory(kernel.bound)).toBe(false);
  }
});

test.each(races.filter(({ decidedBy }) => decidedBy.length > 0))(
  '$name: the commit that decides is a switch that flips the verdict',
  (race) => {
    const { arch, release, breaks } = race;
    const options = flip(race);
    const [before, after] = [
      breaks({ arch, patched: resolvePatches(release, arch) }),
      breaks({ arch, patched: resolvePatches(release, arch, options.with, options.without) }),
    ];
    expect(before).toBe(!after);
  },
);

test('what the reduced search finds, the full search finds', () => {
  for (const commits of [[], ['5df397dec7c4']]) {
    const options = { with: commits, all: true, bound: { pages: 1, stores: 2 } };
    const [reduced, full] = [
      explore('delayed-rmap', options),
      explore('delayed-rmap', { ...options, reduction: false }),
    ];
    expect(reduced.verdict).toBe(full.verdict);
    expect(reduced.states).toBeLessThan(full.states);
  }
});

test('a schedule has the fewest context switches, and replays with its functions and what they change', () => {
  const [violation] = explore('delayed-rmap', { bound: { pages: 1, stores: 1 } }).violations;
  const again = replay('delayed-rmap', violation!.schedule, { bound: { pages: 1, stores: 1 } });
  expect(again.ends).toBe('no lost dirty data: page 0 lost a store');
  expect(again.contextSwitches).toBe(3);
  expect(again.steps).toEqual(violation!.steps);
  const line = (change: string) => again.steps.findIndex(({ changes }) => changes.includes(change));
  expect(again.steps[line('page A is mapped: once => never')]).toMatchObject({
    thread: 'unmap',
    function: 'page_remove_rmap in zap_pte_range',
    file: 'mm/memory.c',
  });
  const order = [
    'PTE 0: page A, writable, dirty => nothing',
    'page A is mapped: once => never',
    'page A is no longer dirty',
    'disk 0 holds: 0x0 => 0x1',
    'page A holds: 0x1 => 0x2',
    'TLB of user for 0: page A, writable, dirty => nothing',
  ].map(line);
  expect(order).toEqual([...order].sort((a, b) => a - b));
  expect(order[0]).toBeGreaterThan(0);
});

test('a search that gives up says that it is incomplete, and never that the promise holds', () => {
  const options = { with: ['5df397dec7c4'] };
  expect(explore('delayed-rmap', { ...options, maxStates: 100 }).verdict).toBe('incomplete');
  const told: number[] = [];
  const stopped = explore('delayed-rmap', {
    ...options,
    seconds: 1e-9,
    onProgress: ({ states }) => told.push(states),
  });
  expect(stopped.verdict).toBe('incomplete');
  expect(stopped.meaning).toMatch(/^incomplete: nothing broke/);
  expect(told).toHaveLength(1);
});

test('bad input is told in one line', () => {
  expect(() => explore('no-race')).toThrow(/no race 'no-race'; there are delayed-rmap/);
  expect(() => explore('delayed-rmap', { bound: { cats: 1 } })).toThrow(
    "no bound 'cats'; it has pages, stores",
  );
  expect(() => explore('delayed-rmap', { bound: { pages: 0.5 } })).toThrow('bound pages is 0.5');
  expect(() => explore('delayed-rmap', { bound: { pages: 0 } })).toThrow('bound pages is 0');
  expect(() => explore('delayed-rmap', { bound: { stores: 1025 } })).toThrow('bound stores is 1025');
  expect(() => replay('delayed-rmap', 'a1', { bound: { pages: 1000 } })).toThrow(
    /delayed-rmap cannot be set up with pages 1000, stores 2: the slab's \d+ words are used up/,
  );
  expect(() => replay('delayed-rmap', 'a9999')).toThrow('thread a (unmap) has ended');
  expect(() => replay('delayed-rmap', 'z')).toThrow('none of the threads a-c');
});
