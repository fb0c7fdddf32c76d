import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { InputError } from '../../../kernel-lib/base/error.js';
import type { Notebook } from '../../../kernel-lib/notebook/nbformat.js';
import { readNotebook, writeNotebook } from '../../../kernel-lib/notebook/run/file.js';
import { notebook } from '../notebook.js';

const dir = mkdtempSync(join(tmpdir(), 'file-'));
afterAll(() => rmSync(dir, { recursive: true }));
const path = join(dir, 'a.ipynb');

function read(content: unknown): Notebook {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return readNotebook(path);
}

test('what is written is read back, and no temporary file stays', () => {
  const out = join(dir, 'new', 'folder', 'b.ipynb');
  writeNotebook(out, notebook('a', 'b'));
  expect(JSON.parse(readFileSync(out, 'utf8')).cells[1].source).toEqual(['b']);
  expect(readdirSync(join(dir, 'new', 'folder'))).toEqual(['b.ipynb']);
});

test('an invalid notebook is not written, and the file that was there stays', () => {
  writeNotebook(path, notebook('a'));
  const before = readFileSync(path, 'utf8');
  const broken = { ...notebook(), nbformat_minor: 4 } as Notebook;
  expect(() => writeNotebook(path, broken)).toThrow('nbformat_minor must be >= 5');
  expect(readFileSync(path, 'utf8')).toBe(before);
});

test('cells without an id of their own get one from their position', () => {
  const { cells, ...rest } = notebook('a', 'b', 'c', 'd');
  const [a, b, c, d] = cells;
  const given = [{ ...a, id: 'cell-2' }, { ...b, id: undefined }, { ...c, id: 'cell-2' }, d];
  const read4 = read({ ...rest, nbformat_minor: 4, cells: given });
  expect(read4.cells.map(({ id }) => id)).toEqual(['cell-2', 'cell-2-x', 'cell-3', 'c4']);
  expect(read4.nbformat_minor).toBe(5);
});

test('a byte order mark before the document is passed over', () => {
  expect(read('\uFEFF' + JSON.stringify(notebook('a')))).toEqual(notebook('a'));
});

test.each([
  ['', 'the file is empty'],
  ['{"cells": [', 'not valid JSON'],
  ['[]', 'it has no "nbformat" number'],
  ['null', 'it has no "nbformat" number'],
  [{ nbformat: 3, worksheets: [] }, 'is of notebook format 3; only format 4 is read'],
  [{ ...notebook(), cells: {} }, 'cells must be array'],
  [{ ...notebook(), cells: [{ cell_type: 'code' }] }, 'not a valid notebook: cells[0] must have'],
])('%# a file that is no notebook is refused in one line', (content, reason) => {
  expect(() => read(content)).toThrow(InputError);
  expect(() => read(content)).toThrow(new RegExp(`^[^\n]*${reason.replace(/[[\]]/g, '\\$&')}[^\n]*$`));
});

test('a file that cannot be read is refused', () => {
  expect(() => readNotebook(dir)).toThrow('cannot be read (EISDIR)');
});
