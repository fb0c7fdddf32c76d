import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { joinLines, type Notebook, type Output } from '../../kernel-lib/notebook/nbformat.js';
import { faultbook } from './faultbook.js';

const committed = fileURLToPath(new URL('../../notebooks/', import.meta.url));
const workbooks = readdirSync(committed).filter((name) => name.endsWith('.ipynb'));
const out = mkdtempSync(join(tmpdir(), 'workbooks-'));

beforeAll(async () => {
  await faultbook(['run', committed, '--out', out], '.');
}, 300_000);
afterAll(() => rmSync(out, { recursive: true }));

/** The text of every output, cell by cell: what a reader of the committed notebook has before their eyes. */
function texts(path: string): string[][] {
  const { cells } = JSON.parse(readFileSync(path, 'utf8')) as Notebook;
  return cells.map((cell) => (cell.cell_type === 'code' ? cell.outputs.map(textOf) : []));
}

function textOf(output: Output): string {
  if (output.output_type === 'stream') return joinLines(output.text);
  if (output.output_type === 'error') return `${output.ename}: ${output.evalue}`;
  return joinLines((output.data['text/plain'] ?? '') as string | string[]);
}

test.each(workbooks)('%s runs, and gives the outputs that are committed', (name) => {
  expect(texts(join(out, name))).toEqual(texts(join(committed, name)));
});
