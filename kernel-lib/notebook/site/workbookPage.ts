import { escapeHtml } from '../../view/html.js';
import { WIDGET_START } from '../../view/widget.js';
import type { Notebook } from '../nbformat.js';
import { hasExercises } from '../student-edition.js';
import { LIVE_BAR, cellId, cellsHtml, failedCells, isLive, type CellPlace } from './cells.js';
import { documentHtml, type Document } from './document.js';
import type { Entry, SitePage } from './entry.js';
import { href, pagePath, studentPath } from './paths.js';

/** The page of one workbook. */
export async function workbookHtml(
  { path, notebook }: SitePage & { readonly notebook: Notebook },
  entries: readonly Entry[],
  place: CellPlace,
): Promise<string> {
  const here = entries.findIndex(({ page }) => page === pagePath(path));
  const { page, title, firstSentence } = entries[here] as Entry & { page: string };
  const cells = await cellsHtml(notebook, place);
  const live = isLive(notebook);
  const hasHeading = /<h1\b/.test(cells);
  return documentHtml({
    path: page,
    title,
    description: firstSentence,
    needs: {
      plotly: cells.includes('class="faultbook-figure"'),
      maths: cells.includes('class="katex'),
      live,
      ...(cells.includes(WIDGET_START) && { widgets: widgetsIn(cells) }),
    },
    main:
      (hasHeading ? '' : `<h1>${escapeHtml(title)}</h1>\n`) +
      failureNotice(notebook) +
      cells +
      `\n<p class="source"><a href="${href(page, hasExercises(notebook) ? studentPath(path) : path)}" download>This workbook as a notebook</a></p>` +
      (live ? `\n${LIVE_BAR}` : ''),
    ...neighbours(page, entries.slice(0, here).filter(hasPage).at(-1), entries.slice(here + 1).find(hasPage)),
  });
}

/** Names of the scripts that the widgets ask for. */
function widgetsIn(html: string): string[] {
  return [
    ...new Set(
      [...html.matchAll(/<div class="faultbook-widget" data-widget="(\w+)">/g)].map(([, name]) => name!),
    ),
  ];
}

type Neighbours = Pick<Document, 'above' | 'below'>;

function hasPage(entry: Entry): entry is Entry & { page: string } {
  return entry.page !== undefined;
}

/** Links to the workbooks before and after this one. */
function neighbours(from: string, previous: Entry | undefined, next: Entry | undefined): Neighbours {
  const link = (entry: Entry | undefined, rel: string, text: (title: string) => string): string =>
    entry?.page === undefined
      ? ''
      : `<a rel="${rel}" href="${href(from, entry.page)}">${text(escapeHtml(entry.title))}</a>`;
  const nav = (label: string, links: string): string => links && `<nav aria-label="${label}">${links}</nav>`;
  return {
    above: nav('Neighbours', link(previous, 'prev', () => '← Previous') + link(next, 'next', () => 'Next →')),
    below: nav(
      'Neighbours by title',
      link(previous, 'prev', (title) => `<span>Previous</span> ${title}`) +
        link(next, 'next', (title) => `<span>Next</span> ${title}`),
    ),
  };
}

function failureNotice(notebook: Notebook): string {
  const failed = failedCells(notebook);
  if (failed.length === 0) return '';
  const links = failed.map((cell) => {
    const name = cell.execution_count === null ? 'this one' : `cell ${cell.execution_count}`;
    return `<a href="#${encodeURIComponent(cellId(cell))}">${name}</a>`;
  });
  return `<p class="trouble" role="note">Not every cell of this workbook succeeded: see ${links.join(', ')}.</p>\n`;
}
