import type { Diagnostic } from 'tslab/dist/converter.js';
import type { CellError } from '../messages.js';
import { PACKAGE_ROOT } from './resolution.js';
import { cellPlace } from './stack.js';

/** TypeScript numbers what it finds while parsing below this, and what it finds about types from here on. */
const FIRST_TYPE_CODE = 2000;

/**
 * Describes why a cell did not compile: each diagnostic with its place and the line that it is about.
 *
 * @param diagnostics at least one, as tslab hands them out
 */
export function compileError(diagnostics: readonly Diagnostic[], code: string, cellName: string): CellError {
  const first = diagnostics[0]!;
  const ename = first.code < FIRST_TYPE_CODE ? 'SyntaxError' : 'TypeScriptError';
  const lines = code.split(/\r?\n/);
  return {
    ename,
    evalue: `${messageOf(first)} (TS${first.code}; ${placeOf(first, cellName)})`,
    traceback: diagnostics.flatMap((diagnostic, i) => {
      const before = diagnostics[i - 1];
      // tslab lists the reasons of a message after it, with the same place.
      if (before && isSamePlace(before, diagnostic)) return [`  ${messageOf(diagnostic)}`];
      const title = `${ename}: ${placeOf(diagnostic, cellName)}: ${messageOf(diagnostic)} (TS${diagnostic.code})`;
      return [title, ...(diagnostic.fileName ? [] : excerpt(diagnostic, lines))];
    }),
  };
}

/** The message without this machine's paths. */
function messageOf({ messageText }: Diagnostic): string {
  return messageText.replaceAll(PACKAGE_ROOT, 'faultbook');
}

function placeOf({ fileName, start }: Diagnostic, cellName: string): string {
  return cellPlace(fileName ?? cellName, start.line + 1);
}

function isSamePlace(a: Diagnostic, b: Diagnostic): boolean {
  return (
    (b.fileName ?? a.fileName) === a.fileName &&
    a.start.offset === b.start.offset &&
    a.end.offset === b.end.offset
  );
}

/** The line with its number, and below it a mark under what is wrong. */
function excerpt({ start, end }: Diagnostic, lines: readonly string[]): string[] {
  const line = lines[start.line];
  if (line === undefined) return [];
  const margin = `  ${start.line + 1} | `;
  const last = end.line === start.line ? end.character : line.length;
  const mark = '^'.repeat(Math.max(1, last - start.character));
  return [margin + line, `${' '.repeat(margin.length - 2)}| ${' '.repeat(start.character)}${mark}`];
}
