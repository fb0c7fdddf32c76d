import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { citationsOf } from '../../kernel-lib/build/citations.mjs';
import { root, sources } from './sources.js';

const citations = sources().flatMap(({ path, text }) => citationsOf(path, text));

const { files } = JSON.parse(readFileSync(join(root, 'datasets/kernel-symbols.json'), 'utf8')) as {
  files: Record<string, Record<string, string[]>>;
};
const symbols = new Map(
  Object.entries(files).map(([file, sets]) => [file, new Set(Object.values(sets).flat())]),
);

/** `do_wp_page` -> `doWpPage`; leading underscores stay. */
function spelled(name: string): string {
  return name.replace(/(?<=[a-z0-9])_+([a-z0-9])/gi, (_, letter: string) => letter.toUpperCase());
}

test('a kernel name is spelled mechanically', () => {
  expect(['do_wp_page', '__do_fault', 'pte_mkwrite', 'page_vma_mkclean_one'].map(spelled)).toEqual([
    'doWpPage',
    '__doFault',
    'pteMkwrite',
    'pageVmaMkcleanOne',
  ]);
});

test('every @kernel tag names a file, a symbol and a release', () => {
  const tags = sources().flatMap(({ path, text }) => [...text.matchAll(/@kernel\b/g)].map(() => path)).length;
  expect(citations.length).toBe(tags);
});

test('every cited symbol exists in the cited file', () => {
  const missing = citations
    .filter(({ file, name }) => !symbols.get(file)?.has(name))
    .map(({ source, line, file, name }) => `${source}:${line}: ${file} has no ${name}`);
  expect(missing).toEqual([]);
});

test('a function that cites a kernel function bears its name', () => {
  const strange = citations
    .filter(({ name, declared }) => declared !== null && declared !== spelled(name))
    .map(
      ({ source, line, name, declared }) =>
        `${source}:${line}: ${declared} cites ${name}, which is spelled ${spelled(name)}`,
    );
  expect(strange).toEqual([]);
});
