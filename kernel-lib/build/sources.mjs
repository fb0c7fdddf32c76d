// The text of the library in the library, for kernels with patches of one's own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { sourcesOf } from './citations.mjs';

/** The source that the build writes itself. The file that stands there has the type and is empty. */
export const SOURCES = 'own/sources.ts';

/** Never part of a machine: they drive it, or they need Node. */
const around = ['bench/', 'build/', 'cli/', 'notebook/', 'own/', 'trace/node/'];

/**
 * @param {string} root absolute folder of the sources
 * @returns {string} the text of `own/sources.ts`
 */
export function sourcesSource(root) {
  const sources = sourcesOf(root)
    .filter(({ path }) => path.includes('/') && !path.endsWith('.fast.ts'))
    .filter(({ path }) => !around.some((folder) => path.startsWith(folder)))
    .map(({ path, text }) => [path, { text, script: script(text) }]);
  const json = JSON.stringify(Object.fromEntries(sources));
  return readFileSync(join(root, SOURCES), 'utf8').replace('= {};', () => `= ${json};`);
}

/** @param {string} text */
function script(text) {
  return transformSync(text, { loader: 'ts', format: 'cjs', target: 'es2022' }).code;
}
