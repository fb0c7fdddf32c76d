import { expect, test } from 'vitest';
import { raceByName, races } from '../../kernel-lib/scenario/races.js';
import { scenarioByName, scenarios } from '../../kernel-lib/scenario/scenarios.js';

const named = [...scenarios, ...races].flatMap(({ number }) => number ?? []);

/** `X01` to `X17`. */
const upTo = (letter: string, last: number): string[] =>
  Array.from({ length: last }, (_, i) => `${letter}${String(i + 1).padStart(2, '0')}`);

// S21, GUP that would never end, is no scenario but a kernel that boot refuses: test/gup/liveness.test.ts. X18, X01 on
// every architecture, is test/scenario/architectures.test.ts.
test.each([
  ['unsharing', upTo('S', 20)],
  ['swap PTEs', upTo('X', 17)],
  ['markers', upTo('M', 62)],
])('the catalogue has every number of its list of %s', (_, numbers) => {
  const missing = numbers.filter((number) => !named.some((it) => it.replace(/[a-z]+$/, '') === number));
  expect(missing).toEqual([]);
});

test('no number is given twice, and each leads to what bears it', () => {
  expect(named.filter((number, i) => named.indexOf(number) !== i)).toEqual([]);
  for (const { number, name } of races) if (number !== undefined) expect(raceByName(number).name).toBe(name);
  for (const { number, name } of scenarios) expect(scenarioByName(number).name).toBe(name);
});
