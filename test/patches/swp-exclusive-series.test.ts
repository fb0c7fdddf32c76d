import { expect, test } from 'vitest';
import { arches } from '../../kernel-lib/arch/variants.js';
import { swpExclusiveSeries } from '../../kernel-lib/patches/swp-exclusive-series.js';

test('the series is 26 patches, numbered in their order, each with a commit of its own', () => {
  expect(swpExclusiveSeries.map(({ n }) => n)).toEqual(Array.from({ length: 26 }, (_, i) => i + 1));
  expect(new Set(swpExclusiveSeries.map(({ commit }) => commit)).size).toBe(26);
});

test('the series gives the marker to every variant that had none', () => {
  const inSeries = new Set(swpExclusiveSeries.flatMap((patch) => patch.arches));
  const without = arches.filter(({ states }) => states.before.swap.exclusive === undefined);
  // These share their layout with the variant they are named after: another CPU, or rewritten operations.
  const relatives = /^(loongarch64_16k|sparc64)_/;
  const own = without.map(({ id }) => id).filter((id) => !relatives.test(id));
  expect(own.sort()).toEqual([...inSeries].sort());
});

test('the record of each architecture names the patch that changed its layout', () => {
  for (const { arches: ids, commit } of swpExclusiveSeries) {
    for (const id of ids) {
      const commits = Object.values(arches.find((arch) => arch.id === id)!.states).map(
        (state) => state.commit,
      );
      expect(commits, id).toContain(commit);
    }
  }
});
