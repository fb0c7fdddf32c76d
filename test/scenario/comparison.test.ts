import { expect, test } from 'vitest';
import { compare } from '../../kernel-lib/scenario/comparison.js';
import { runScenario } from '../../kernel-lib/scenario/run.js';
import { PLOTLY_MIME } from '../../kernel-lib/view/figure.js';
import { mimeBundle } from '../../kernel-lib/view/mime.js';

const before = { release: 'v6.2', arch: 'x86_32_pae' };
const after = { ...before, with: ['93c0eac40d4e'] };

test('a comparison says at which operation two kernels part, and shows it as table, figure and text', () => {
  const comparison = compare('X01', before, after);
  const { firstDifference, table, figure } = comparison;
  expect(comparison.before.steps[firstDifference]!.op).toBe('madvise 0 0 0 1 PAGEOUT');
  expect(table.rows[firstDifference]![1]).toMatch(/swap: area 0, page 0x1$/);
  expect(table.rows[firstDifference]![2]).toMatch(/swap: area 0, page 0x1, exclusive$/);
  expect(table.rows[firstDifference - 1]![2]).toBe('the same');
  expect(figure.caption).toMatch(/^Before: FAIL.*After: PASS/);
  expect(Object.keys(comparison[mimeBundle]()).sort()).toEqual(
    [PLOTLY_MIME, 'text/html', 'text/plain'].sort(),
  );
});

test('a kernel compared with itself differs nowhere', () => {
  expect(compare('X01', before, before).firstDifference).toBe(-1);
});

test('the counters of a run sum its faults, its reuses and the pages that were replaced', () => {
  expect(runScenario('X01', before).counters).toMatchObject({ 'minor faults': 3, 'pages replaced': 1 });
  expect(runScenario('X01', after).counters).toMatchObject({ pgreuse: 1, 'pages replaced': 0 });
});
