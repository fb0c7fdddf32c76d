import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compile } from '../../kernel-lib/build/compile.mjs';

const files = {
  // Two modules that import one another: of the constants only the functions have their values in time.
  'even.ts': `import { isOdd, one } from './odd.js';
export const zero = 0;
export function isEven(n: number): boolean {
  return n === zero || isOdd(n - one);
}
export const named = { isEven };
`,
  'odd.ts': `import { isEven, zero } from './even.js';
export const one = 1;
export function isOdd(n: number): boolean {
  return n !== zero && isEven(n - one);
}
`,
  'count.ts': `export let count = 0;
export function add(): void {
  count++;
}
`,
  'entry.ts': `import { isEven as even, named } from './even.js';
import { add, count } from './count.js';
export function addTwice(): number {
  add();
  add();
  return count;
}
export function shadowed(addTwice: number): number {
  return addTwice;
}
function half(n: number): number {
  const shadowed = (half: number) => half / 2;
  return shadowed(n);
}
export const found = [even(4), named.isEven(3), addTwice(), addTwice.name, shadowed(7), half(8)];
`,
};

let dir = '';
const emitted = (name: string) => readFileSync(join(dir, 'out', name), 'utf8');

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'faultbook-bindings-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, 'src', name)), { recursive: true });
    writeFileSync(join(dir, 'src', name), text);
  }
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  const problems = compile({
    root: join(dir, 'src'),
    outDir: join(dir, 'out'),
    trusted: true,
    options: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: [],
      verbatimModuleSyntax: true,
    },
  });
  expect(problems).toEqual([]);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('modules do the same with constants in place of bindings, and functions keep their names', async () => {
  const { found } = (await import(pathToFileURL(join(dir, 'out/entry.js')).href)) as { found: unknown[] };
  expect(found).toEqual([true, false, 2, 'addTwice', 7, 4]);
});

test('a module names what it imports, and what is its own, by constants', () => {
  expect(emitted('entry.js')).toContain('const even = even_1;');
  expect(emitted('entry.js')).toContain('const addTwice_1 = addTwice;');
  expect(emitted('entry.js')).toContain('half_1(8)');
  expect(emitted('entry.js')).toContain('(half) => half / 2');
  expect(emitted('even.js')).toContain('{ isEven: isEven_1 }');
  expect(emitted('odd.js')).toMatch(/one = 1;\nconst (one_\d) = one;[^]*isEven\(n - \1\)/);
});

test('what is not yet there when the importer runs, or changes, stays a binding', () => {
  expect(emitted('odd.js')).toContain('const isEven = isEven_1;');
  expect(emitted('odd.js')).not.toContain('const zero');
  expect(emitted('entry.js')).not.toContain('const count');
});
