import { describe, expect, test } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { catalogue, patches, swpExclusivePatches } from '../../kernel-lib/patches/catalogue.js';
import { idsOf, sidesOf } from '../../kernel-lib/patches/path.js';
import { patchById, patchesOf } from '../../kernel-lib/patches/releases.js';
import { thpSplitOrders } from '../../kernel-lib/patches/thp-split-order.js';
import { effectOf, effectRecord } from '../../kernel-lib/scenario/effect-of.js';
import { effects } from '../../kernel-lib/scenario/effects.js';
import { raceByName } from '../../kernel-lib/scenario/races.js';

const names = Object.keys(catalogue) as (keyof typeof catalogue)[];
const shown = names.filter((name) => 'scenario' in effects[name]);
const raced = names.flatMap((name) => {
  const effect = effects[name];
  return 'race' in effect ? [{ name, race: effect.race }] : [];
});

describe('what a patch changes is seen', () => {
  test.each(shown)('%s changes the verdict or the steps of its scenario', (name) => {
    const { before, after, firstDifference } = effectOf(catalogue[name].id);
    expect([before.verdict, firstDifference]).not.toEqual([after.verdict, -1]);
  });

  const families = swpExclusivePatches.flatMap(({ id, arches = [] }) => arches.map((arch) => ({ id, arch })));
  test.each(families)('$id changes what swap-in knows of a page on $arch', ({ id, arch }) => {
    const { before, after, firstDifference } = effectOf(id, arch);
    expect([before.verdict, firstDifference]).not.toEqual([after.verdict, -1]);
  });

  test.each(raced)('$name decides the race $race', ({ name, race }) => {
    expect(raceByName(race).decidedBy).toContain(catalogue[name].id);
  });

  test('only of a few patches nothing is seen, each for a reason', () => {
    const without = names.filter((name) => 'none' in effects[name]);
    expect(without.sort()).toEqual(['delayedRmapHidden', 'wpSharedFirst']);
  });

  test('every state of the huge page split differs from the one before', () => {
    const states = thpSplitOrders.flatMap((order) => ('patch' in order ? [order.patch] : []));
    expect(states.filter((name) => !shown.includes(name))).toEqual([]);
  });
});

test('the two sides of a patch differ by it alone, and hold what it requires', () => {
  const { before, after } = sidesOf('84209e87c696', { release: 'v6.1', arch: 'x86_64' });
  const [has, hasThen] = [idsOf(before), idsOf(after)];
  expect([...hasThen].filter((id) => !has.has(id))).toEqual(['84209e87c696']);
  expect([...has]).toEqual(expect.arrayContaining(['8d6a0ac09a16', 'cdc5021cda19']));
});

test('what requires a patch is on neither side of it', () => {
  const { before, after } = sidesOf('8d6a0ac09a16', { release: '6.12', arch: 'x86_64' });
  expect(patchesOf('6.12', 'x86_64')).toContain('84209e87c696');
  for (const side of [before, after]) expect(idsOf(side)).not.toContain('84209e87c696');
});

test('each patch has an id of its own, of which seven digits are enough', () => {
  expect(new Set(patches.map(([, { id }]) => id.slice(0, 7))).size).toBe(patches.length);
  expect(patchById('8d6a0ac').id).toBe('8d6a0ac09a16');
});

test('a patch without a scenario says why, one of a race names it', () => {
  expect(() => effectOf('b9086fde6d44')).toThrow(InputError);
  expect(() => effectOf('b9086fde6d44')).toThrow(/no scenario shows b9086fde6d44: a rework/);
  expect(() => effectOf('5df397dec7c4')).toThrow(/faultbook explore delayed-rmap/);
  expect(effectRecord('8d6a0ac09a16')).toEqual({ scenario: 'unshare-zeropage' });
});
