import { expect, test } from 'vitest';
import { cellScript } from '../../../kernel-lib/notebook/live/cell-script.js';

/** Runs cells one after the other, as a page does, and gives the value of the last. */
async function run(...cells: string[]): Promise<unknown> {
  const scope: Record<string, unknown> = {};
  const modules: Record<string, unknown> = {
    lib: { add: (a: number, b: number) => a + b, default: 'whole' },
  };
  let value: unknown;
  for (const cell of cells) {
    const { body, isAsync } = cellScript(cell, new Set(Object.keys(scope)));
    const make = new Function(`return ${isAsync ? 'async ' : ''}function (exports, require) {${body}\n}`);
    value = await make()(scope, (name: string) => modules[name]);
  }
  return value;
}

test.each([
  ['the value of a last expression is the value of the cell', ['const a = 1;\na + 1;'], 2],
  ['a declaration at the end has no value', ['const a = 1;'], undefined],
  ['types go', ['let a: number;\na = 1 as number;\na!;'], 1],
  ['a later cell declares a constant anew', ['const a = 1;', 'const a = 2;', 'a;'], 2],
  [
    'a function sees what a later cell assigns',
    ['let n = 0; function inc() { return ++n; }', 'n = 5;', 'inc();'],
    6,
  ],
  ['a parameter hides the variable of its name', ['let n = 1;', '((n) => n)(2);'], 2],
  ['a short property is written out', ['const pid = 7;', '({ pid }).pid;'], 7],
  ['a name in a pattern is assigned', ['let { a, b: [c] } = { a: 1, b: [2] };', '[a, c].join();'], '1,2'],
  ['a variable without a value is there', ['let a: string | undefined;', 'typeof a;'], 'undefined'],
  ['imports live on', ["import { add,\n  type T } from 'lib';", 'add(1, 2);'], 3],
  ['the default is imported by a name', ["import whole from 'lib';\nwhole;"], 'whole'],
  ['an import by a call is waited for', ["const { add } = await import('lib');", 'add(2, 2);'], 4],
  ['a cell may await at its top', ['const a = await Promise.resolve(3);\na;'], 3],
  ['a class is kept', ['class A { x = 1; }', 'new A().x;'], 1],
  ['functions are there before their line', ['const a = f();\nfunction f() { return 1; }', 'a + f();'], 2],
])('%s', async (_, cells, expected) => {
  expect(await run(...cells)).toEqual(expected);
});

test('lines stay where they are', () => {
  const { body } = cellScript("import {\n  a,\n} from 'lib';\nlet b = 1;\nb;", new Set());
  expect(body.split('\n')).toHaveLength(5);
});

test('what is no TypeScript is refused', () => {
  expect(() => cellScript('const = 1;', new Set())).toThrow(SyntaxError);
});
