import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bitsOf, fromWords, maskOf, parseSlices, toWords, widthOf } from '../../kernel-lib/base/bitfield.js';
import { highOf, highWord, lowOf, numberOf, placement } from '../../kernel-lib/base/scatter.js';

test('slices read as a manual writes them, most significant part first', () => {
  expect(parseSlices('31:11 8:7')).toEqual([
    { at: 7, width: 2, from: 0 },
    { at: 11, width: 21, from: 2 },
  ]);
  expect(widthOf(parseSlices('31:11 8:7'))).toBe(23);
  expect(bitsOf(maskOf(parseSlices('9 4:3')))).toEqual([3, 4, 9]);
});

test('what is no list of slices is refused', () => {
  for (const text of ['', '64', '3:5', '5-3', 'x'])
    expect(() => parseSlices(text)).toThrow(/no list of bit slices/);
});

test('two words hold any 64-bit value', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 64n) - 1n), (value) => {
      const { lo, hi } = toWords(value);
      return fromWords(lo, hi) === value;
    }),
  );
});

test('a field scattered over a word is gathered again, across word borders too', () => {
  const places = ['63:59', '58:9', '31:0', '7:0 63:42', '0', '40:20', '63:32 15:0', '63:0', '35:28 7:4'];
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.bigInt(0n, (1n << 64n) - 1n), (text, any) => {
      const slices = parseSlices(text);
      const field = placement(slices);
      const value = BigInt.asUintN(widthOf(slices), any);
      const { lo, hi } = toWords(value);
      const wordLo = field.scatter(lo, hi);
      const wordHi = highWord;
      const back = field.gather(wordLo, wordHi);
      return fromWords(back, highWord) === value && (fromWords(wordLo, wordHi) & ~maskOf(slices)) === 0n;
    }),
  );
});

test('a number up to 2^53 goes through two words and back', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (value) => numberOf(lowOf(value), highOf(value)) === value));
});
