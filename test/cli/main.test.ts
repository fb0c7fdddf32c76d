import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultbook } from './faultbook.js';

test('a reader that has seen enough ends a command in silence', async () => {
  const recording = 'datasets/recordings/amd64-6.1-pins.jsonl.gz';
  const command = spawn(process.execPath, ['dist/cli/main.js', 'conform', '--verbose', recording]);
  let complaint = '';
  command.stderr.on('data', (text) => (complaint += String(text)));
  command.stdout.once('data', () => command.stdout.destroy());
  const [code] = (await once(command, 'close')) as [number];
  expect(complaint).toBe('');
  expect(code).toBe(0);
});

test('faultbook --version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await faultbook(['--version'], '.')).toMatchObject({ code: 0, stdout: `${version}\n` });
});
