import { expect, test } from 'vitest';
import type { FaultRow } from '../../kernel-lib/trace/faults.js';
import type { OperationName } from '../../kernel-lib/trace/operation.js';
import { faultStatistics } from '../../kernel-lib/trace/statistics.js';

function row(kernel: string, operation: OperationName, min: number, maj = 0): FaultRow {
  return {
    ...{ kernel, release: '6.1.187', arch: 'x86_64', program: 'p', profile: 'gup' },
    operation,
    min,
    maj,
    index: 0,
    line: '',
    ret: 0,
  };
}

const rows = [
  row('a', 'read', 0),
  row('a', 'read', 1),
  row('b', 'read', 7),
  row('a', 'read', 1),
  row('a', 'write', 2, 1),
  row('a', 'read', 4),
];

test('faults are summed up per kernel and kind of operation', async () => {
  const [reads, ...others] = await faultStatistics(rows);
  expect(reads).toMatchObject({ kernel: 'a', operation: 'read', count: 4 });
  expect(reads!.min).toMatchObject({ sum: 6, mean: 1.5, median: 1, max: 4 });
  expect(reads!.min.p90).toBeCloseTo(3.1);
  expect(reads!.min.std).toBeCloseTo(1.5);
  expect(reads!.min.distribution).toEqual([
    { faults: 0, operations: 1 },
    { faults: 1, operations: 2 },
    { faults: 4, operations: 1 },
  ]);
  expect(others.map(({ kernel, operation, count, maj }) => [kernel, operation, count, maj.sum])).toEqual([
    ['b', 'read', 1, 0],
    ['a', 'write', 1, 1],
  ]);
});

test('groups are made by any fields', async () => {
  const groups = await faultStatistics(rows, ['profile']);
  expect(groups.map(({ profile, count, min }) => [profile, count, min.sum])).toEqual([['gup', 6, 15]]);
});

test('no rows give no groups', async () => {
  expect(await faultStatistics([])).toEqual([]);
});
