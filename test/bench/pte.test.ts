import { expect, test } from 'vitest';
import { benchPte } from '../../kernel-lib/bench/pte.js';

test('the benchmark of PTEs does the same work on every run', () => {
  const first = benchPte('x86_64', 0.02);
  expect(first).toMatchObject({ arch: 'x86_64' });
  expect(Math.min(first.swapEncodes, first.swapDecodes, first.operationPairs)).toBeGreaterThan(0);
  expect(benchPte('x86_64', 0.02).checksum).toBe(first.checksum);
});
