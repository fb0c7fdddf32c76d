import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installKernel } from '../../kernel-lib/notebook/kernel/install.js';
import type { Notebook, Output } from '../../kernel-lib/notebook/nbformat.js';
import { readNotebook } from '../../kernel-lib/notebook/run/file.js';
import { kernelspecMetadata } from '../../kernel-lib/notebook/run/language.js';
import { cleaner, normaliseOutput } from '../../kernel-lib/notebook/run/normalise.js';
import { runNotebooks } from '../../kernel-lib/notebook/run/run.js';
import { code, notebook } from './notebook.js';

const hasJupyter = spawnSync('jupyter', ['nbconvert', '--version']).status === 0;
if (!hasJupyter)
  console.warn('Jupyter (nbconvert, nbclient) is not installed: its agreement is not checked.');

let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), 'faultbook-jupyter-'))));
afterAll(() => rmSync(folder, { recursive: true }));

const subject: Notebook = {
  ...notebook(
    `const pages = new Map([['anon', 3], ['file', 4]]);\npages`,
    `console.log('out'); console.error('err'); 'text'`,
    'for (let i = 0; i < 20_000; i++) console.log(`line ${i}`);',
    code(`function fault(): never { throw new RangeError('beyond the stack') }\n\nfault();`, [
      'raises-exception',
    ]),
    code(`const wrong: string = pages.get('anon');`, ['raises-exception']),
    `await new Promise((resolve) => setTimeout(resolve, 10));\npages.size`,
    `import { display, Figure } from 'faultbook';
display(new Figure({ title: 'Pages', data: [{ type: 'bar', x: ['anon'], y: [3] }], text: 'anon 3' }));`,
    `import { newDisplay } from 'tslab';\nconst progress = newDisplay(); progress.text('1'); progress.text('2');`,
  ),
  metadata: { kernelspec: kernelspecMetadata() },
};

/** The outputs of each code cell, however many messages a stream took. */
function outputsOf(path: string, cwd: string): Output[][] {
  const clean = cleaner(cwd);
  return readNotebook(path).cells.map((cell) =>
    cell.cell_type === 'code' ? cell.outputs.map((output) => normaliseOutput(output, clean)) : [],
  );
}

function executeWithJupyter(path: string): string {
  installKernel({ prefix: folder });
  const out = join(folder, 'jupyter');
  const args = ['nbconvert', '--to', 'notebook', '--execute', '--output-dir', out, path];
  const env = {
    ...process.env,
    NO_COLOR: '1',
    JUPYTER_PATH: join(folder, 'share', 'jupyter'),
    // A trial of its own: nothing of the user's is read or written.
    ...Object.fromEntries(
      ['CONFIG', 'DATA', 'RUNTIME'].map((part) => [`JUPYTER_${part}_DIR`, join(folder, part)]),
    ),
  };
  const { status, stderr } = spawnSync('jupyter', args, { env, encoding: 'utf8' });
  expect(stderr).toContain('Writing');
  expect(status).toBe(0);
  return join(out, basename(path));
}

async function executeHeadless(path: string): Promise<string> {
  const outDir = join(folder, 'headless');
  const ignore = () => {};
  const { failed, refused } = await runNotebooks({
    paths: [path],
    outDir,
    timeout: 60,
    signal: new AbortController().signal,
    onStart: ignore,
    onCell: ignore,
    onNotebook: ignore,
  });
  expect([failed, refused]).toEqual([0, []]);
  return join(outDir, basename(path));
}

test.skipIf(!hasJupyter)(
  'jupyter nbconvert --execute gives the outputs of the headless client',
  async () => {
    const path = join(folder, 'agreement.ipynb');
    writeFileSync(path, JSON.stringify(subject));
    const headless = outputsOf(await executeHeadless(path), folder);
    const jupyter = outputsOf(executeWithJupyter(path), folder);
    expect(jupyter).toEqual(headless);
    expect(headless.map((outputs) => outputs.map(({ output_type: type }) => type))).toEqual([
      ['execute_result'],
      ['stream', 'stream', 'execute_result'],
      ['stream'],
      ['error'],
      ['error'],
      ['execute_result'],
      ['display_data'],
      ['display_data'],
    ]);
  },
  240_000,
);
