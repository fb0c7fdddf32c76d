import { expect, test } from 'vitest';
import { formatCell } from '../../kernel-lib/view/cell.js';

test('numbers print with the digits that matter', () => {
  expect([42, 123_456, 0.123456, 12.34567, 123_456.7, -0.000123456].map(formatCell)).toEqual([
    '42',
    '123456',
    '0.1235',
    '12.35',
    '123457',
    '-0.0001235',
  ]);
});

test('frame numbers beyond 2^53 keep every digit, and what is missing prints as nothing', () => {
  expect([2n ** 60n, true, 'mmap', null, undefined].map(formatCell)).toEqual([
    '1152921504606846976',
    'true',
    'mmap',
    '',
    '',
  ]);
});
