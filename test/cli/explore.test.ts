import { expect, test } from 'vitest';
import { faultbook } from './faultbook.js';

const small = ['--bound', 'pages=1', 'stores=1'];
const run = (...args: string[]) => faultbook(args, '.');

test('a race that loses data exits with 1 and prints one JSON object with a schedule that replays', async () => {
  const { code, stdout, stderr } = await run('explore', 'delayed-rmap', ...small, '--all', '--json');
  expect([code, stderr]).toEqual([1, '']);
  const result = JSON.parse(stdout) as Record<string, unknown> & {
    violations: { invariant: string; schedule: string; steps: unknown[] }[];
  };
  expect(Object.keys(result)).toEqual(['name', 'executions', 'states', 'complete', 'violations', 'seconds']);
  expect(result).toMatchObject({ name: 'delayed-rmap', complete: true });
  const [{ schedule, invariant, steps }] = result.violations as [(typeof result.violations)[0]];

  const replayed = await run('explore', 'delayed-rmap', ...small, '--replay', schedule, '--json');
  expect(replayed.code).toBe(1);
  expect(JSON.parse(replayed.stdout)).toEqual({ name: 'delayed-rmap', schedule, invariant, steps });
});

test('with the patch nothing is found, everything was followed, and the exit code is 0', async () => {
  const { code, stdout } = await run('explore', 'delayed-rmap', ...small, '--with', '5df397dec7c4');
  expect(code).toBe(0);
  expect(stdout).toMatch(/complete +yes\nverdict +absent\n/);
});

test('a search out of budget says incomplete', async () => {
  const { code, stdout } = await run('explore', 'delayed-rmap', '--release', 'v6.2', '--max-states', '50');
  expect(code).toBe(0);
  expect(stdout).toContain('incomplete');
  expect(stdout).not.toMatch(/holds|absent/);
});

test.each([
  [['explore', 'no-such-race'], "no race 'no-such-race'"],
  [['explore', 'delayed-rmap', '--bound', 'pages'], 'such as pages=1'],
  [['explore', 'delayed-rmap', '--max-states', 'many'], 'a whole number from 1 on'],
  [['explore', 'delayed-rmap', '--replay', 'a1x9'], 'none of the threads a-c'],
])('%j exits with 2 and says why', async (args, why) => {
  const { code, stdout, stderr } = await run(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain(why);
});

test('races stand in the list of scenarios', async () => {
  const { stdout } = await run('scenario', '--json');
  const { scenarios } = JSON.parse(stdout) as { scenarios: { name: string; kind: string }[] };
  expect(scenarios).toContainEqual(expect.objectContaining({ name: 'delayed-rmap', kind: 'race' }));
});
