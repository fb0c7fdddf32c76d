import { expect, test } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { runScenario } from '../../kernel-lib/scenario/run.js';
import { scenarioByName, scenarios } from '../../kernel-lib/scenario/scenarios.js';

const kernels = [
  ['v6.1', 'x86_64'],
  ['v6.2', 'x86_32_pae'],
  ['v6.3', 'x86_32_pae'],
  ['6.1', 'x86_32'],
  ['6.5', 'x86_32'],
  ['6.12', 'x86_64'],
  ['7.2', 'x86_64'],
  ['v6.3', 'alpha'],
] as const;

const slow = process.env.FAULTBOOK_SLOW !== undefined;
/** The kernel's own tests fill huge pages over and over: on one kernel they are enough for every day. */
const isLong = (name: string): boolean => name.startsWith('cow-thp-');

const cases = scenarios.flatMap(({ name }) =>
  kernels
    .filter(([release]) => slow || release === '7.2' || !isLong(name))
    .map(([release, arch]) => ({ name, release, arch })),
);

test.each(cases)('$name on $release, $arch has the verdict that history gives it', ({ name, ...kernel }) => {
  const { verdict, expected } = runScenario(scenarioByName(name), kernel);
  expect(verdict).toBe(expected);
});

test('names and numbers of scenarios are unique', () => {
  for (const key of ['name', 'number'] as const) {
    expect(new Set(scenarios.map((scenario) => scenario[key])).size).toBe(scenarios.length);
  }
});

test('a scenario that there is not is bad input, which names those that there are', () => {
  expect(() => scenarioByName('nonsense')).toThrow(InputError);
  expect(() => scenarioByName('nonsense')).toThrow(/'nonsense'; there are swp-exclusive-vmsplice/);
});

test('the kernel’s own COW tests are all there: each on base pages and on every kind of huge page', () => {
  const named = (pattern: RegExp) => scenarios.filter(({ name }) => pattern.test(name)).length;
  expect(named(/^cow-thp-(whole|pages|single|moved|partly-shared)-/)).toBe(8 * 14);
  expect(named(/^cow-thp-collapse-/)).toBe(4);
  expect(named(/^cow-hugetlb-/)).toBe(14);
  // On base pages and on swapped ones; and on what is not anonymous: zero page, memfd, tmpfile, hugetlb and a disk.
  expect(named(/^cow-(?!thp-|hugetlb-)/)).toBe(2 * 14 + 3 * 5);
});
