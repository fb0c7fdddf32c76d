import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type CodeCell, type Notebook, joinLines } from '../../kernel-lib/notebook/nbformat.js';
import { code, notebook } from '../notebook/notebook.js';
import { type Outcome, faultbook } from './faultbook.js';

// Each run starts kernels.
vi.setConfig({ testTimeout: 300_000 });

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'run-again-'));
  mkdirSync(join(dir, 'books'));
});

afterEach(() => rmSync(dir, { recursive: true }));

function put(name: string, content: Notebook): void {
  writeFileSync(join(dir, 'books', name), JSON.stringify(content));
}

function run(...args: string[]): Promise<Outcome> {
  return faultbook(['run', 'books', '--out', 'out', ...args], dir);
}

function outputOf(name: string, i: number): string {
  const { cells } = JSON.parse(readFileSync(join(dir, 'out', name), 'utf8')) as Notebook;
  const [output] = (cells[i] as CodeCell).outputs;
  return output?.output_type === 'stream' ? joinLines(output.text) : '';
}

test('a workbook is run again when its cells change or its result is gone, and not otherwise', async () => {
  put('a.ipynb', notebook('console.log("a")'));
  put('b.ipynb', notebook('console.log("b")'));
  expect((await run()).stdout).toMatch(/a\.ipynb: 1 cells in .*\n.*b\.ipynb: 1 cells in /);
  expect((await run()).stdout).toMatch(/a\.ipynb: 1 cells unchanged\n.*b\.ipynb: 1 cells unchanged/);
  put('b.ipynb', notebook('console.log("changed")'));
  rmSync(join(dir, 'out/a.ipynb'));
  expect((await run()).stdout).toMatch(/a\.ipynb: 1 cells in .*\n.*b\.ipynb: 1 cells in /);
  expect(outputOf('b.ipynb', 0)).toBe('changed\n');
  expect((await run('--fresh')).stdout).not.toContain('unchanged');
});

test('a workbook that failed is run again', async () => {
  put('a.ipynb', notebook('throw new Error("no")'));
  expect((await run()).code).toBe(1);
  expect((await run()).code).toBe(1);
});

test('a parameter of the command line takes the place of the default, and what depends on it is run again', async () => {
  put('a.ipynb', notebook(code("const release = '6.1';", ['parameters']), 'console.log(release)'));
  await run();
  expect(outputOf('a.ipynb', 1)).toBe('6.1\n');
  await run('-p', 'release=6.12');
  expect(outputOf('a.ipynb', 2)).toBe('6.12\n');
  const refused = await run('-p', 'kernel=6.12');
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toBe('faultbook: parameter kernel: no such parameter; allowed: release\n');
  expect((await run('-p', 'release')).stderr).toBe(
    'faultbook: -p release: not a parameter; allowed are name=value\n',
  );
});

test('a check compares outputs with those in the files, shows the first difference and writes nothing', async () => {
  const [cell] = notebook('console.log("a\\nb")').cells as [CodeCell];
  const shows = (text: string): CodeCell => ({
    ...cell,
    outputs: [{ output_type: 'stream', name: 'stdout', text }],
  });
  put('a.ipynb', notebook(shows('a\nb\n')));
  const same = await faultbook(['run', 'books', '--check'], dir);
  expect(same).toMatchObject({ code: 0, stderr: '' });
  expect(same.stdout).toMatch(/every output is as committed\n$/);
  put('a.ipynb', notebook(shows('a\nc\n')));
  const other = await faultbook(['run', 'books', '--check', '--json'], dir);
  expect(other.code).toBe(1);
  expect(JSON.parse(other.stdout)).toMatchObject({
    failed: 0,
    changed: [{ path: join('books', 'a.ipynb'), cell: 1, committed: 'c', fresh: 'b' }],
  });
});
