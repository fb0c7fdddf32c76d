import { joinLines, type Cell, type CodeCell, type Notebook } from '../nbformat.js';
import { escapeHtml } from '../../view/html.js';
import type { Highlight } from './highlight.js';
import type { Markdown, MarkdownPlace } from './markdown.js';
import { outputHtml } from './outputs.js';

/** The tools and surroundings with which a notebook's cells become HTML. */
export interface CellPlace extends Omit<MarkdownPlace, 'attachments'> {
  readonly highlight: Highlight;
  readonly markdown: Markdown;
}

/** All cells of a notebook, as HTML. */
export async function cellsHtml({ cells, metadata }: Notebook, place: CellPlace): Promise<string> {
  const language = languageOf(metadata);
  const parts: string[] = [];
  let number = 0;
  for (const cell of cells) {
    parts.push(
      cell.cell_type === 'code' ? await codeCell(cell, ++number, language, place) : textCell(cell, place),
    );
  }
  return parts.join('\n');
}

/** The language that pages can run. */
const LIVE_LANGUAGE = 'typescript';

/** What can be done with a cell; without scripts the style sheet hides them. */
function buttons(number: number): string {
  const button = (does: string, text: string): string =>
    `<button type="button" data-do="${does}" aria-label="${text}: cell ${number}">${text}</button>`;
  return `<div class="live">${button('run', 'Run')}${button('above', 'Run to here')}${button('edit', 'Edit')}</div>`;
}

/** Whether a page can run the cells of a notebook. */
export function isLive({ cells, metadata }: Notebook): boolean {
  return languageOf(metadata) === LIVE_LANGUAGE && cells.some(({ cell_type }) => cell_type === 'code');
}

/** Stands at the foot of the window. */
export const LIVE_BAR =
  '<div class="live-bar" role="region" aria-label="The machine in this page">' +
  '<button type="button" data-do="all">Run all</button>' +
  '<button type="button" data-do="stop" disabled>Stop</button>' +
  '<button type="button" data-do="reset">Reset</button>' +
  '<span role="status">The cells of this page run in your browser.</span></div>\n';

function languageOf({ language_info, kernelspec }: Notebook['metadata']): string {
  return language_info?.name ?? kernelspec?.language ?? 'typescript';
}

/** The page's name for a cell. */
export function cellId({ id }: Cell): string {
  return `cell-${id}`;
}

/** The cells whose error nobody expected. */
export function failedCells({ cells }: Notebook): CodeCell[] {
  return cells
    .filter((cell) => cell.cell_type === 'code')
    .filter(({ metadata, outputs }) => {
      const mayFail = metadata.tags?.includes('raises-exception') ?? false;
      return !mayFail && outputs.some(({ output_type }) => output_type === 'error');
    });
}

function textCell(cell: Exclude<Cell, CodeCell>, place: CellPlace): string {
  const source = joinLines(cell.source);
  const html =
    cell.cell_type === 'raw'
      ? `<pre tabindex="0">${escapeHtml(source)}</pre>`
      : place.markdown(source, { ...place, attachments: cell.attachments });
  return `<div class="cell ${cell.cell_type}" id="${escapeHtml(cellId(cell))}">${html}</div>`;
}

async function codeCell(cell: CodeCell, number: number, language: string, place: CellPlace): Promise<string> {
  const markdown = (source: string): string => place.markdown(source, { ...place, attachments: undefined });
  const outputs = await Promise.all(cell.outputs.map((output) => outputHtml(output, markdown)));
  const shown = outputs.filter((html) => html !== '');
  return (
    `<div class="cell code" id="${escapeHtml(cellId(cell))}">` +
    `<div class="prompt" aria-hidden="true">${cell.execution_count ?? ''}</div>` +
    (language === LIVE_LANGUAGE ? buttons(number) : '') +
    `<div class="input">${place.highlight(joinLines(cell.source), language)}</div>` +
    (shown.length > 0 ? `<div class="outputs">${shown.join('\n')}</div>` : '') +
    `</div>`
  );
}
