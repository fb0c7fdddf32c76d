import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { joinLines, type Notebook } from '../nbformat.js';
import { writeWholeFile } from '../wholeFile.js';
import { readNotebook } from './file.js';
import { libraryDigest } from './library-digest.js';

/** Says from what the notebooks in an output folder were made. */
const LIST = '.faultbook-run.json';

/** From what an executed notebook was made, and what it is. */
interface Made {
  /** Digest of the cells, the library and its data. */
  readonly from: string;
  /** Digest of the executed file. */
  readonly file: string;
}

/**
 * What an earlier run left in its folder. A notebook whose cells, library and data are what they were need not be run
 * again: every run gives the same outputs.
 */
export class LastRun {
  readonly #dir: string;
  readonly #made: Record<string, Made>;

  constructor(dir: string) {
    this.#dir = dir;
    this.#made = listIn(dir);
  }

  /** The executed notebook of an earlier run, if running it would give the same; else undefined. */
  executed(target: string, notebook: Notebook): Notebook | undefined {
    const made = this.#made[target];
    if (made === undefined || made.from !== digestOf(notebook)) return undefined;
    const path = join(this.#dir, target);
    return made.file === fileDigest(path) ? readNotebook(path) : undefined;
  }

  /** Remembers that `notebook` was run without a failure, and that its file has been written. */
  remember(target: string, notebook: Notebook): void {
    this.#made[target] = { from: digestOf(notebook), file: fileDigest(join(this.#dir, target))! };
  }

  /** Writes down what is remembered. */
  save(): void {
    const inOrder = Object.fromEntries(Object.entries(this.#made).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeWholeFile(join(this.#dir, LIST), JSON.stringify(inOrder, null, 1) + '\n');
  }
}

/** A list that is missing or damaged says nothing. */
function listIn(dir: string): Record<string, Made> {
  try {
    const list: unknown = JSON.parse(readFileSync(join(dir, LIST), 'utf8'));
    return typeof list === 'object' && list !== null ? { ...(list as Record<string, Made>) } : {};
  } catch {
    return {};
  }
}

/** Outputs and prompt numbers are what a run makes; everything else goes into it. */
function digestOf({ metadata: { language_info: _, kernelspec: __, ...metadata }, cells }: Notebook): string {
  const inputs = cells.map((cell) => [cell.cell_type, cell.id, cell.metadata, joinLines(cell.source)]);
  return sha256(JSON.stringify([libraryDigest(), metadata, inputs]));
}

function fileDigest(path: string): string | undefined {
  try {
    return sha256(readFileSync(path));
  } catch {
    return undefined;
  }
}

function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
