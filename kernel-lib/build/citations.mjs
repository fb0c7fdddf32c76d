// What kernel functions cite, taken from their comments: a replay names them by it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The source that the build writes itself. The file that stands there has the type and is empty. */
export const CITATIONS = 'explore/citations.ts';

const form = /@kernel\s+(\S+)\s+(\S+)\s+\S+(?:(?!\*\/)[^])*\*\/\s*(?:export\s+)?function\s*\*?\s*(\w+)/g;

/**
 * @param {string} root absolute folder of the sources
 * @returns {string} the text of `explore/citations.ts`, with a line for each function that cites one of the kernel
 */
export function citationsSource(root) {
  /** @type {Map<string, string>} */
  const lines = new Map();
  const sources = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  );
  for (const path of sources.sort()) {
    const found = readFileSync(join(root, path), 'utf8').matchAll(form);
    for (const [, file, name, declared = ''] of found) lines.set(declared, JSON.stringify({ file, name }));
  }
  const entries = [...lines].map(([declared, cited]) => `  ${declared}: ${cited},\n`);
  return readFileSync(join(root, CITATIONS), 'utf8').replace('= {};', () => `= {\n${entries.join('')}};`);
}
