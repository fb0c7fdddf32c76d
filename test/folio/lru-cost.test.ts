import { expect, test } from 'vitest';
import { type CostlyList, lruNoteCost } from '../../kernel-lib/folio/lru-cost.js';
import { boot } from '../../kernel-lib/sys/boot.js';

type Note = readonly [list: CostlyList, nrIo: number, nrRotated: number];

/** Costs of the processes' memory cgroup, which has `nrPages` inactive anonymous pages. */
function costs(release: string, nrPages: number, notes: readonly Note[]) {
  const { machine } = boot({ release });
  machine.globals.statInactiveAnon = nrPages;
  for (const note of notes) lruNoteCost(machine, ...note);
  return { anon: machine.globals.anonCost, file: machine.globals.fileCost };
}

test('a page that reclaim wrote counts alone until v6.1, and then as much as 32 that it looked at in vain', () => {
  expect(costs('v6.1', 4000, [['anon', 3, 5]])).toEqual({ anon: 3, file: 0 });
  expect(costs('v6.2', 4000, [['anon', 3, 5]])).toEqual({ anon: 3 * 32 + 5, file: 0 });
});

test('the costs of both lists halve once they exceed a quarter of all pages', () => {
  const file: Note = ['file', 4, 0];
  expect(costs('v6.1', 40, [file, ['anon', 6, 0]])).toEqual({ anon: 6, file: 4 });
  expect(costs('v6.1', 40, [file, ['anon', 7, 0]])).toEqual({ anon: 3, file: 2 });
});
