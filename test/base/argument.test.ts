import { expect, test } from 'vitest';
import { someOf } from '../../kernel-lib/base/argument.js';

const names = Array.from({ length: 20 }, (_, i) => `name-${i}`);

test('an error names those alike, and says how many others there are', () => {
  expect(someOf(names, (name) => name.endsWith('9'), 'faultbook list')).toBe(
    'name-9, name-19 and 18 others, which `faultbook list` lists',
  );
});

test('where none is alike, an error names the first ones', () => {
  expect(someOf(names, () => false, 'faultbook list')).toMatch(/^name-0, .*name-7 and 12 others, /);
});

test('an error names all where they are few', () => {
  expect(someOf(['a', 'b'], () => false, 'faultbook list')).toBe('a, b');
});
