import { expect, test } from 'vitest';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { LRU_INACTIVE_ANON, LRU_INACTIVE_FILE } from '../../kernel-lib/folio/lru-list.js';
import { DEF_PRIORITY, type Scan, getScanCount } from '../../kernel-lib/reclaim/scan.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';

/** A scan before anything was scanned, in the middle of its priorities. */
const first: Scan = {
  ...{ priority: 3, mayDeactivateAnon: false, mayDeactivateFile: false, forceDeactivate: false },
  ...{ skippedDeactivate: false, nrReclaimed: 0, anonCost: 0, fileCost: 0, cacheTrimMode: false },
};

/** How many of six inactive anonymous pages reclaim looks at, with priority 12, 11, ... 0. */
function scanned(swappiness: number | undefined): number[] {
  const linux = boot({ swap: '1MiB', ...(swappiness !== undefined && { swappiness }) });
  const victim = linux.spawn('victim');
  const start = victim.mmap(6, { prot: 'rw', flags: 'private anon' });
  for (let i = 0; i < 6; i++) victim.write(start + i * linux.machine.pageSize, 1);
  run(lruAddDrain(linux.machine));
  const counts: number[] = [];
  for (let priority = DEF_PRIORITY; priority >= 0; priority--) {
    counts.push(getScanCount(linux.machine, { ...first, priority })[LRU_INACTIVE_ANON]!);
  }
  return counts;
}

test('the smaller the priority, the more of a list reclaim looks at; at 0 it is the whole', () => {
  expect(scanned(undefined)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6]);
});

test('swappiness is the share of anonymous pages: 67 of 200 make one of three', () => {
  expect(scanned(66).at(-2)).toBe(0);
  expect(scanned(67).at(-2)).toBe(1);
  expect(scanned(100).at(-2)).toBe(1);
  expect(scanned(200).slice(-3)).toEqual([1, 3, 6]);
});

test('with swappiness 0 a memory cgroup swaps nothing', () => {
  expect(scanned(0)).toEqual(Array.from({ length: DEF_PRIORITY + 1 }, () => 0));
});

/** How many of 800 inactive anonymous pages and of 800 of files a scan looks at. */
function shares(sc: Partial<Scan>): readonly [anon: number, file: number] {
  const { machine } = boot({ swap: '1MiB' });
  machine.globals.lruSizes = 800;
  machine.globals.lruSizes2 = 800;
  const counts = getScanCount(machine, { ...first, ...sc });
  return [counts[LRU_INACTIVE_ANON]!, counts[LRU_INACTIVE_FILE]!];
}

test('the list whose pages come back sooner is looked at less, but never at less than a third of its share', () => {
  expect(shares({})).toEqual([30, 70]);
  expect(shares({ anonCost: 1000 })).toEqual([17, 82]);
  expect(shares({ fileCost: 1000 })).toEqual([46, 53]);
});

test('with enough inactive pages of files no anonymous page is looked at, but at the last priority all are', () => {
  expect(shares({ cacheTrimMode: true })).toEqual([0, 100]);
  expect(shares({ cacheTrimMode: true, priority: 0 })).toEqual([800, 800]);
});
