import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useKernel } from './session.js';

// Each kernel starts without the types of Node, so the order of its tests matters.

describe('a kernel whose cells use the library alone', () => {
  const { run, ask } = useKernel();

  test('prints', async () => {
    expect((await run(`console.log('%d pages', 2)`)).text()).toBe('2 pages\n');
  });

  test('has the types of Node from the first cell that names something of it', async () => {
    await run('let pages = 3; interface Mapping { start: number }');
    const cell = await run('const mapping: Mapping = { start: pages }; Buffer.from([mapping.start]).length');
    expect(cell.result).toBe('1');
    const wrong = await run(`import { sep } from 'node:path'; const length: number = sep;`);
    expect(wrong.reply.evalue).toContain(`Type 'string' is not assignable to type 'number'`);
  });

  test('completes and inspects all of Node', async () => {
    const { matches } = await ask('complete_request', { code: 'console.group', cursor_pos: 13 });
    expect(matches).toContain('groupCollapsed');
    const { data } = await ask('inspect_request', { code: 'console.log', cursor_pos: 9 });
    expect(data['text/plain']).toContain('Prints to `stdout` with newline');
  });
});

describe('a kernel whose cells use other packages', () => {
  const session = useKernel();

  test('knows what they say of Node, though their declarations do not ask for its types', async () => {
    const place = join(session.folder, 'node_modules', 'page-bytes');
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'package.json'), JSON.stringify({ main: 'index.js', types: 'index.d.ts' }));
    writeFileSync(join(place, 'index.d.ts'), 'export declare const bytes: Buffer;');
    writeFileSync(join(place, 'index.js'), 'exports.bytes = Buffer.alloc(4096);');
    const wrong = await session.run(`import { bytes } from 'page-bytes'; const text: string = bytes.length;`);
    expect(wrong.reply.evalue).toContain(`Type 'number' is not assignable to type 'string'. (TS2322`);
    expect((await session.run(`import { bytes } from 'page-bytes'; bytes.length`)).result).toBe('4096');
  });
});
