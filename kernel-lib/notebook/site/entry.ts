import { posix } from 'node:path';
import { joinLines, type Notebook } from '../nbformat.js';
import { failedCells } from './cells.js';
import { abstractOf } from './markdown.js';
import { pagePath } from './paths.js';

/** One workbook of the site. */
export interface SitePage {
  /** Where the notebook lies below the site's folder, with forward slashes: `00-first-fault.ipynb`. */
  readonly path: string;
  /** The executed notebook; absent when there is none to show. */
  readonly notebook?: Notebook;
  /** Why there is no notebook, in one line. */
  readonly problem?: string;
}

/** What the rest of the site says about a page. */
export interface Entry {
  /** The page's path, absent when there is no page. */
  readonly page: string | undefined;
  /** The notebook's file name without its ending: what the command line and its series call it. */
  readonly name: string;
  readonly title: string;
  readonly firstSentence: string | undefined;
  /** What went wrong, for the index; absent when all is well. */
  readonly trouble: string | undefined;
}

export function entryOf({ path, notebook, problem }: SitePage): Entry {
  const name = posix.basename(path, '.ipynb');
  if (!notebook)
    return {
      page: undefined,
      name,
      title: name,
      firstSentence: undefined,
      trouble: problem ?? 'was not run',
    };
  const text = notebook.cells
    .filter((cell) => cell.cell_type === 'markdown')
    .map((cell) => joinLines(cell.source));
  const { title, firstSentence } = abstractOf(text.join('\n\n'));
  const nrFailed = failedCells(notebook).length;
  return {
    page: pagePath(path),
    name,
    title: notebook.metadata.title ?? title ?? name,
    firstSentence,
    trouble: nrFailed === 0 ? undefined : `${nrFailed} ${nrFailed === 1 ? 'cell' : 'cells'} failed`,
  };
}
