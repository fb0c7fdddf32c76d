import { expect, test } from 'vitest';
import { runScenario } from '../../kernel-lib/scenario/run.js';

const delay = '5df397dec7c4';
const hide = 'f036c8184f8b';
const twoBatches = 'c47454823bd4';

test.each([
  ['before the series', [], 'the CPU forgets everything 1 time, and 0 single translations'],
  ['with one batch', [delay], 'the CPU forgets everything 0 times, and 64 single translations'],
  ['with a hidden flag', [delay, hide], 'the CPU forgets everything 0 times, and 64 single translations'],
  [
    'with two batches',
    [delay, hide, twoBatches],
    'the CPU forgets everything 1 time, and 0 single translations',
  ],
])('unmapping 64 dirty pages, %s', (_, patches, verdict) => {
  const { verdict: found, expected } = runScenario('zap-dirty-pages', { release: 'v6.1', with: patches });
  expect([found, expected]).toEqual([verdict, verdict]);
});

test('flushes are counted only where the kernel is built to do so', () => {
  const counted = (name: string) =>
    runScenario(name).steps.some(({ vm }) => Object.keys(vm).some((event) => event.startsWith('nr_tlb_')));
  expect([counted('zap-dirty-pages'), counted('cow-fork')]).toEqual([true, false]);
});
