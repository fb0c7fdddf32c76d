import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputError } from '../../base/error.js';
import type { Cell, Notebook } from '../nbformat.js';
import { nbformatError } from '../nbformat-check.js';
import { notebookText } from '../nbformat-text.js';
import { writeWholeFile } from '../wholeFile.js';

const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * Reads a notebook of format 4 and brings it to 4.5: cells that have no id of their own get one from their position.
 *
 * @throws InputError when the file cannot be read, is not JSON, or is not a notebook
 */
export function readNotebook(path: string): Notebook {
  const document = parse(path);
  const format = (document as { nbformat?: unknown } | null)?.nbformat;
  if (typeof format !== 'number') {
    throw new InputError(`${path}: not a Jupyter notebook: it has no "nbformat" number`);
  }
  if (format !== 4) {
    throw new InputError(
      `${path}: is of notebook format ${format}; only format 4 is read (save it anew with Jupyter)`,
    );
  }
  const notebook = withCellIds(document as Notebook);
  const wrong = nbformatError(notebook);
  if (wrong) throw new InputError(`${path}: not a valid notebook: ${wrong}`);
  return notebook;
}

/**
 * Writes `notebook` in one step: other programs see the old file or the whole new one.
 *
 * @throws Error when `notebook` breaks the format
 */
export function writeNotebook(path: string, notebook: Notebook): void {
  const wrong = nbformatError(notebook);
  if (wrong) throw new Error(`${path}: the executed notebook is not valid: ${wrong}`);
  writeWholeFile(path, notebookText(notebook));
}

/**
 * Checks that files can be written into `dir`, without making it.
 *
 * @throws InputError when it or, where it is still to be made, the folder that will hold it is no folder or read-only
 */
export function checkOutputFolder(dir: string): void {
  let existing = resolve(dir);
  while (!existsSync(existing)) existing = dirname(existing);
  if (!statSync(existing).isDirectory())
    throw new InputError(`${dir}: is not a folder; the results need one (--out)`);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    throw new InputError(`${dir}: may not be written; choose another folder for the results (--out)`);
  }
}

function parse(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(BYTE_ORDER_MARK, '');
  } catch (err) {
    throw new InputError(`${path}: cannot be read (${(err as NodeJS.ErrnoException).code})`);
  }
  if (text.trim() === '') throw new InputError(`${path}: the file is empty; a notebook is a JSON document`);
  try {
    return JSON.parse(text);
  } catch (err) {
    const reason = (err as Error).message.replace(/\s+/g, ' ');
    throw new InputError(`${path}: not valid JSON: ${reason}`);
  }
}

/** Gives each cell an id that no other cell has; ids that are there and unique stay. */
function withCellIds(notebook: Notebook): Notebook {
  if (!Array.isArray(notebook.cells)) return notebook;
  const taken = new Set<string>(notebook.cells.map((cell) => cell?.id));
  const seen = new Set<string>();
  const cells = notebook.cells.map((cell: Cell, i): Cell => {
    if (cell?.id !== undefined && !seen.has(cell.id)) {
      seen.add(cell.id);
      return cell;
    }
    let id = `cell-${i + 1}`;
    while (taken.has(id)) id += '-x';
    taken.add(id);
    return { ...cell, id };
  });
  return { ...notebook, nbformat_minor: Math.max(notebook.nbformat_minor, 5), cells };
}
