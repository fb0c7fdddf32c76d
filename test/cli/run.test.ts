import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nbformatError } from '../../kernel-lib/notebook/nbformat-check.js';
import { joinLines, type CodeCell, type Notebook } from '../../kernel-lib/notebook/nbformat.js';
import { OUTPUT_LIMIT } from '../../kernel-lib/notebook/run/outputs.js';
import { code, notebook } from '../notebook/notebook.js';
import { faultbook, startFaultbook, type Outcome } from './faultbook.js';

const dir = mkdtempSync(join(tmpdir(), 'run-'));
afterAll(() => rmSync(dir, { recursive: true }));

function put(path: string, content: Notebook | string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), typeof content === 'string' ? content : JSON.stringify(content));
}

function executed(path: string): CodeCell[] {
  const result = JSON.parse(readFileSync(join(dir, path), 'utf8')) as Notebook;
  expect(nbformatError(result)).toBeUndefined();
  return result.cells as CodeCell[];
}

/** All text of one stream of a cell. */
function printed(cell: CodeCell, name = 'stdout'): string {
  const texts = cell.outputs.map((output) =>
    output.output_type === 'stream' && output.name === name ? joinLines(output.text) : '',
  );
  return texts.join('');
}

/** How long a busy machine may take for several kernels, in milliseconds. */
const SLOW = 300_000;

const NOT_RUN = { execution_count: null, outputs: [] };

describe('hostile notebooks', () => {
  /** Those whose first cell fails, with what is said about it. The second must not run. */
  const failing: Record<string, readonly [cell: string, message: RegExp]> = {
    exit: ['console.log("last words");\nprocess.exit(3)', /the kernel died \(process\.exit\(3\)\)$/],
    missing: [
      'import * as nowhere from "nowhere-to-be-found";\nnowhere.x',
      /Cannot find module 'nowhere-to-be-found'/,
    ],
    rejection: ['Promise.reject(new RangeError("nobody waits"));', /RangeError: nobody waits$/],
    syntax: ['const x = ;', /SyntaxError: /],
    throw: ['function far(): void {\n  throw new RangeError("too far");\n}\nfar();', /RangeError: too far$/],
    type: ['const x: number = "text";', /Type 'string' is not assignable to type 'number'/],
  };

  let outcome: Outcome;
  beforeAll(async () => {
    for (const [name, [cell]] of Object.entries(failing))
      put(`hostile/${name}.ipynb`, notebook(cell, '1 + 1'));
    put('hostile/empty.ipynb', notebook());
    put(
      'hostile/big.ipynb',
      notebook('process.stdout.write("0123456789abcde\\n".repeat(50 * 2 ** 16));', '"after"'),
    );
    put('hostile/lines.ipynb', notebook('for (let i = 0; i < 100_000; i++) console.log(`line ${i}`);'));
    put(
      'hostile/late.ipynb',
      notebook('setTimeout(() => console.log("late"), 500);\n"early"', 'console.log("second")'),
    );
    put(
      'hostile/tagged.ipynb',
      notebook(code('throw new Error("wanted")', ['raises-exception']), 'console.log("on")'),
    );
    put('hostile/json.ipynb', '{"cells": [');
    const kernelspec = { name: 'python3', display_name: 'Python 3', language: 'python' };
    put('hostile/python.ipynb', { ...notebook('print(1)'), metadata: { kernelspec } });
    outcome = await faultbook(['run', 'hostile', '--out', 'out', '--json'], dir);
  }, SLOW);

  const line = (name: string) =>
    outcome.stderr.split('\n').filter((text) => text.includes(`/${name}.ipynb:`));

  test('the command says by its exit code that some files are no notebooks, and counts the failed cells', () => {
    expect(outcome.code).toBe(2);
    const { notebooks, failed } = JSON.parse(outcome.stdout);
    expect(failed).toBe(Object.keys(failing).length);
    expect(Object.keys(notebooks[0])).toEqual(['path', 'cells', 'failed', 'seconds']);
    const good = ['big', 'empty', 'late', 'lines', 'tagged'].map((name) => [`hostile/${name}.ipynb`, 0]);
    const bad = Object.keys(failing).map((name) => [`hostile/${name}.ipynb`, 1]);
    const counts = notebooks.map(({ path, failed }: Record<string, unknown>) => [path, failed]);
    expect(counts).toEqual([...good, ...bad].sort());
  });

  test.each(Object.entries(failing))('%s: one line names the cell and the reason', (name, [, message]) => {
    expect(line(name)).toEqual([expect.stringMatching(message)]);
    expect(line(name)[0]).toMatch(/^hostile\/\w+\.ipynb: cell 1: /);
  });

  test.each(Object.keys(failing))(
    '%s: the failing cell ends with the error, and the next is marked as not run',
    (name) => {
      const [first, second] = executed(`out/${name}.ipynb`);
      expect(first!.outputs.at(-1)).toMatchObject({ output_type: 'error' });
      expect(second).toMatchObject(NOT_RUN);
    },
  );

  test('what a cell printed before it ended the process is kept', () => {
    expect(printed(executed('out/exit.ipynb')[0]!)).toBe('last words\n');
  });

  test('files that are no TypeScript notebooks are refused in one line each and leave nothing', () => {
    expect(line('json')).toEqual([expect.stringContaining('hostile/json.ipynb: not valid JSON')]);
    expect(line('python')).toEqual([expect.stringContaining('only TypeScript notebooks can be run')]);
    expect(existsSync(join(dir, 'out/json.ipynb'))).toBe(false);
    expect(existsSync(join(dir, 'out/python.ipynb'))).toBe(false);
  });

  test('an empty notebook stays empty', () => {
    expect(executed('out/empty.ipynb')).toEqual([]);
  });

  test('100,000 lines arrive complete and in order', () => {
    const expected = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join('');
    expect(printed(executed('out/lines.ipynb')[0]!) === expected).toBe(true);
  });

  test('of 50 MB the first part is kept, with a notice, and the next cell runs', () => {
    const [big, after] = executed('out/big.ipynb');
    expect(printed(big!)).toHaveLength(OUTPUT_LIMIT);
    expect(printed(big!, 'stderr')).toBe(
      '[output cut after 16.0 MiB: 34.0 MiB more were printed and not kept]\n',
    );
    expect(line('big')).toEqual([expect.stringContaining('cell 1: output cut after 16.0 MiB')]);
    expect(after!.outputs).toHaveLength(1);
  });

  test('late output lands in the cell that caused it, even when the notebook is already over', () => {
    const [first, second] = executed('out/late.ipynb');
    expect(printed(first!)).toBe('late\n');
    expect(printed(second!)).toBe('second\n');
  });

  test('a cell that may fail shows its error, and the next one runs', () => {
    const [first, second] = executed('out/tagged.ipynb');
    expect(first!.outputs).toMatchObject([{ output_type: 'error', ename: 'Error', evalue: 'wanted' }]);
    expect(printed(second!)).toBe('on\n');
  });
});

test(
  'a cell that does not end is interrupted, whatever it does, and its notebook stops there',
  async () => {
    put('loops/plain.ipynb', notebook('console.log("in");\nwhile (true) {}', '1'));
    put('loops/after-await.ipynb', notebook('await Promise.resolve();\nwhile (true) {}', '1'));
    put('loops/never.ipynb', notebook('await new Promise(() => {});', '1'));
    put('loops/allowed.ipynb', notebook(code('while (true) {}', ['raises-exception']), '1'));
    const {
      code: exit,
      stdout,
      stderr,
    } = await faultbook(['run', 'loops', '--out', 'loops-out', '--timeout', '2'], dir);
    expect(stderr).toBe('');
    expect(exit).toBe(1);
    for (const name of ['plain', 'after-await', 'never', 'allowed']) {
      expect(stdout).toContain(`loops/${name}.ipynb: cell 1: ran longer than 2 s and was interrupted\n`);
      const [first, second] = executed(`loops-out/${name}.ipynb`);
      expect(first!.outputs.at(-1)).toMatchObject({ output_type: 'error', ename: 'CellStopped' });
      expect(second).toMatchObject(NOT_RUN);
    }
    expect(printed(executed('loops-out/plain.ipynb')[0]!)).toBe('in\n');
  },
  SLOW,
);

test('two runs of one notebook give the same bytes', async () => {
  const cells = [
    code('console.log(process.cwd(), "\\x1b[31mred\\x1b[0m");\nconst a: number = 1;\na', []),
    code('setTimeout(() => console.log(new Error("late").stack), 20)', []),
    code('function f(): never {\n  throw new Error(__dirname);\n}\nf()', ['raises-exception']),
  ];
  put('same.ipynb', notebook(...cells));
  put('elsewhere/same.ipynb', notebook(...cells));
  const outcomes = await Promise.all([
    faultbook(['run', 'same.ipynb', '--out', 'same-1'], dir),
    faultbook(['run', 'same.ipynb', '--out', '../same-2'], join(dir, 'elsewhere')),
  ]);
  expect(outcomes.map(({ code }) => code)).toEqual([0, 0]);
  const [first, second] = ['same-1', 'same-2'].map((out) =>
    readFileSync(join(dir, out, 'same.ipynb'), 'utf8'),
  );
  expect(first).toBe(second);
  expect(first).not.toContain(dir);
});

describe('stopping', () => {
  /** A cell that says by a file with its process id that it runs, and then never ends. */
  const ENDLESS =
    'import { writeFileSync } from "fs";\nwriteFileSync("running", String(process.pid));\nwhile (true) {}';

  async function eventually(condition: () => boolean): Promise<void> {
    while (!condition()) await sleep(20);
  }

  function isAlive(pid: number): boolean {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  }

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGKILL', null],
  ] as const)(
    '%s ends the runner and its kernels, and leaves nothing half-written',
    async (signal, exit) => {
      const place = join(dir, signal);
      put(`${signal}/endless.ipynb`, notebook(ENDLESS));
      mkdirSync(join(place, 'tmp'));
      const run = startFaultbook(['run', 'endless.ipynb', '--out', 'out'], place, {
        TMPDIR: join(place, 'tmp'),
      });
      const running = join(place, 'running');
      await eventually(() => existsSync(running) && readFileSync(running, 'utf8') !== '');
      const kernel = Number(readFileSync(running, 'utf8'));
      run.child.kill(signal);
      const { code, stdout, stderr } = await run.outcome;
      await eventually(() => !isAlive(kernel));
      expect(code).toBe(exit);
      expect(existsSync(join(place, 'out'))).toBe(false);
      if (signal === 'SIGKILL') return;
      expect(stdout).toBe('');
      expect(stderr).toBe(`faultbook: stopped by ${signal}: unfinished notebooks were not written\n`);
      expect(readdirSync(join(place, 'tmp'))).toEqual([]);
    },
    SLOW,
  );
});

test.each([
  [['nowhere.ipynb'], 'nowhere.ipynb: no such file or folder'],
  [['void'], 'void: no notebook (.ipynb) in this folder'],
  [['--timeout', '-1'], '--timeout -1: not a number of seconds'],
  [['--out', 'file', 'one.ipynb'], 'file: is not a folder'],
  [[], 'notebooks: no such file or folder'],
])('bad input is refused in one line and with exit code 2: run %j', async (args, reason) => {
  mkdirSync(join(dir, 'void'), { recursive: true });
  put('one.ipynb', notebook('1'));
  put('file', '');
  const { code, stdout, stderr } = await faultbook(['run', ...args], dir);
  expect(stdout).toBe('');
  expect(stderr).toMatch(/^faultbook: [^\n]*\n$/);
  expect(stderr).toContain(reason);
  expect(code).toBe(2);
});
