import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultbook } from './faultbook.js';

test('the chosen operations are timed at the chosen sizes, and drawn', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'faultbook-bench-'));
  const args = ['bench', 'anon-write', 'fork', '--sizes', '64', '2^7', '--rounds', '1', '--json'];
  const { code, stdout } = await faultbook([...args, '--html', 'bench.html'], dir);
  expect(code).toBe(0);
  const { operations, explorer } = JSON.parse(stdout) as {
    operations: { operation: string; size: number }[];
    explorer: unknown;
  };
  expect(operations.map(({ operation, size }) => [operation, size])).toEqual([
    ['anon-write', 64],
    ['anon-write', 128],
    ['fork', 64],
    ['fork', 128],
  ]);
  expect(explorer).toBeNull();
  expect(await readFile(join(dir, 'bench.html'), 'utf8')).toContain('What one page costs, as memory grows');
  await rm(dir, { recursive: true });
});

test('a size that is none is refused in one line, and nothing is written', async () => {
  const { code, stdout, stderr } = await faultbook(
    ['bench', '--sizes', '2^40', '--html', 'never.html'],
    tmpdir(),
  );
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toBe('faultbook: --sizes 2^40: not a size; allowed are 1 to 2^28, such as 2^20\n');
  expect(existsSync(join(tmpdir(), 'never.html'))).toBe(false);
});
