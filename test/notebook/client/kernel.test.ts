import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Kernel } from '../../../kernel-lib/notebook/client/kernel.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kernel-'));
  vi.stubEnv('TMPDIR', dir);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dir, { recursive: true });
});

/** Starts `argv` as if it were a kernel. */
function start(argv: readonly string[], signal = new AbortController().signal): Promise<Kernel> {
  return Kernel.start({ argv: () => argv, cwd: '.', signal });
}

const node = (script: string) => [process.execPath, '-e', script];

test.each([
  ['a command that is not there', ['/nowhere/node'], 'the kernel died (spawn /nowhere/node ENOENT)'],
  ['one that leaves', node('process.exit(5)'), 'the kernel died (exit code 5)'],
  ['one that is killed', node('process.kill(process.pid, "SIGKILL")'), 'the kernel died (SIGKILL)'],
  [
    'one that says why it ends',
    node('console.error("FATAL ERROR: no memory"); process.exit(5)'),
    'the kernel died (no memory)',
  ],
])('%s is no kernel, and its connection file goes', async (_what, argv, message) => {
  await expect(start(argv)).rejects.toThrow(message);
  expect(readdirSync(dir)).toEqual([]);
});

test('a start that is called off ends the process', async () => {
  const stop = new AbortController();
  const kernel = start(node('setInterval(() => {}, 1000)'), stop.signal);
  stop.abort();
  await expect(kernel).rejects.toThrow('the kernel died (SIGKILL)');
  await expect(start(node(''), stop.signal)).rejects.toThrow('This operation was aborted');
});
