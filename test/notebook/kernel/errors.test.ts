import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useKernel, type CellView } from './session.js';

const session = useKernel();
const { run, start } = session;

/** The traceback with the cell's number as `#`. */
function traceback({ reply }: CellView): string[] {
  return (reply.traceback as string[]).map((line) =>
    line.replaceAll(`Cell [${reply.execution_count}]`, 'Cell #'),
  );
}

test('an exception is one error message, and the reply says the same', async () => {
  const cell = await run(`throw new RangeError('too far')`);
  expect(cell.types()).toEqual(['execute_input', 'error']);
  const { status, execution_count: _, ...rest } = cell.reply;
  expect(status).toBe('error');
  expect(cell.all('error')).toEqual([rest]);
  expect(rest).toMatchObject({ ename: 'RangeError', evalue: 'too far' });
});

test('the traceback names the lines of the cell as it was typed', async () => {
  const cell = await run(`// types, comments and empty lines do not reach JavaScript

interface Page { readonly pfn: number }

class Frame {
  constructor(readonly page: Page) {}

  map(): never {
    throw new TypeError('frame ' + this.page.pfn);
  }
}

const frame = new Frame({ pfn: 3 });

frame.map();`);
  expect(traceback(cell)).toEqual([
    'TypeError: frame 3',
    '    at Frame.map (Cell #, line 9)',
    '    at Cell #, line 15',
  ]);
});

test('the traceback follows functions of earlier cells and awaits', async () => {
  const cell = await run(`async function deep(): Promise<never> {
  await null;
  throw new Error('deep');
}
1`);
  const count = cell.reply.execution_count as number;
  const failing = await run(`async function middle() { await deep() }

await middle();`);
  expect(traceback(failing)).toEqual([
    'Error: deep',
    `    at deep (Cell [${count}], line 3)`,
    '    at async middle (Cell #, line 1)',
    '    at Cell #, line 3',
  ]);
});

test('a line behind variables that are exported in place is still the right one', async () => {
  const cell = await run(`let a = 1;
let b = 2, c = 3;

let d = (() => { throw new Error('in an initialiser') })();`);
  expect(traceback(cell).slice(1)).toEqual(['    at Cell #, line 4', '    at Cell #, line 4']);
});

test('frames of Node, tslab and the kernel stay out; those of libraries stay, without the path of this machine', async () => {
  const cell = await run(`import { mean } from 'mathjs';
import fs from 'node:fs';
try { fs.readFileSync('missing') } catch (err) { console.log((err as Error).stack) }
mean('x' as any);`);
  expect(cell.text()).toMatch(/^Error: ENOENT: [^\n]*\n {4}at Cell \[\d+\], line 3\n$/);
  const frames = traceback(cell).filter((line) => line.startsWith('    at '));
  expect(frames[0]).toMatch(/^ {4}at .*\(mathjs\/lib\/.*:\d+\)$/);
  expect(frames.join('\n')).not.toMatch(/node:|tslab|\/notebook\/kernel\/|node_modules/);
});

test('the cause and further properties of an error are shown', async () => {
  const cell = await run(
    `throw Object.assign(new Error('outer', { cause: new Error('inner') }), { pfn: 7 })`,
  );
  expect(traceback(cell).join('\n')).toMatch(/^Error: outer[^]*pfn: 7[^]*\[cause\]: Error: inner/);
});

test('what is thrown need not be an error', async () => {
  for (const [code, ename, evalue] of [
    [`throw 'text'`, 'string', `'text'`],
    ['throw null', 'null', 'null'],
    ['throw { a: 1 }', 'Object', '{ a: 1 }'],
  ]) {
    expect((await run(code!)).reply).toMatchObject({ status: 'error', ename, evalue });
  }
});

test('a type error names its line, shows it, and nothing of the cell runs', async () => {
  const cell = await run(`console.log('ran');
const pages: number = 'many';`);
  expect(cell.text()).toBe('');
  expect(cell.reply.ename).toBe('TypeScriptError');
  expect(cell.reply.evalue).toMatch(
    /^Type 'string' is not assignable to type 'number'\. \(TS2322; Cell \[\d+\], line 2\)$/,
  );
  expect(traceback(cell)).toEqual([
    `TypeScriptError: Cell #, line 2: Type 'string' is not assignable to type 'number'. (TS2322)`,
    `  2 | const pages: number = 'many';`,
    '    |       ^^^^^',
  ]);
});

test('each type error is shown, with the reasons that TypeScript gives', async () => {
  const cell = await run(`const a: { b: { c: number } } = {} as { b: { c: string } };
missing();`);
  expect(traceback(cell)).toEqual([
    expect.stringMatching(/^TypeScriptError: Cell #, line 1: Type .* \(TS2322\)$/),
    expect.stringContaining('  1 | const a'),
    expect.stringMatching(/^ {4}\| +\^+$/),
    `  The types of 'b.c' are incompatible between these types.`,
    `  Type 'string' is not assignable to type 'number'.`,
    `TypeScriptError: Cell #, line 2: Cannot find name 'missing'. (TS2304)`,
    '  2 | missing();',
    '    | ^^^^^^^',
  ]);
});

test('a syntax error is called one', async () => {
  expect((await run('let x = ;')).reply).toMatchObject({ status: 'error', ename: 'SyntaxError' });
});

test('an error in a file beside the notebook names that file', async () => {
  writeFileSync(
    join(session.folder, 'beside.ts'),
    'export const one = 1;\nexport const two: string = one;\n',
  );
  const cell = await run(`import { two } from './beside'; two`);
  expect(cell.reply.evalue).toMatch(/\(TS2322; beside\.ts, line 2\)$/);
});

test('an import of a missing package is explained, and works once the package is there', async () => {
  const code = `import { answer } from 'late-package';\nanswer`;
  const { reply } = await run(code);
  expect(reply.evalue).toMatch(/^Cannot find module 'late-package' .* \(TS2307; Cell \[\d+\], line 1\)$/);
  writePackage('late-package', `exports.answer = 42;`, 'export declare const answer: number;');
  expect((await run(code)).result).toBe('42');
});

function writePackage(name: string, code: string, types: string): void {
  const folder = join(session.folder, 'node_modules', name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name, main: 'index.js', types: 'index.d.ts' }),
  );
  writeFileSync(join(folder, 'index.js'), code);
  writeFileSync(join(folder, 'index.d.ts'), types);
}

test('a rejection that nobody handles fails the cell that caused it', async () => {
  const cell = await run(`void Promise.reject(new Error('nobody cares'));
console.log('went on');`);
  expect(cell.text()).toBe('went on\n');
  expect(cell.reply).toMatchObject({ status: 'error', ename: 'Error', evalue: 'nobody cares' });
  expect(traceback(cell)[1]).toBe('    at Cell #, line 1');
});

test('a rejection that is handled in time fails nothing', async () => {
  const cell = await run(`const failing = Promise.reject(new Error('handled'));
await null;
failing.catch(() => console.log('caught'));
await null;`);
  expect([cell.reply.status, cell.text()]).toEqual(['ok', 'caught\n']);
});

test('an exception in a timer fails the cell while it runs', async () => {
  const cell = await run(`setTimeout(() => { throw new Error('in a timer') }, 1);
await new Promise((resolve) => setTimeout(resolve, 20));
console.log('went on');`);
  expect([cell.reply.evalue, cell.text()]).toEqual(['in a timer', 'went on\n']);
});

test('late output, exceptions and rejections show in the cell that caused them, though another one runs', async () => {
  const early = await run(`const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
setTimeout(() => console.log('late log'), 30);
setTimeout(() => { throw new Error('late exception') }, 40);
later(50).then(() => { throw new Error('late rejection') });
(async () => { await later(60); process.stdout.write('late await') })();
0`);
  const other = await run(`console.log('own'); await later(100); console.log('output')`);
  await early.until((cell) => cell.text().includes('late await'));
  expect(other.text()).toBe('own\noutput\n');
  expect(other.reply.status).toBe('ok');
  expect(early.reply.status).toBe('ok');
  expect(early.text()).toBe('late log\nlate await');
  expect(early.all('error').map(({ evalue }) => evalue)).toEqual(['late exception', 'late rejection']);
});

test('a cell that waits for a promise of an earlier cell keeps its own output', async () => {
  const early = await run(
    `const soon = new Promise<void>((resolve) => setTimeout(() => { console.log('early'); resolve() }, 30));`,
  );
  const { cell, ended } = start(`await soon; console.log('mine')`);
  await ended;
  expect([early.text(), cell.text()]).toEqual(['early\n', 'mine\n']);
});

test('functions see what later cells assign to their variables', async () => {
  await run(`let count = 0;
let { step, limits: [low] } = { step: 1, limits: [0] };
function next() { count += step; return [count, low]; }`);
  expect((await run('next()')).result).toBe('[ 1, 0 ]');
  expect((await run('count = 10; step = 5; low = -1; next()')).result).toBe('[ 15, -1 ]');
  expect((await run('count')).result).toBe('15');
});

test('state, types and redeclaration carry over from cell to cell', async () => {
  await run(`const page = 1; type Kind = 'anon' | 'file'; enum Zone { DMA, Normal }`);
  expect((await run(`const kind: Kind = 'anon'; [page, kind, Zone.Normal]`)).result).toBe(`[ 1, 'anon', 1 ]`);
  expect((await run(`const page = 'again'; page.length`)).result).toBe('5');
});

test('a property that a pattern renames may be called like a variable of an earlier cell', async () => {
  await run('const rows: { pid: number }[] = [{ pid: 1 }]; const pid = 7;');
  expect((await run('const { pid: first } = rows[0]; [first, pid]')).result).toBe('[ 1, 7 ]');
  expect((await run('for (const { pid: each } of rows) console.log(each)')).text()).toBe('1\n');
});

test('a property may be written as the name of a variable of an earlier cell alone', async () => {
  await run(`let release = '6.1'; let arch = 'x86_64';`);
  expect((await run('({ release, arch })')).result).toBe(`{ release: '6.1', arch: 'x86_64' }`);
  expect((await run('({ release, globalThis }).release')).result).toBe('6.1');
  await run(`({ release, arch = 'arm64' } = { release: '6.12', arch: undefined } as any);`);
  expect((await run('[release, arch]')).result).toBe(`[ '6.12', 'arm64' ]`);
  expect((await run('{ const release = 1; console.log({ release }); }')).text()).toBe('{ release: 1 }\n');
});

test('for await works at the top of a cell', async () => {
  const cell = await run(`async function* pages() { yield 1; yield 2 }
for await (const page of pages()) console.log(page);`);
  expect([cell.reply.status, cell.text()]).toEqual(['ok', '1\n2\n']);
});

test('a cell may change the working directory, and is told when it cannot', async () => {
  const cell = await run(`import { basename } from 'node:path';
process.chdir('node_modules');
const there = basename(process.cwd());
process.chdir('..');
there`);
  expect(cell.result).toBe('node_modules');
  expect((await run(`process.chdir('nowhere')`)).reply.evalue).toContain('ENOENT');
});
