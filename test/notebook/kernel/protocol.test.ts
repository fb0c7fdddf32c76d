import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useKernel } from './session.js';

const session = useKernel();
const { run, start, ask } = session;

test('the kernel says that it speaks TypeScript, and which', async () => {
  const {
    protocol_version: protocol,
    implementation,
    language_info: language,
  } = session.kernel.info as never;
  expect([protocol, implementation]).toEqual(['5.3', 'faultbook']);
  expect(language).toMatchObject({ name: 'typescript', mimetype: 'text/typescript', file_extension: '.ts' });
  expect((language as { version: string }).version).toBe((await run(VERSION)).result);
});

const VERSION = `import { versions } from 'tslab';
versions.typescript`;

test('a cell publishes its input, its streams and its result, in this order', async () => {
  const { messages, reply, ...cell } = await run(`console.log('out'); console.error('err'); [1, 2]`);
  expect(messages.map(({ header }) => header.msg_type)).toEqual([
    'execute_input',
    'stream',
    'stream',
    'execute_result',
  ]);
  const count = reply.execution_count as number;
  expect(reply).toMatchObject({ status: 'ok', payload: [], user_expressions: {} });
  expect(messages[0]!.content).toMatchObject({ execution_count: count });
  expect(messages[1]!.content).toEqual({ name: 'stdout', text: 'out\n' });
  expect(messages[2]!.content).toEqual({ name: 'stderr', text: 'err\n' });
  expect(messages[3]!.content).toEqual({
    execution_count: count,
    data: { 'text/plain': '[ 1, 2 ]' },
    metadata: {},
  });
  expect(cell).toBeDefined();
});

test('a cell without a last expression has no result, and neither has undefined', async () => {
  for (const code of ['const quiet = 1;', 'undefined', '', '// nothing']) {
    expect((await run(code)).types()).toEqual(['execute_input']);
  }
});

test('each counted cell has the next number; a silent one has none and shows nothing', async () => {
  const first = (await run('1')).reply.execution_count as number;
  const silent = await ask('execute_request', { code: 'console.log(2); 2', silent: true });
  expect(silent).toMatchObject({ status: 'ok', execution_count: first });
  expect((await run('3')).reply.execution_count).toBe(first + 1);
});

test('requests that wait behind a failing cell are aborted, visibly, and later ones run', async () => {
  const go = join(session.folder, 'go');
  const failing = start(`import { existsSync } from 'node:fs';
while (!existsSync(${JSON.stringify(go)})) await new Promise((resolve) => setTimeout(resolve, 1));
throw new Error('stop')`);
  const behind = [start(`console.log('behind')`), start('1')];
  // The channel keeps the order: who is answered knows that what was sent before has come.
  await ask('kernel_info_request', {});
  writeFileSync(go, '');
  expect((await failing.ended).reply.status).toBe('error');
  for (const { ended } of behind) {
    const { reply, messages } = await ended;
    expect([reply.status, messages]).toEqual(['aborted', []]);
  }
  expect((await run('2')).result).toBe('2');
});

test('requests behind a cell that may fail run all the same', async () => {
  const failing = run(`throw new Error('go on')`, { stopOnError: false });
  const behind = run(`'ran'`);
  expect((await failing).reply.status).toBe('error');
  expect((await behind).result).toBe('ran');
});

test('a client that waits for the reply to a failing cell is never aborted', async () => {
  for (let i = 0; i < 20; i++) {
    expect((await run('nothing')).reply.status).toBe('error');
    expect((await run('1')).reply.status).toBe('ok');
  }
});

test('the history knows the inputs, by range, from the end, and by pattern', async () => {
  const line = (await run(`'first of history'`)).reply.execution_count as number;
  await run(`'second of history'`);
  const history = async (content: object) =>
    (await ask('history_request', { output: false, ...content })).history;
  const both = [
    [0, line, `'first of history'`],
    [0, line + 1, `'second of history'`],
  ];
  expect(await history({ hist_access_type: 'tail', n: 2 })).toEqual(both);
  expect(await history({ hist_access_type: 'range', start: line, stop: line + 1 })).toEqual([both[0]]);
  expect(await history({ hist_access_type: 'search', pattern: `'sec*', n: 5` })).toEqual([]);
  expect(await history({ hist_access_type: 'search', pattern: `'second*`, n: 5 })).toEqual([both[1]]);
});

test('completion, inspection and completeness work, also while a cell waits', async () => {
  await run(`const animal = { legs: 4, name: 'cat' };`);
  const waiting = start('await new Promise((resolve) => (globalThis as any).release = resolve)');
  await waiting.cell.until((cell) => cell.types().includes('execute_input'));
  const code = 'animal.le';
  const complete = await ask('complete_request', { code, cursor_pos: code.length });
  expect(complete).toMatchObject({ status: 'ok', matches: ['legs'], cursor_start: 7, cursor_end: 9 });
  const inspection = await ask('inspect_request', { code: 'animal', cursor_pos: 3, detail_level: 0 });
  expect(inspection.data['text/plain']).toContain('legs: number');
  expect(await ask('is_complete_request', { code: 'if (true) {' })).toEqual({
    status: 'incomplete',
    indent: '  ',
  });
  expect(await ask('is_complete_request', { code: '1 + 1' })).toEqual({ status: 'complete' });
  await ask('interrupt_request', {}, 'control');
  await waiting.ended;
});

test('the cursor counts characters, as Jupyter does, not UTF-16 units', async () => {
  const code = `'😀😀'.leng`;
  const reply = await ask('complete_request', { code, cursor_pos: [...code].length });
  expect(reply).toMatchObject({ matches: ['length'], cursor_start: 5, cursor_end: 9 });
});

test('there are no comms, and the kernel says so', async () => {
  expect(await ask('comm_info_request', {})).toEqual({ status: 'ok', comms: {} });
});

test('user expressions are answered, if only by a refusal', async () => {
  const reply = await ask('execute_request', { code: '1', user_expressions: { x: '1' } });
  expect(reply.user_expressions.x).toMatchObject({ status: 'error', ename: 'NotSupported' });
});
