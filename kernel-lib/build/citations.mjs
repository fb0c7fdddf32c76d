// What the comments of kernel-lib/ say about Linux: which function a piece of the model stands for, where the two
// differ, and what Linux does not have at all.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The source that the build writes itself. The file that stands there has the type and is empty. */
export const CITATIONS = 'explore/citations.ts';

/**
 * @typedef {object} Citation `@kernel FILE NAME RELEASE`, where RELEASE is a version or a commit
 * @property {string} source path below kernel-lib/
 * @property {number} line
 * @property {string} file of Linux
 * @property {string} name in that file
 * @property {string} release
 * @property {string | null} declared the function that the comment stands above, if it stands above one
 * @property {string | null} differs what `@differs` says
 */

/**
 * @typedef {object} Remark `MODEL:`, something that Linux does not have
 * @property {string} source
 * @property {number} line
 * @property {string} text
 */

const comment = /\/\*\*[^]*?\*\//g;
const tag = /@kernel\s+(\S+)\s+(\S+)\s+(v?\d[\w.-]*|[0-9a-f]{12,40})/g;
const declaration = /^\s*(?:export\s+)?(?:function\s*\*?\s*(\w+))?/;

/**
 * @param {string} source path below kernel-lib/
 * @param {string} text of the file
 * @returns {Citation[]}
 */
export function citationsOf(source, text) {
  return [...text.matchAll(comment)].flatMap((match) => {
    const behind = text.slice(match.index + match[0].length);
    const words = plain(match[0]);
    return [...words.matchAll(tag)].map(([, file, name, release]) => ({
      source,
      line: text.slice(0, match.index).split('\n').length,
      file: file ?? '',
      name: name ?? '',
      release: release ?? '',
      declared: declaration.exec(behind)?.[1] ?? null,
      differs: sentence(/@differs\s+([^]*?)(?=\s@\w|$)/.exec(words)?.[1]),
    }));
  });
}

/**
 * @param {string} source path below kernel-lib/
 * @param {string} text of the file
 * @returns {Remark[]}
 */
export function remarksOf(source, text) {
  return [...text.matchAll(comment)].flatMap((match) => {
    const said = sentence(/MODEL:\s+([^]*?)(?=\s@\w|$)/.exec(plain(match[0]))?.[1]);
    return said === null ? [] : [{ source, line: text.slice(0, match.index).split('\n').length, text: said }];
  });
}

/**
 * @param {string} root absolute folder of the sources
 * @returns {{ path: string, text: string }[]} every source, in the order of the paths
 */
export function sourcesOf(root) {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => /(?<!\.d)\.ts$/.test(path))
    .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(root, path), 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * @param {string} root absolute folder of the sources
 * @returns {string} the text of `explore/citations.ts`, with a line for each function that cites one of the kernel
 */
export function citationsSource(root) {
  const cited = sourcesOf(root).flatMap(({ path, text }) => citationsOf(path, text));
  /** @type {Map<string, string>} */
  const lines = new Map();
  for (const { source, declared, file, name } of cited) {
    const at = source.split('/').slice(-2).join('/').replace(/\.ts$/, '');
    if (declared !== null) lines.set(`${at}:${declared}`, JSON.stringify({ file, name }));
  }
  const entries = [...lines].map(([declared, place]) => `  '${declared}': ${place},\n`);
  return readFileSync(join(root, CITATIONS), 'utf8').replace('= {};', () => `= {\n${entries.join('')}};`);
}

/** @param {string} text a comment @returns {string} its words on one line */
function plain(text) {
  return text
    .replace(/^\/\*\*|\*\/$/g, '')
    .replace(/^\s*\*/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}

/** @param {string | undefined} words @returns {string | null} */
function sentence(words) {
  return words?.trim() || null;
}
