import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { InputError } from '../../../kernel-lib/base/error.js';
import { findNotebooks } from '../../../kernel-lib/notebook/run/find.js';

const dir = mkdtempSync(join(tmpdir(), 'find-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(...path: string[]): string {
  const full = join(dir, ...path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, '');
  return full;
}

const first = file('books', '01-b.ipynb');
file('books', '00-a.ipynb');
file('books', 'part', '02-c.ipynb');
file('books', '.ipynb_checkpoints', '00-a.ipynb');
file('books', 'node_modules', 'x', 'd.ipynb');
const text = file('books', 'readme.md');
const twin = file('other', '01-b.ipynb');
mkdirSync(join(dir, 'none'));

test('a folder gives all notebooks below it in order, without checkpoints and packages', () => {
  const targets = findNotebooks([join(dir, 'books')]).map(({ target }) => target);
  expect(targets).toEqual(['00-a.ipynb', '01-b.ipynb', 'part/02-c.ipynb']);
});

test('a file goes under its own name, and counts once', () => {
  const again = relative('.', first);
  expect(findNotebooks([first, again])).toEqual([{ path: again, target: '01-b.ipynb' }]);
});

test.each([
  [[join(dir, 'gone.ipynb')], 'gone.ipynb: no such file or folder'],
  [[text], 'readme.md: not a notebook: its name must end in .ipynb'],
  [[join(dir, 'none')], 'none: no notebook (.ipynb) in this folder'],
  [[first, twin], `${twin}: would be written over the result of ${first}`],
])('%# wrong paths are refused with the reason', (paths, reason) => {
  expect(() => findNotebooks(paths)).toThrow(InputError);
  expect(() => findNotebooks(paths)).toThrow(reason);
});
