import { readFileSync, readdirSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type VectorFile, verifyVectors } from '../../kernel-lib/pgtable/vectors.js';

const folder = new URL('../../datasets/pte/vectors/', import.meta.url);

function vectorFile(id: string): VectorFile {
  const file = new URL(`${id}.json.gz`, folder);
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as VectorFile;
}

/** The file with one cell of its second half replaced. */
function forged(
  id: string,
  section: 'swap' | 'present',
  row: number,
  column: number,
  cell: unknown,
): VectorFile {
  const file = vectorFile(id);
  (file.after[section] as unknown[][])[row]![column] = cell;
  return file;
}

const variants = readdirSync(folder).map((name) => name.replace('.json.gz', ''));

test('there are vectors of 64 variants', () => {
  expect(variants).toHaveLength(64);
});

test.each(variants)('%s makes of every vector what its headers made of it', (id) => {
  const report = verifyVectors(vectorFile(id), 3);
  expect(report.first).toEqual([]);
  expect(report).toMatchObject({ disagree: 0, unsupported: 0 });
  expect(report.vectors).toBeGreaterThan(300);
});

test('a vector that the record contradicts is found, with the cell in question', () => {
  const report = verifyVectors(forged('x86_64', 'swap', 3, 3, '0x201'), 3);
  expect(report.disagree).toBe(1);
  expect(report.first).toEqual([
    {
      variant: 'x86_64',
      state: 'after',
      vector: 'kind boundary, type 0, offset 0x3fffffffffffe',
      column: 'pte',
      expected: '0x201',
      got: '0x200',
    },
  ]);
});

test('a vector of an unknown operation counts as unsupported', () => {
  const file = forged('x86_64', 'present', 0, 3, ['mkshiny']);
  expect(verifyVectors(file, 3)).toMatchObject({ disagree: 0, unsupported: 1 });
});
