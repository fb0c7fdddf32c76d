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

const cases = scenarios.flatMap(({ name }) => kernels.map(([release, arch]) => ({ name, release, arch })));

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
