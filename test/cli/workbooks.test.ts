import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Notebook } from '../../kernel-lib/notebook/nbformat.js';
import { outputLines } from '../../kernel-lib/notebook/run/compare.js';
import { faultbook } from './faultbook.js';

const committed = fileURLToPath(new URL('../../notebooks/', import.meta.url));
const workbooks = readdirSync(committed).filter((name) => name.endsWith('.ipynb'));
const out = mkdtempSync(join(tmpdir(), 'workbooks-'));

beforeAll(async () => {
  await faultbook(['run', committed, '--out', out], '.');
}, 900_000);
afterAll(() => rmSync(out, { recursive: true }));

/** What a reader of a notebook has before their eyes, cell by cell. */
function shown(dir: string, name: string): string[][] {
  return outputLines(JSON.parse(readFileSync(join(dir, name), 'utf8')) as Notebook);
}

test.each(workbooks)('%s runs, and gives the outputs that are committed', (name) => {
  expect(shown(out, name)).toEqual(shown(committed, name));
});
