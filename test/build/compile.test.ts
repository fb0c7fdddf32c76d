import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { check, compile } from '../../kernel-lib/build/compile.mjs';

const LEAF = `import { ld, outcomeOf, st, type Mem } from '../step/memory.js';
import type { Step } from '../step/step.js';

export function* ptepGet(mem: Mem, i: number): Step<number> {
  yield;
  return ld(mem, i);
}

export function* setPteAt(mem: Mem, i: number, value: number): Step<void> {
  yield;
  if (value === 13) throw new Error('thirteen');
  st(mem, i, value);
}

export function isOdd(mem: Mem, i: number): boolean {
  return outcomeOf(() => (ld(mem, i) & 1) === 1);
}
`;

const WALK = `import type { Mem } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { ptepGet, setPteAt } from './leaf.js';

export interface MmWalkOps {
  readonly pteEntry: (mem: Mem, i: number) => Step<number>;
}

function* addOne(mem: Mem, i: number): Step<number> {
  const old = yield* ptepGet(mem, i);
  yield* setPteAt(mem, i, old + 1);
  return old;
}

export const addOneOps: MmWalkOps = { pteEntry: addOne };

export function* walkPageRange(mem: Mem, n: number, ops: MmWalkOps): Step<number> {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* ops.pteEntry(mem, i);
  return sum;
}
`;

const ENTRY = `import { Arena } from './step/arena.js';
import { addOneOps, walkPageRange } from './walk/walk.js';
import { run } from '#stepped/step/step.js';
import * as stepped from '#stepped/walk/walk.js';

export function both(first: number): [number, number] {
  const mem = new Arena(4).words('ptes', 4);
  (mem as Int32Array)[0] = first;
  return [walkPageRange(mem, 4, addOneOps), run(stepped.walkPageRange(mem, 4, stepped.addOneOps))];
}

export const plain = walkPageRange;
export { addOneOps };
`;

let dir = '';
const root = () => join(dir, 'src');
const outDir = () => join(dir, 'out');

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  types: [],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  verbatimModuleSyntax: true,
  declaration: true,
  sourceMap: true,
  inlineSources: true,
};

function write(files: Record<string, string>): string[] {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root(), name)), { recursive: true });
    writeFileSync(join(root(), name), text);
  }
  return compile({ root: root(), outDir: outDir(), options });
}

function node(script: string): string {
  return execFileSync(process.execPath, ['--enable-source-maps', '--input-type=module', '-e', script], {
    cwd: dir,
    encoding: 'utf8',
  });
}

beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'faultbook-compile-')));
  for (const part of ['step', 'base'])
    cpSync(join('kernel-lib', part), join(root(), part), { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
  const problems = write({ 'walk/leaf.ts': LEAF, 'walk/walk.ts': WALK, 'entry.ts': ENTRY });
  expect(problems).toEqual([]);
});

afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('the plain build holds no generator, and the stepped build lies beside it', () => {
  expect(readFileSync(join(outDir(), 'walk/walk.js'), 'utf8')).not.toMatch(/yield|function\*/);
  expect(readFileSync(join(outDir(), 'stepped/walk/walk.js'), 'utf8')).toMatch(
    /sum \+= yield\* ops\.pteEntry/,
  );
});

test('the memory barrier costs the plain build nothing: its calls are indexed accesses', () => {
  const leaf = readFileSync(join(outDir(), 'walk/leaf.js'), 'utf8');
  expect(leaf).toContain('return mem[i];');
  expect(leaf).toContain('mem[i] = value;');
  expect(leaf).toMatch(/return \(+mem\[i\] & 1\) === 1\);/);
  expect(readFileSync(join(outDir(), 'stepped/walk/leaf.js'), 'utf8')).toContain('st(mem, i, value);');
});

test('data, state and error classes exist once: the stepped build imports the shared files', () => {
  expect(existsSync(join(outDir(), 'stepped/step/arena.js'))).toBe(false);
  expect(existsSync(join(outDir(), 'stepped/entry.js'))).toBe(false);
  expect(readFileSync(join(outDir(), 'stepped/step/memory.js'), 'utf8')).toContain("'../../step/watch.js'");
});

test('both builds run side by side in Node and agree', () => {
  expect(node("import { both } from './out/entry.js'; console.log(JSON.stringify(both(5)))")).toBe('[5,9]\n');
});

test('bundled for a browser, both builds run without Node', async () => {
  const bundle = await build({
    entryPoints: [join(outDir(), 'entry.js')],
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'iife',
    globalName: 'faultbook',
  });
  const page: { faultbook?: { both(first: number): [number, number] } } = {};
  runInNewContext(`${bundle.outputFiles[0].text}; globalThis.faultbook = faultbook;`, page);
  expect([...(page.faultbook?.both(5) ?? [])]).toEqual([5, 9]);
});

test.each(['out/walk', 'out/stepped/walk'])(
  'a stack trace of %s names the line and column of the source',
  (build) => {
    const stack = node(`
    import { walkPageRange, addOneOps } from './${build}/walk.js';
    try {
      const it = walkPageRange(new Int32Array([12]), 1, addOneOps);
      for (const _ of it) ;
    } catch (err) { console.log(err.stack); }`);
    expect(stack).toContain('thirteen');
    const column = LEAF.split('\n')[10].indexOf('new Error') + 1;
    expect(stack).toContain(`src/walk/leaf.ts:11:${column}`);
    expect(stack).toMatch(/src\/walk\/walk\.ts:11:\d+/);
    expect(stack).toMatch(/src\/walk\/walk\.ts:19:\d+/);
  },
);

test.each([
  ['a statement', 'setPteAt(mem, 0, 1);', 'forgotten yield*: setPteAt() is a Step'],
  ['a condition', 'if (ptepGet(mem, 0)) return;', 'forgotten yield*: ptepGet() is a Step'],
  [
    'a value nobody runs',
    'const late = ptepGet(mem, 0); void late;',
    'forgotten yield*: ptepGet() is a Step',
  ],
  ['a template', 'void `${ptepGet(mem, 0)}`;', 'forgotten yield*: ptepGet() is a Step'],
  [
    'a yield without star',
    'yield* setPteAt(mem, 0, 1); yield;',
    'a bare yield stands only in leaf accessors',
  ],
])('the build refuses %s that forgets the order of steps', (_, body, why) => {
  const source = `import type { Mem } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { ptepGet, setPteAt } from './leaf.js';
export function* broken(mem: Mem): Step<void> {
  ${body}
  yield* setPteAt(mem, yield* ptepGet(mem, 1), 1);
}
`;
  const problems = write({ 'walk/broken.ts': source });
  rmSync(join(root(), 'walk/broken.ts'));
  expect(problems.join('\n')).toContain(why);
  expect(problems[0]).toMatch(/walk\/broken\.ts:[45]:\d+: /);
});

test('the build refuses state that both builds would hold twice, and access past the barrier', () => {
  const source = `import type { Mem } from '../step/memory.js';
import type { Step } from '../step/step.js';
let calls = 0;
export class Torn extends Error {}
export function* peek(mem: Mem): Step<number> {
  yield;
  calls++;
  return mem[0];
}
`;
  const problems = write({ 'walk/broken.ts': source }).join('\n');
  rmSync(join(root(), 'walk/broken.ts'));
  expect(problems).toContain('a file that both builds hold keeps no state');
  expect(problems).toContain('an error class lives in a file that both builds share');
  expect(problems).toMatch(/broken\.ts:8:10: TS7053/);
});

test('types are checked in the plain build too', () => {
  const source = `import type { Step } from '../step/step.js';
export function* f(): Step<number> { yield; return 1; }
export const g: () => Generator<undefined, number, undefined> = f;
`;
  const problems = write({ 'walk/broken.ts': source }).join('\n');
  rmSync(join(root(), 'walk/broken.ts'));
  expect(problems).toMatch(/broken\.ts:3:14: TS2322.*number/);
});

test('a trusted build gives what a checked one gives, and a check tells what it let pass', () => {
  const trusted = join(dir, 'trusted');
  const wrong = join(root(), 'walk/wrong.ts');
  writeFileSync(wrong, `export const pages: number = 'two';\n`);
  try {
    expect(compile({ root: root(), outDir: trusted, options, trusted: true })).toEqual([]);
    expect(check({ root: root(), options })).toEqual([
      expect.stringMatching(/walk\/wrong\.ts:1:14: TS2322: Type 'string' is not assignable to type 'number'/),
    ]);
  } finally {
    rmSync(wrong);
  }
  for (const file of ['entry.js', 'entry.d.ts', 'stepped/walk/walk.js', 'stepped/walk/walk.d.ts'])
    expect(readFileSync(join(trusted, file), 'utf8')).toBe(readFileSync(join(outDir(), file), 'utf8'));
});
