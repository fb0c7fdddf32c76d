import { expect, test } from 'vitest';
import { archById } from '../../kernel-lib/arch/variants.js';
import { exclusiveBitOrigin, swapFigures } from '../../kernel-lib/pgtable/exclusive-bit.js';

test.each([
  ['x86_64', 'had it before'],
  ['xtensa', 'a bit that no swap PTE used'],
  ['alpha', 'a type bit that no swap file needs'],
  ['hexagon', 'a bit of the offset'],
  ['riscv64', 'the lowest bits moved up: the offset lost one'],
])('the exclusive bit of %s: %s', (id, origin) => {
  expect(exclusiveBitOrigin(archById(id))).toBe(origin);
});

test('who takes a bit of the offset halves the largest swap area', () => {
  const [before, after] = (['before', 'after'] as const).map((state) =>
    swapFigures(archById('riscv32'), state),
  );
  expect(before).toMatchObject({ offsetBits: 21, exclusive: undefined, largest: 2 ** 33 });
  expect(after).toMatchObject({ offsetBits: 20, exclusive: 6, largest: 2 ** 32, typeBits: 5 });
});
