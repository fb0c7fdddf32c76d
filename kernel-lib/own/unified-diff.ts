import { InputError } from '../base/error.js';
import type { SourceEdit } from './own-patch.js';

/** `@@ -10,7 +10,8 @@`: how many lines of the old and of the new text follow, 1 where it does not say. */
const HUNK = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/;

/**
 * Reads a unified diff, as `git diff` and `diff -u` write it, each hunk as an edit of its own. Where a hunk applies is
 * told by its lines alone, so they must occur once.
 *
 * @param name of the diff, for messages
 * @throws InputError for a hunk without a file or with too few lines, for files that come or go, and for no hunk at all
 */
export function editsOfDiff(name: string, text: string): SourceEdit[] {
  const lines = text.split('\n');
  const edits: SourceEdit[] = [];
  let file: string | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (line.startsWith('+++ ')) file = changedFile(`${name}:${at + 1}`, lines[at - 1] ?? '', line);
    const hunk = HUNK.exec(line);
    if (hunk === null) continue;
    const where = `${name}:${at + 1}`;
    if (file === undefined)
      throw new InputError(`${where}: a hunk of no file; a line '+++ b/kernel-lib/…' tells it`);
    const [, nrOld = '1', nrNew = '1'] = hunk;
    const { read, ...edit } = readHunk(where, lines.slice(at + 1), Number(nrOld), Number(nrNew));
    edits.push({ file, ...edit });
    at += read;
  }
  if (edits.length === 0)
    throw new InputError(`${name} holds no hunk; allowed: a unified diff, as git diff writes it`);
  return edits;
}

/** The path below kernel-lib/ that a pair of header lines names. */
function changedFile(where: string, before: string, after: string): string {
  if (/^(---|\+\+\+) \/dev\/null/m.test(`${before}\n${after}`))
    throw new InputError(`${where}: a file comes or goes; allowed: changes to those that there are`);
  return after
    .slice('+++ '.length)
    .split('\t')[0]!
    .trim()
    .replace(/^b\//, '')
    .replace(/^kernel-lib\//, '');
}

function readHunk(where: string, lines: readonly string[], nrOld: number, nrNew: number) {
  const before: string[] = [];
  const after: string[] = [];
  let read = 0;
  while (before.length < nrOld || after.length < nrNew) {
    const line = lines[read++];
    // An empty line of context is often sent without its blank.
    const [sign, rest] = line === '' ? [' ', ''] : [line?.[0], line?.slice(1) ?? ''];
    if (sign === '\\') continue;
    if (sign !== ' ' && sign !== '-' && sign !== '+')
      throw new InputError(`${where}: the hunk ends before its ${nrOld} old and ${nrNew} new lines`);
    if (sign !== '+') before.push(rest);
    if (sign !== '-') after.push(rest);
  }
  return { read, old: before.join('\n'), new: after.join('\n') };
}
