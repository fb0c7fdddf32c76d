import { expect, test } from 'vitest';
import { faultbook } from './faultbook.js';

const matrix = (...args: string[]) => faultbook(['matrix', 'dirty', ...args], '.');

test('rows come in the order in which they were asked for, whichever worker is done first', async () => {
  const arches = ['x86_64', 'csky_abiv1', 'alpha'];
  const { code, stdout, stderr } = await matrix('--arch', arches.join(), '--release', '6.1', '--json');
  // csky is wrong in every release.
  expect([code, stderr]).toEqual([1, '']);
  const { rows, release } = JSON.parse(stdout) as {
    rows: { arch: string; bad: object[] }[];
    release: string;
  };
  expect(rows.map(({ arch }) => arch)).toEqual(arches);
  expect(rows.map(({ bad }) => bad.length > 0)).toEqual([false, true, false]);
  expect(release).toMatch(/^6\.1\./);
});

test('an architecture that there is not is refused before anything runs', async () => {
  const { code, stdout, stderr } = await matrix('--arch', 'pdp11');
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^faultbook: no architecture 'pdp11'; there are alpha, .*\n$/);
});
