import { expect, test } from 'vitest';
import { InputError } from '../../../kernel-lib/base/error.js';
import type { NotebookMetadata } from '../../../kernel-lib/notebook/nbformat.js';
import { checkLanguage } from '../../../kernel-lib/notebook/run/language.js';
import { notebook } from '../notebook.js';

const check = (metadata: NotebookMetadata) => checkLanguage('a.ipynb', { ...notebook(), metadata });
const kernelspec = (name: string, language?: string) => ({
  kernelspec: { name, display_name: name, ...(language && { language }) },
});

test.each([
  [{}],
  [{ language_info: { name: 'typescript' } }],
  [kernelspec('faultbook')],
  [kernelspec('tslab')],
  [kernelspec('deno', 'typescript')],
])('a TypeScript notebook may run, whichever way it says so: %j', (metadata) => {
  expect(() => check(metadata)).not.toThrow();
});

test.each([
  [kernelspec('python3', 'python'), 'in python'],
  [{ language_info: { name: 'python' } }, 'in python'],
  [kernelspec('jslab', 'javascript'), 'in javascript'],
  [kernelspec('ir'), "for the kernel 'ir'"],
])('a notebook in another language is refused: %j', (metadata, found) => {
  expect(() => check(metadata)).toThrow(InputError);
  expect(() => check(metadata)).toThrow(
    `a.ipynb: is a notebook ${found}; only TypeScript notebooks can be run`,
  );
});
