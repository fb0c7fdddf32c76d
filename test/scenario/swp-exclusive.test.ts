import { expect, test } from 'vitest';
import { runScenario } from '../../kernel-lib/scenario/run.js';
import { scenarioByName } from '../../kernel-lib/scenario/scenarios.js';

const vmsplice = scenarioByName('swp-exclusive-vmsplice');
const PASS = 'PASS: page was not replaced during COW';
const FAIL = 'FAIL: page was replaced during COW';

test.each([
  ['x86_32', '6.1', FAIL],
  ['x86_32_pae', '6.1', FAIL],
  ['x86_32', '6.5', PASS],
  ['x86_32_pae', '6.5', PASS],
  ['x86_64', '6.1', PASS],
  ['alpha', 'v6.1', FAIL],
  ['alpha', 'v6.3', FAIL],
  ['alpha', '7.2', PASS],
])('the vmsplice test on %s, %s says %s', (arch, release, verdict) => {
  expect(runScenario(vmsplice, { arch, release }).verdict).toBe(verdict);
});

test('the one commit of the series that concerns an architecture turns its verdict', () => {
  const arch = 'x86_32_pae';
  expect(runScenario(vmsplice, { arch, release: 'v6.1', with: ['93c0eac40d4e'] }).verdict).toBe(PASS);
  expect(runScenario(vmsplice, { arch, release: 'v6.3', without: ['93c0eac40d4e'] }).verdict).toBe(FAIL);
  expect(runScenario(vmsplice, { arch: 'alpha', release: 'v6.3', with: ['403d1338a4a5'] }).verdict).toBe(
    PASS,
  );
  expect(() => runScenario(vmsplice, { arch, release: 'v6.1', with: ['a172d5128706'] })).toThrow(
    'a172d5128706 does not concern x86_32_pae; it is for alpha',
  );
});
