import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cleaner, normaliseOutput } from '../../../kernel-lib/notebook/run/normalise.js';

const dir = mkdtempSync(join(tmpdir(), 'normalise-'));
const clean = cleaner(dir);
afterAll(() => rmSync(dir, { recursive: true }));

test.each([
  ['colours', '\x1b[31mred\x1b[39m', 'red'],
  ["the notebook's folder", `${dir}/a.txt and ${dir}.`, './a.txt and ..'],
  ['file URLs', `file://${dir}/a.txt`, './a.txt'],
  ['the place where Faultbook is installed', `${resolve('.')}/dist/index.js`, 'faultbook/dist/index.js'],
  ['the home folder', `(${homedir()}/x)`, '(~/x)'],
  [
    'numbers of one run in timers',
    '_idleStart: 2388, [Symbol(asyncId)]: 7',
    '_idleStart: 0, [Symbol(asyncId)]: 0',
  ],
  ['process ids in warnings', '(node:4711) Warning: old', '(node) Warning: old'],
])('%s do not reach the notebook', (_what, printed, kept) => {
  expect(clean(printed)).toBe(kept);
});

test('paths that only begin like a place of this machine stay', () => {
  const others = [`${dir}2/a`, `${dir}.bak`, `/other${dir}/a`];
  expect(others.map(clean)).toEqual(others);
});

test('a folder that is reached through a link is known by both names', () => {
  const real = join(dir, 'real');
  const link = join(dir, 'link');
  mkdirSync(real);
  symlinkSync(real, link);
  expect(cleaner(link)(`${real}/a ${link}/b`)).toBe('./a ./b');
});

test('stack frames of Node and of the kernel are left out, those of cells stay', () => {
  const stack = [
    'Error: no',
    '    at f (Cell [2]:1:7)',
    '    at /x/node_modules/tslab/dist/executor.js:1:1',
    '    at Script.runInThisContext (node:vm:1:1)',
    '',
  ];
  expect(clean(stack.join('\n'))).toBe('Error: no\n    at f (Cell [2]:1:7)\n');
});

test('every text of an output is cleaned, pictures are not', () => {
  const data = {
    'text/html': [`<a>${dir}</a>`, '\n'],
    'application/json': { deep: [`${dir}/x`, 3] },
    'image/png': 'AAAA\n',
  };
  expect(normaliseOutput({ output_type: 'display_data', metadata: {}, data }, clean)).toEqual({
    output_type: 'display_data',
    metadata: {},
    data: { 'text/html': '<a>.</a>\n', 'application/json': { deep: ['./x', 3] }, 'image/png': 'AAAA\n' },
  });
  const error = {
    output_type: 'error',
    ename: 'E',
    evalue: dir,
    traceback: ['\x1b[1ma', `    at node:vm`, dir],
  } as const;
  expect(normaliseOutput(error, clean)).toEqual({ ...error, evalue: '.', traceback: ['a', '.'] });
});
