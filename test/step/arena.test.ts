import { expect, test } from 'vitest';
import { Arena } from '../../kernel-lib/step/arena.js';

test('words of one arena follow one another and know their names', () => {
  const arena = new Arena(10);
  expect(arena.words('folio.refcount', 4).byteOffset).toBe(0);
  expect(arena.words('folio.mapcount', 4).byteOffset).toBe(16);
  expect(arena.nameOf(5)).toBe('folio.mapcount[1]');
  expect(arena.all()).toHaveLength(8);
});

test('an arena that is too small says what it was asked for and what is left', () => {
  const arena = new Arena(10);
  arena.words('a', 8);
  expect(() => arena.words('ptes', 3)).toThrow('arena: ptes wants 3 words; 2 are left of 10');
});
