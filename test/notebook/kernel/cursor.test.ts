import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cursorPosition, cursorUnits } from '../../../kernel-lib/notebook/kernel/cursor.js';

test('a cursor behind characters outside the basic plane lies twice as far in UTF-16', () => {
  expect(cursorUnits({ code: '😀a', cursor_pos: 2 })).toBe(3);
  expect(cursorPosition('😀a', 3)).toBe(2);
});

test('without a cursor, it stands at the end', () => {
  expect(cursorUnits({ code: '😀' })).toBe(2);
});

test('both ways cancel out', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.nat(), (code, n) => {
      const position = n % (Array.from(code).length + 1);
      return cursorPosition(code, cursorUnits({ code, cursor_pos: position })) === position;
    }),
  );
});
