import { beforeAll, describe, expect, test } from 'vitest';
import { useKernel } from './session.js';

const session = useKernel();
const { run, start, ask } = session;

const LOOPS = {
  'a loop': 'console.log(1); for (;;) turns++;',
  'a loop after an await': 'console.log(1); await null;\nfor (;;) turns++;',
  'a loop after a timer': `console.log(1); await new Promise((resolve) => setTimeout(resolve, 1));
for (;;) turns++;`,
  'a loop in a timer': 'await new Promise(() => setTimeout(() => { console.log(1); for (;;) turns++; }));',
  'a loop in a microtask': 'await Promise.resolve().then(() => { console.log(1); for (;;) turns++; });',
  'endless awaits': 'console.log(1); for (;;) { turns++; await null; }',
  'a promise that nobody keeps': 'console.log(1); await new Promise(() => {});',
  'endless output': 'for (;;) console.log(turns++);',
  'a wait for another thread':
    'console.log(1); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);',
  'a loop that catches everything':
    'console.log(1); for (;;) { try { for (;;) turns++; } catch { } finally { turns++; } }',
} as const;

beforeAll(async () => void (await run('let turns = 1; const kept = { made: "before" };')));

const ways = {
  interrupt_request: () => ask('interrupt_request', {}, 'control'),
  SIGINT: () => session.kernel.interrupt(),
};

describe.each(Object.entries(ways))('%s stops', (_way, interrupt) => {
  test.each(Object.entries(LOOPS))('%s, and what cells made stays', async (_name, code) => {
    const { cell, ended } = start(code);
    await cell.until(() => cell.text() !== '');
    await interrupt();
    const { reply } = await ended;
    expect(reply).toMatchObject({
      status: 'error',
      ename: 'Interrupted',
      evalue: 'the cell was interrupted',
    });
    expect(cell.all('error')).toHaveLength(1);
    expect((await run('[turns > 0, kept.made]')).result).toBe(`[ true, 'before' ]`);
  });
});

test('an interrupted cell names the line that it was at', async () => {
  const { cell, ended } = start(LOOPS['a loop after an await']);
  await cell.until(() => cell.text() !== '');
  expect(await ask('interrupt_request', {}, 'control')).toEqual({ status: 'ok' });
  expect((await ended).reply.traceback).toEqual([
    'Interrupted: the cell was interrupted',
    `    at Cell [${(await ended).reply.execution_count}], line 2`,
  ]);
});

test('an interrupt without a running cell does nothing, also to a cell that comes at once', async () => {
  for (let i = 0; i < 20; i++) {
    expect(await ask('interrupt_request', {}, 'control')).toEqual({ status: 'ok' });
    expect((await run('for (let i = 0; i < 1e5; i++) turns++; 1 + 1')).result).toBe('2');
  }
});

test('a request is answered, and works, while a cell waits for a child process', async () => {
  const { cell, ended } = start(`import { execSync } from 'node:child_process';
console.log('begun');
execSync('sleep 1');
for (;;);`);
  await cell.until(() => cell.text() !== '');
  expect(await ask('interrupt_request', {}, 'control')).toEqual({ status: 'ok' });
  expect(cell.reply).toEqual({});
  expect((await ended).reply.ename).toBe('Interrupted');
});

test('a loop that sleeps between its turns does not go on in the background', async () => {
  const { cell, ended } = start(`import { setTimeout as sleep } from 'node:timers/promises';
setInterval(() => console.log('interval'), 1);
for (;;) { await sleep(1); console.log('turn'); }`);
  await cell.until(() => cell.text().includes('turn') && cell.text().includes('interval'));
  await ask('interrupt_request', {}, 'control');
  await ended;
  const printed = cell.text();
  await run('await new Promise((resolve) => setTimeout(resolve, 50));');
  expect(cell.text()).toBe(printed);
});

test('many interrupts stop one cell', async () => {
  const { cell, ended } = start(LOOPS['a loop after an await']);
  await cell.until(() => cell.text() !== '');
  await Promise.all(Array.from({ length: 5 }, () => ask('interrupt_request', {}, 'control')));
  expect((await ended).reply.ename).toBe('Interrupted');
  expect((await run('2 + 2')).result).toBe('4');
});

test('an interrupt that comes before the one before it has taken effect does not take its place', async () => {
  for (let i = 0; i < 30; i++) {
    const { cell, ended } = start(LOOPS['a loop after an await']);
    await cell.until(() => cell.text() !== '');
    await ask('interrupt_request', {}, 'control');
    await ended;
    await ask('interrupt_request', {}, 'control');
    expect((await run('2 + 2')).result).toBe('4');
  }
});

test('an interrupt that meets the compiler waits for it, and the cell does not run', async () => {
  const slow = `type Big<N extends number, T extends unknown[] = []> = T['length'] extends N ? T : Big<N, [...T, 0]>;
${Array.from({ length: 12 }, (_, i) => `let big${i}: Big<${500 + i}>['length'] = ${500 + i};`).join('\n')}
console.log('ran');`;
  const { cell, ended } = start(slow);
  await cell.until(() => cell.types().includes('execute_input'));
  await ask('interrupt_request', {}, 'control');
  const { reply } = await ended;
  expect([reply.ename, cell.all('error').length, cell.text()]).toEqual(['Interrupted', 1, '']);
  expect((await run('const after = 1; after')).result).toBe('1');
});

test('an interrupt that overtakes its cell stops it all the same', async () => {
  const left = await run(
    `setTimeout(() => { console.log('busy'); while (turns < 1e6) turns++; }, 1); turns = 0;`,
  );
  await left.until(() => left.text() !== '');
  const { cell, ended } = start(`console.log('ran'); for (;;);`);
  await cell.until(() => cell.types().includes('execute_input'));
  await ask('interrupt_request', {}, 'control');
  expect((await ended).reply.ename).toBe('Interrupted');
});

test('a loop that an earlier cell left behind is stopped, too', async () => {
  const left = await run(`setTimeout(() => { console.log('left behind'); for (;;); }, 1); 0`);
  await left.until(() => left.text() !== '');
  const next = start('3 + 3');
  await ask('interrupt_request', {}, 'control');
  await next.ended;
  expect((await run('4 + 4')).result).toBe('8');
});
