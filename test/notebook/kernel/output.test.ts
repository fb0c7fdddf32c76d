import { expect, test } from 'vitest';
import { useKernel } from './session.js';

const { run, start } = useKernel();

test('20,000 lines of one cell arrive complete and in order', async () => {
  const { reply, ...cell } = await run('for (let i = 0; i < 20_000; i++) console.log(`line ${i}`)').then(
    (seen) => ({
      reply: seen.reply,
      lines: seen.text().split('\n'),
      messages: seen.messages.length,
    }),
  );
  expect(reply.status).toBe('ok');
  expect(cell.lines).toEqual([...Array.from({ length: 20_000 }, (_, i) => `line ${i}`), '']);
  // Gathered: nobody wants a message per line.
  expect(cell.messages).toBeLessThan(2_000);
});

test('100,000 lines of one cell arrive complete and in order', async () => {
  const cell = await run('for (let i = 0; i < 100_000; i++) console.log(i)');
  const lines = cell.text().split('\n');
  expect(lines).toHaveLength(100_001);
  expect(lines.findIndex((line, i) => line !== String(i))).toBe(100_000);
});

test('more messages than a socket takes at once arrive complete and in order', async () => {
  const cell = await run('for (let i = 0; i < 3_000; i++) { console.log(i); console.error(i) }');
  const numbers = (name: 'stdout' | 'stderr') => cell.text(name).trim().split('\n').map(Number);
  expect(numbers('stdout')).toEqual(Array.from({ length: 3_000 }, (_, i) => i));
  expect(numbers('stderr')).toEqual(numbers('stdout'));
  expect(cell.reply.status).toBe('ok');
});

test('50 MB arrive whole, also as one line, without tearing a character apart', async () => {
  const cell = await run(`process.stdout.write('x' + '😀'.repeat(12_500_000) + 'y')`);
  const text = cell.text();
  expect(text.length).toBe(25_000_002);
  expect(text.startsWith('x😀') && text.endsWith('😀y')).toBe(true);
  const torn = cell.all('stream').filter((content) => /\p{Surrogate}/u.test(content.text as string));
  expect(torn).toEqual([]);
});

test('output is seen while a loop still runs', async () => {
  const { cell, ended } = start(`console.log('begun');
const gate = new Int32Array(new SharedArrayBuffer(4));
(globalThis as any).turns = 0;
while ((globalThis as any).turns++ < 30) Atomics.wait(gate, 0, 0, 100);
console.log('ended');`);
  await cell.until(() => cell.text().includes('begun'));
  expect(cell.text()).not.toContain('ended');
  await ended;
  expect(cell.text()).toBe('begun\nended\n');
});

test('bytes of one character may be written in two pieces', async () => {
  const cell = await run(`process.stdout.write(Buffer.from([0xe2, 0x82]));
process.stdout.write(Buffer.from([0xac]));
await new Promise((resolve) => process.stdout.write('!', resolve as () => void));`);
  expect(cell.text()).toBe('€!');
});

const SHOW = `const show = (globalThis as any)[Symbol.for('faultbook.display')];
const rich = (bundle: unknown) => ({ [Symbol.for('faultbook.mimeBundle')]: () => bundle });`;

test('a value with forms of its own is one bundle, as a result and in the middle of a cell', async () => {
  await run(SHOW);
  const forms = { 'text/html': '<b>x</b>', 'text/plain': 'x' };
  const cell = await run(`const x = rich(${JSON.stringify(forms)});
show(x);
console.log('between');
x`);
  expect(cell.types().slice(1)).toEqual(['display_data', 'stream', 'execute_result']);
  expect(cell.all('display_data')[0]!.data).toEqual(forms);
  expect(cell.all('execute_result')[0]!.data).toEqual(forms);
});

test('a bundle that has to be awaited keeps its place, and the cell ends after it', async () => {
  await run(SHOW);
  const cell =
    await run(`show(rich(new Promise((resolve) => setTimeout(resolve, 50, { 'text/html': 'slow' }))));
console.log('after');
show('plain');`);
  expect(cell.types().slice(1)).toEqual(['display_data', 'stream', 'display_data']);
  expect(cell.all('display_data').map(({ data }) => data['text/html'] ?? data['text/plain'])).toEqual([
    'slow',
    'plain',
  ]);
});

test('a form that cannot be made fails the cell', async () => {
  await run(SHOW);
  for (const bundle of [`Promise.reject(new Error('no form'))`, `{ 'application/json': 10n }`, '3']) {
    const { reply } = await run(`show(rich(${bundle}))`);
    expect(reply.status).toBe('error');
  }
});

test('bytes travel as base64, and every bundle has a text form', async () => {
  await run(SHOW);
  const [content] = (await run(`rich({ 'image/png': new Uint8Array([1, 2, 3]) })`)).all('execute_result');
  expect(content!.data['image/png']).toBe('AQID');
  expect(content!.data['text/plain']).toBeTypeOf('string');
});

test(`the library's figures come with a picture for every front end`, async () => {
  const cell = await run(`import { display, Figure } from 'faultbook';
const figure = new Figure({ title: 'Faults', data: [{ type: 'bar', x: ['minor'], y: [3] }], text: 'minor 3' });
display(figure);
figure`);
  expect(cell.reply.status).toBe('ok');
  for (const type of ['display_data', 'execute_result']) {
    expect(Object.keys(cell.all(type)[0]!.data).sort()).toEqual([
      'application/vnd.plotly.v1+json',
      'image/svg+xml',
      'text/html',
      'text/plain',
    ]);
  }
});

test(`tslab's own displays work and update`, async () => {
  const cell = await run(`import { display, newDisplay } from 'tslab';
display.html('<i>i</i>');
const progress = newDisplay();
progress.text('1 of 2');
progress.text('2 of 2');`);
  expect(cell.types().slice(1)).toEqual(['display_data', 'display_data', 'update_display_data']);
  const [, first] = cell.all('display_data');
  expect(cell.all('update_display_data')[0]!.transient).toEqual(first!.transient);
});

test('promises and timers print without their bookkeeping, the same in every run', async () => {
  expect((await run('Promise.resolve(3)')).result).toBe('Promise { 3 }');
  expect((await run('[setTimeout(() => {}), setImmediate(() => {})]')).result).toBe(
    '[ Timeout {}, Immediate {} ]',
  );
});

test('warnings of Node about its own experiments stay out of the outputs', async () => {
  const cell = await run(`import { VmBug } from 'faultbook'; new VmBug('x').message`);
  expect([cell.text('stderr'), cell.result]).toEqual(['', 'x']);
});
