import { expect, test } from 'vitest';
import { EFAULT } from '../../kernel-lib/base/errno.js';
import type { Scenario } from '../../kernel-lib/scenario/scenario.js';
import { runScenario } from '../../kernel-lib/scenario/run.js';

/** A program on a device of two pages whose driver maps them at once. */
function steps(lines: readonly string[], arch = 'x86_64') {
  const scenario: Scenario = {
    name: 'own',
    number: 'own',
    kind: 'sequential',
    title: 'own',
    swap: 'none',
    objects: ['obj 0 pfnmap 2'],
    steps: lines,
    verdict: () => '',
    expected: () => '',
    why: '',
    source: '',
  };
  return runScenario(scenario, { arch }).steps;
}

test('mmap maps every page of the range, and no access faults', () => {
  const [map, ...accesses] = steps(['mmap 0 0 2 w s o0', 'write 0 0 1 7', 'read 0 0 1']);
  expect(map!.pages.map(({ writable }) => writable)).toEqual([true, true]);
  expect(map!.mappings[0]!.flags).toEqual(expect.arrayContaining(['pf', 'io', 'de', 'dd']));
  expect(accesses.map(({ min, val }) => [min, val])).toEqual([
    [0, undefined],
    [0, 7],
  ]);
});

test('a range behind the end of the device is refused', () => {
  expect(steps(['mmap 0 0 2 w s o0 1'])[0]!.err).not.toBe(0);
});

test.each(['x86_64', 'mips32_std_4k', 'sparc32', 'loongarch64_4k', 'arm_lpae'])(
  'a store to a private mapping copies what the device holds on %s, and stays there',
  (arch) => {
    const seen = steps(
      [
        'mmap 0 0 2 w s o0',
        'write 0 0 0 5',
        'mmap 0 1 2 w p o0',
        'read 0 1 0',
        'fork 0 1',
        'write 0 1 0 6',
        'read 0 0 0',
        'read 0 1 0',
        'read 1 1 0',
      ],
      arch,
    );
    expect(seen.find(({ op }) => op === 'write 0 1 0 6')!.rss).toEqual({ anon: 1 });
    expect(seen.filter(({ op }) => op.startsWith('read')).map(({ val }) => val)).toEqual([5, 5, 6, 5]);
  },
);

test('nobody takes a page of the device, before and after the store', () => {
  const seen = steps(['mmap 0 0 2 w p o0', 'gup 0 0 0 1 0 get', 'write 0 0 0 6', 'gup 0 0 0 1 1 pin']);
  expect(seen.filter(({ op }) => op.startsWith('gup')).map(({ err }) => err)).toEqual([EFAULT, EFAULT]);
});

test('MADV_DONTNEED refuses such a mapping', () => {
  expect(steps(['mmap 0 0 2 w s o0', 'madvise 0 0 0 2 DONTNEED'])[1]!.err).not.toBe(0);
});
