import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { useKernel } from './session.js';

// The notebook's folder is a new one below the system's temporary folder: nothing is installed there.
const session = useKernel();
const { run, ask } = session;

test('faultbook is found, with its types', async () => {
  const cell = await run(`import { VmBug, view } from 'faultbook';
const bug: VmBug = new VmBug('a page is mapped twice');
bug.message`);
  expect(cell.result).toBe('a page is mapped twice');
  const wrong = await run('const text: string = bug;');
  expect(wrong.reply.evalue).toContain(`Type 'VmBug' is not assignable to type 'string'. (TS2322`);
  const unknown = await run(`import { noSuchThing } from 'faultbook';`);
  expect(unknown.reply.evalue).toContain(`has no exported member 'noSuchThing'`);
});

test('every name that faultbook exports can be imported, and none of its types is lost', async () => {
  const all = await run(`import * as faultbook from 'faultbook';
Object.keys(faultbook).length > 0`);
  expect(all.result).toBe('true');
  const names = await run(`Object.keys(faultbook).filter((name) => name !== 'default').join(' ')`);
  for (const name of names.result!.split(' ')) {
    const code = `import { ${name} } from 'faultbook'; ${name}`;
    const { data } = await ask('inspect_request', { code, cursor_pos: code.length });
    expect([name, data['text/plain']]).not.toEqual([name, expect.stringMatching(/: any$|^any$/)]);
  }
});

test('faultbook is completed and inspected, in the import and behind it', async () => {
  const inImport = await ask('complete_request', {
    code: `import { VmB } from 'faultbook';`,
    cursor_pos: 12,
  });
  expect(inImport.matches).toContain('VmBug');
  const code = `import { VmBug } from 'faultbook';\nnew VmBug('x').mess`;
  const behind = await ask('complete_request', { code, cursor_pos: code.length });
  expect(behind.matches).toEqual(['message']);
  const hover = await ask('inspect_request', { code: `import { VmBug } from 'faultbook';`, cursor_pos: 11 });
  expect(hover.data['text/plain']).toContain('class VmBug');
  expect(hover.data['text/plain']).toContain('never the user');
});

test(`the package's own dependencies are there, with their types`, async () => {
  const cell = await run(`import { mean } from 'mathjs';
const middle: number = mean(1, 2, 6);
middle`);
  expect(cell.result).toBe('3');
  expect((await run(`const wrong: string = mean(1, 2)`)).reply.ename).toBe('TypeScriptError');
});

beforeAll(() => {
  writePackage('mathjs-plugin', {
    'package.json': JSON.stringify({
      name: 'mathjs-plugin',
      exports: {
        './units': { types: './types/units.d.ts', default: './code/units.mjs' },
        './hungry': { types: './types/hungry.d.ts', default: './code/hungry.cjs' },
      },
    }),
    'types/units.d.ts': 'export declare const pageSize: number;',
    'code/units.mjs': 'export const pageSize = 4096;',
    'types/hungry.d.ts': 'export declare const found: boolean;',
    'code/hungry.cjs': `let found = true; try { require('mathjs') } catch { found = false } exports.found = found;`,
  });
});

function writePackage(name: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = join(session.folder, 'node_modules', name, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, text);
  }
}

test(`a package of the notebook's folder may have nothing but exports, and be an ES module`, async () => {
  expect((await run(`import { pageSize } from 'mathjs-plugin/units'; pageSize`)).result).toBe('4096');
  expect((await run(`import { x } from 'mathjs-plugin/other';`)).reply.evalue).toContain('TS2307');
});

test(`packages of the notebook's folder do not see the dependencies of faultbook`, async () => {
  expect((await run(`import { found } from 'mathjs-plugin/hungry'; found`)).result).toBe('false');
});

test('a faultbook in the folder does not shadow the one that the kernel belongs to', async () => {
  writePackage('faultbook', {
    'package.json': JSON.stringify({ name: 'faultbook', main: 'index.js', types: 'index.d.ts' }),
    'index.js': `exports.VmBug = class { message = 'impostor' };`,
    'index.d.ts': 'export declare class VmBug { message: string }',
  });
  expect((await run(`import { VmBug } from 'faultbook'; new VmBug('genuine').message`)).result).toBe(
    'genuine',
  );
});

test('files beside the notebook, JSON and modules of Node can be imported', async () => {
  writeFileSync(join(session.folder, 'pages.ts'), 'export const pages: number[] = [1, 2];\n');
  writeFileSync(join(session.folder, 'faults.json'), '{"minor": 3}');
  const cell = await run(`import { pages } from './pages';
import faults from './faults.json';
import { sep } from 'node:path';
[pages.length, faults.minor, sep.length]`);
  expect(cell.result).toBe('[ 2, 3, 1 ]');
});
