import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arena } from '../../kernel-lib/step/arena.js';
import { copy, fill, ld, st } from '../../kernel-lib/step/memory.js';

test('a word keeps 32 bits, signed', () => {
  const mem = new Arena(2).words('ptes', 2);
  st(mem, 1, 0xffff_ffff);
  expect(ld(mem, 1)).toBe(-1);
  st(mem, 1, 2 ** 32 + 5);
  expect(ld(mem, 1)).toBe(5);
});

test('fill and copy touch exactly their words, short or long', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 20 }), (n, at) => {
      const arena = new Arena(400);
      const [from, to] = [arena.words('from', 200), arena.words('to', 200)];
      fill(from, at, n, 7);
      copy(to, 50, from, at, n);
      const expected = new Array(400)
        .fill(0)
        .fill(7, at, at + n)
        .fill(7, 250, 250 + n);
      expect([...arena.all()]).toEqual(expected);
    }),
  );
});
