import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Kernel, KernelDied } from '../../../kernel-lib/notebook/client/kernel.js';
import { kernelArgv } from '../../../kernel-lib/notebook/kernel/spec.js';
import { CellView } from './session.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'faultbook-notebook-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const startKernel = () =>
  Kernel.start({ argv: kernelArgv, cwd: folder, signal: new AbortController().signal });

test('process.exit ends the process, after everything that the cell printed', async () => {
  const kernel = await startKernel();
  const cell = new CellView();
  const death = kernel.execute(
    `for (let i = 0; i < 1000; i++) console.log(i);
process.exit(3);
console.log('unreachable');`,
    false,
    cell.add,
  );
  await expect(death).rejects.toThrow(KernelDied);
  await expect(death).rejects.toThrow('process.exit(3)');
  expect(cell.text().trim().split('\n')).toHaveLength(1000);
  expect(cell.text('stderr')).toBe('The kernel has ended: process.exit(3)\n');
  await kernel.close();
});

function withLittleMemory(connectionFile: string): string[] {
  const [node, ...rest] = kernelArgv(connectionFile);
  return [node!, '--max-old-space-size=200', ...rest];
}

test('a cell that takes all memory ends the process', async () => {
  const kernel = await Kernel.start({
    argv: withLittleMemory,
    cwd: folder,
    signal: new AbortController().signal,
  });
  const cell = new CellView();
  const death = kernel.execute(
    'const all: unknown[] = []; for (;;) all.push(new Array(1000).fill(0.5));',
    false,
    cell.add,
  );
  await expect(death).rejects.toThrow(KernelDied);
  await kernel.close();
});

test('a shutdown request ends a kernel in the midst of a loop', async () => {
  const kernel = await startKernel();
  const cell = new CellView();
  const running = kernel.execute(`console.log('loop'); await null; for (;;);`, false, cell.add);
  running.catch(() => {});
  await cell.until(() => cell.text() !== '');
  await kernel.close();
  await expect(running).rejects.toThrow('exit code 0');
});

test('a kernel does not outlive the process that started it, even when that is killed', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', STARTER], {
    cwd: folder,
    stdio: 'pipe',
  });
  const [pid] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
  expect(() => process.kill(Number(pid), 0)).not.toThrow();
  parent.kill('SIGKILL');
  await vi.waitFor(() => expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH'), { timeout: 30_000 });
});

const dist = new URL('../../../dist/notebook/', import.meta.url);
const STARTER = `import { Kernel } from '${dist}client/kernel.js';
import { kernelArgv } from '${dist}kernel/spec.js';
const kernel = await Kernel.start({ argv: kernelArgv, cwd: '.', signal: new AbortController().signal });
const print = ({ content }) => content.data && console.log(content.data['text/plain']);
await kernel.execute('process.pid', false, print);`;

test.each([
  ['missing.json', undefined, /missing\.json: .*ENOENT/],
  ['broken.json', '{', /broken\.json: .*JSON/],
  [
    'no-port.json',
    '{"ip":"127.0.0.1","transport":"tcp"}',
    /no-port\.json: "shell_port" must be a whole number/,
  ],
  [
    'strange.json',
    '{"ip":"x","transport":"carrier pigeon"}',
    /strange\.json: "transport" must be tcp or ipc/,
  ],
])('a launcher with the connection file %s says in one line what is wrong', async (name, text, complaint) => {
  const file = join(folder, name);
  if (text !== undefined) writeFileSync(file, text);
  const [node, ...args] = kernelArgv(file);
  const child = spawn(node!, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number];
  expect([code, stderr.trim().split('\n').length]).toEqual([2, 1]);
  expect(stderr).toMatch(complaint);
});
