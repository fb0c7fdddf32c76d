import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { isJsonMime, joinLines, type MimeBundle, type Multiline, type Output } from '../nbformat.js';

/** Where Faultbook is installed: the folder of its package.json, seen from kernel-lib/ and from dist/ alike. */
const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url));

/** Stack frames of Node, of packages and of the kernel's own code: they say nothing about a cell. */
const FOREIGN_FRAME = /^ +at .*(?:\bnode:|[\\/]node_modules[\\/]|[\\/]notebook[\\/]kernel[\\/]).*(?:\n|$)/gm;

/** Node signs its warnings with the process id. */
const WARNING_PID = /^\(node:\d+\)/gm;

/** What Node shows of a timer or promise differs from run to run in these numbers. */
const RUN_NUMBER =
  /(_idleStart|\[Symbol\((?:asyncId|triggerId|async_id_symbol|trigger_async_id_symbol)\)\]): \d+/g;

/** A function from a text that a cell printed to the text that every machine would print. */
export type Cleaner = (text: string) => string;

/** Makes the cleaner for a notebook that runs in the folder `cwd`. */
export function cleaner(cwd: string): Cleaner {
  const places: [RegExp, string][] = [
    ...new Map([
      [homedir(), '~'],
      [PACKAGE, 'faultbook'],
      [realpathSync(cwd), '.'],
      [cwd, '.'],
    ]),
  ]
    .map(([path, name]): [string, string] => [path.replace(/[\\/]$/, ''), name])
    .filter(([path]) => path !== '')
    .sort(([a], [b]) => b.length - a.length)
    .map(([path, name]) => [placePattern(path), name]);
  return (text) => {
    const plain = stripVTControlCharacters(text)
      .replace(FOREIGN_FRAME, '')
      .replace(WARNING_PID, '(node)')
      .replace(RUN_NUMBER, '$1: 0');
    return places.reduce((out, [pattern, name]) => out.replace(pattern, name), plain);
  };
}

/** Matches `path` as whole path segments, also in a file URL. */
function placePattern(path: string): RegExp {
  const literal = path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`(?<![\\w./-])(?:file://)?${literal}(?![\\w-]|\\.\\w)`, 'g');
}

/** `output` with every text in it cleaned; pictures in binary form are kept as they are. */
export function normaliseOutput(output: Output, clean: Cleaner): Output {
  switch (output.output_type) {
    case 'stream':
      return { ...output, text: clean(joinLines(output.text)) };
    case 'error':
      return {
        ...output,
        ename: clean(output.ename),
        evalue: clean(output.evalue),
        traceback: clean(output.traceback.join('\n')).split('\n'),
      };
    default:
      return { ...output, data: normaliseBundle(output.data, clean) };
  }
}

function normaliseBundle(data: MimeBundle, clean: Cleaner): MimeBundle {
  const cleaned = Object.entries(data).map(([mime, value]): [string, unknown] => {
    if (isJsonMime(mime)) return [mime, cleanJson(value, clean)];
    const text = joinLines(value as Multiline);
    return [mime, isText(mime) ? clean(text) : text];
  });
  return Object.fromEntries(cleaned);
}

function cleanJson(value: unknown, clean: Cleaner): unknown {
  return JSON.parse(JSON.stringify(value), (_key, part) => (typeof part === 'string' ? clean(part) : part));
}

function isText(mime: string): boolean {
  return mime.startsWith('text/') || mime === 'image/svg+xml' || mime === 'application/javascript';
}
