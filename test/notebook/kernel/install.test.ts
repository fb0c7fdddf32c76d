import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { InputError } from '../../../kernel-lib/base/error.js';
import { installKernel, uninstallKernel } from '../../../kernel-lib/notebook/kernel/install.js';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'faultbook-'))));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('the kernelspec starts the launcher by absolute paths, in TypeScript', () => {
  const file = installKernel({ prefix: folder });
  expect(file).toBe(join(folder, 'share', 'jupyter', 'kernels', 'faultbook', 'kernel.json'));
  const spec = JSON.parse(readFileSync(file, 'utf8'));
  expect(spec).toMatchObject({ language: 'typescript', interrupt_mode: 'message' });
  const [node, ...rest] = spec.argv as string[];
  expect(isAbsolute(node!)).toBe(true);
  const launcher = rest.find((word) => word.endsWith('launcher.js'));
  expect(existsSync(launcher!)).toBe(true);
  expect(rest.slice(-2)).toEqual(['--connection-file', '{connection_file}']);
});

test('a user finds it where Jupyter looks, in a folder given by its variables or below the home', () => {
  vi.stubEnv('JUPYTER_DATA_DIR', join(folder, 'data'));
  expect(installKernel({ user: true })).toBe(join(folder, 'data', 'kernels', 'faultbook', 'kernel.json'));
});

test('a given folder holds it, and a folder of kernels gains one', () => {
  expect(installKernel({ dir: join(folder, 'mine') })).toBe(join(folder, 'mine', 'kernel.json'));
  const kernels = join(folder, 'kernels');
  expect(installKernel({ dir: kernels })).toBe(join(kernels, 'faultbook', 'kernel.json'));
});

test('installing again replaces the old kernelspec and leaves nothing else', () => {
  const file = installKernel({ dir: folder });
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, before.replace('launcher.js', 'an-older-launcher.js'));
  installKernel({ dir: folder });
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect(readdirSync(folder)).toEqual(['kernel.json']);
});

test('the kernelspec of another kernel stays', () => {
  const file = join(folder, 'kernel.json');
  writeFileSync(file, '{"display_name":"Python 3"}');
  expect(() => installKernel({ dir: folder })).toThrow(InputError);
  expect(() => uninstallKernel({ dir: folder })).toThrow('belongs to another kernel');
  expect(readFileSync(file, 'utf8')).toContain('Python 3');
});

test('a folder that cannot be written is named', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  expect(() => installKernel({ dir: join(file, 'below') })).toThrow(
    `${join(file, 'below', 'kernel.json')}: cannot`,
  );
});

test('uninstalling removes the kernelspec and its empty folder, and says when there is none', () => {
  mkdirSync(join(folder, 'share'));
  uninstallKernel({ prefix: (installKernel({ prefix: folder }), folder) });
  expect(readdirSync(join(folder, 'share', 'jupyter', 'kernels'))).toEqual([]);
  expect(() => uninstallKernel({ prefix: folder })).toThrow('nothing is installed');
});
