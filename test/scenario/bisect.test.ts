import { expect, test } from 'vitest';
import { bisect, flipsBetween } from '../../kernel-lib/scenario/bisect.js';
import { scenarioByName } from '../../kernel-lib/scenario/scenarios.js';

test('bisection finds every place where an outcome changes for good', () => {
  const outcomes = ['a', 'a', 'b', 'b', 'b', 'c', 'c'];
  expect(bisect(outcomes.length - 1, (place) => outcomes[place]!)).toEqual([2, 5]);
});

test('bisection looks at no place between two that agree', () => {
  const asked = new Set<number>();
  bisect(1000, (place) => {
    asked.add(place);
    return place < 700 ? 'before' : 'after';
  });
  expect(asked.size).toBeLessThan(14);
});

test.each([
  ['X01', 'x86_32_pae', '6.1', '6.5', '93c0eac40d4e'],
  ['X01', 'alpha', 'v6.3', '7.2', '403d1338a4a5'],
  ['S01', 'x86_64', 'v6.1', 'v6.2-rc1', '84209e87c696'],
  ['S10', 'x86_64', 'v6.1', 'v6.2', 'cdc5021cda19'],
  ['S11', 'x86_64', 'v6.1', 'v6.2', '79881fed6052'],
  ['S15', 'x86_64', 'v6.1', 'v6.2', '6cce3314b928'],
  ['S11b', 'x86_64', 'v6.1', 'v6.2', 'cb8d86331343'],
])('the patch that turns %s on %s from %s to %s is %s', (name, arch, from, to, id) => {
  const flips = flipsBetween(scenarioByName(name), { release: from, arch }, { release: to, arch });
  expect(flips.filter(({ changes }) => changes === 'verdict')).toMatchObject([{ id, added: true }]);
});

test('the way back takes the same patch away', () => {
  const arch = 'x86_32_pae';
  const flips = flipsBetween(scenarioByName('X01'), { release: '6.5', arch }, { release: '6.1', arch });
  expect(flips.filter(({ changes }) => changes === 'verdict')).toMatchObject([
    { id: '93c0eac40d4e', added: false },
  ]);
});
