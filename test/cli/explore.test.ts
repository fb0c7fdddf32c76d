import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
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

test('a search out of budget says incomplete and exits with 3', async () => {
  const { code, stdout } = await run('explore', 'delayed-rmap', '--release', 'v6.2', '--max-states', '50');
  expect(code).toBe(3);
  expect(stdout).toContain('incomplete');
  expect(stdout).not.toMatch(/holds|absent/);
});

test('the replay that a search prints is a command that does so in a process of its own', async () => {
  const { stdout } = await run(
    'explore',
    'delayed-rmap',
    ...small,
    '--release',
    'v6.2',
    '--without',
    '5df397dec7c4',
    'c47454823bd4',
    'f036c8184f8b',
  );
  const [, command] = /^replay: faultbook (.*)$/m.exec(stdout)!;
  const again = await run(...command!.split(' '));
  expect(again.code).toBe(1);
  expect(again.stdout).toContain('3 context switches: no lost dirty data: page 0 lost a store');
});

test('drawn executions find the lost store, or say incomplete', async () => {
  const drawn = [
    'explore',
    'delayed-rmap',
    ...small,
    '--mode',
    'pct',
    '--depth',
    '4',
    '--seed',
    '7',
    '--executions',
    '500',
  ];
  expect((await run(...drawn)).code).toBe(1);
  const after = await run(...drawn, '--with', '5df397dec7c4');
  expect(after.code).toBe(3);
  expect(after.stdout).toMatch(/complete +no\nverdict +incomplete\n/);
  expect(after.stdout).toMatch(
    /500 executions, but not everything was followed; each execution had a chance/,
  );
});

test('shards put together print what one search prints, and say which are missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultbook-shards-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const race = ['explore', 'delayed-rmap', ...small, '--no-reduction'];
  const files = await Promise.all(
    [1, 2].map(async (i) => {
      const file = join(folder, `${i}.json`);
      writeFileSync(file, (await run(...race, '--shard', `${i}/2`, '--json')).stdout);
      return file;
    }),
  );
  const withoutTime = (text: string) => ({ ...(JSON.parse(text) as object), seconds: 0 });
  const [one, merged, half] = await Promise.all([
    run(...race, '--all', '--json'),
    run('explore', 'merge', ...files, '--json'),
    run('explore', 'merge', files[1]!),
  ]);
  expect(withoutTime(merged.stdout)).toEqual(withoutTime(one.stdout));
  expect(merged.code).toBe(one.code);
  expect(half.stdout).toMatch(/complete +no/);
});

test.each([
  [['explore', 'no-such-race'], "no race 'no-such-race'"],
  [['explore', 'delayed-rmap', '--bound', 'pages'], 'such as pages=1'],
  [['explore', 'delayed-rmap', '--max-states', 'many'], 'a whole number from 1 on'],
  [['explore', 'delayed-rmap', '--mode', 'best'], 'allowed: exhaustive, pct, random'],
  [['explore', 'delayed-rmap', '--shard', '3/2'], 'i from 1 to n'],
  [['explore', 'merge', 'package.json'], 'package.json is no shard'],
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

/** Moves the flush of a zap behind the map counts. */
const rmapFirst = `--- a/kernel-lib/zap/zap.ts
+++ b/kernel-lib/zap/zap.ts
@@ -1,3 +1,3 @@
-    yield* tlbFlushMmuTlbonly(k, tlb);
     if (k.patched.delayedRmapHidden || tlb.delayedRmap) yield* tlbFlushRmaps(k, tlb, zap.vma);
+    yield* tlbFlushMmuTlbonly(k, tlb);
   }
`;

test('a diff of one’s own breaks v6.2, and the replay that is printed cites the lines of the changed source', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'faultbook-own-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const own = join(dir, 'mine.diff');
  writeFileSync(own, rmapFirst);
  const { code, stdout } = await run('explore', 'delayed-rmap', ...small, '--release', 'v6.2', '--own', own);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /page_remove_rmap in tlb_flush_rmap_batch \(mm\/mmu_gather\.c\) at zap\/zap\.ts:\d+/,
  );
  const [, command] = /^replay: faultbook (.*)$/m.exec(stdout)!;
  const again = await run(...command!.split(' '), '--json');
  const { steps } = JSON.parse(again.stdout) as { steps: { source?: { text: string } }[] };
  expect(steps.map(({ source }) => source?.text)).toContain('yield* tlbFlushMmuTlbonly(k, tlb);');

  writeFileSync(own, JSON.stringify({ file: 'zap/zap.ts', old: 'no such line', new: '' }));
  const refused = await run('explore', 'delayed-rmap', '--own', own);
  expect([refused.code, refused.stderr]).toEqual([
    2,
    "faultbook: zap/zap.ts holds 'no such line' 0 times; allowed: text that it holds once\n",
  ]);
});

test('a scenario runs on a kernel of one’s own', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'faultbook-own-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const own = join(dir, 'mine.json');
  const line = 'if (!pteSwpExclusive(k, pte)) return false;';
  writeFileSync(own, JSON.stringify({ file: 'fault/swapin.ts', old: line, new: 'return false;' }));
  const { code, stdout } = await run('scenario', 'swp-exclusive-vmsplice', '--release', '6.5', '--own', own);
  expect([code, stdout]).toEqual([1, expect.stringContaining('FAIL: page was replaced during COW')]);
});
