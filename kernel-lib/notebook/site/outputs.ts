import { stripVTControlCharacters } from 'node:util';
import { PLOTLY_MIME } from '../../view/figure.js';
import { escapeHtml } from '../../view/html.js';
import { FIGURE_START, withoutScript } from '../figureHtml.js';
import { joinLines, type ErrorOutput, type MimeBundle, type Multiline, type Output } from '../nbformat.js';
import { isPlotlyFigure, renderBundle } from '../render.js';
import { withoutParts } from '../widgetHtml.js';
import { imageSource } from './images.js';

/** Longer texts are cut on the page; the notebook keeps them whole. */
const SHOWN_CHARACTERS = 100_000;

/** One form of an output that a page can show. */
interface Form {
  readonly mime: string;
  /** The name by which the style sheet knows it. */
  readonly kind: string;
  readonly show: (bundle: MimeBundle, markdown: (source: string) => string) => string | Promise<string>;
}

/**
 * The order of preference: of a bundle's forms the page shows the first in this list. HTML is shown as it is, as every
 * notebook viewer does: it comes from code that the reader or its author ran.
 */
const FORMS: readonly Form[] = [
  { mime: PLOTLY_MIME, kind: 'plot', show: showFigure },
  { mime: 'text/html', kind: 'html', show: (bundle) => withoutParts(textAt(bundle, 'text/html')) },
  {
    mime: 'text/markdown',
    kind: 'markdown',
    show: (bundle, markdown) => markdown(textAt(bundle, 'text/markdown')),
  },
  { mime: 'image/svg+xml', kind: 'image', show: showImage },
  { mime: 'image/png', kind: 'image', show: showImage },
  { mime: 'image/jpeg', kind: 'image', show: showImage },
  {
    mime: 'text/latex',
    kind: 'markdown',
    show: (bundle, markdown) => markdown(textAt(bundle, 'text/latex')),
  },
  {
    mime: 'application/json',
    kind: 'text',
    show: (bundle) => pre(JSON.stringify(bundle['application/json'], null, 2)),
  },
  { mime: 'text/plain', kind: 'text', show: (bundle) => pre(textAt(bundle, 'text/plain')) },
];

/** One output of a cell as HTML; nothing for a bundle that holds no form a page can show. */
export async function outputHtml(output: Output, markdown: (source: string) => string): Promise<string> {
  if (output.output_type === 'stream') {
    return block(`stream ${output.name === 'stderr' ? 'stderr' : 'stdout'}`, pre(joinLines(output.text)));
  }
  if (output.output_type === 'error') return block('error', errorHtml(output));
  const form = FORMS.find(({ mime }) => mime in output.data);
  return form ? block(form.kind, await form.show(output.data, markdown)) : '';
}

function block(kind: string, content: string): string {
  // A wide table scrolls, by the keyboard too.
  const focus = kind === 'html' ? ' tabindex="0"' : '';
  return `<div class="output ${kind}"${focus}>${content}</div>`;
}

function textAt(bundle: MimeBundle, mime: string): string {
  return joinLines((bundle[mime] ?? '') as Multiline);
}

async function showFigure(bundle: MimeBundle): Promise<string> {
  const figure = bundle[PLOTLY_MIME];
  if (!isPlotlyFigure(figure)) return pre(textAt(bundle, 'text/plain'));
  const ready = 'text/html' in bundle ? textAt(bundle, 'text/html') : '';
  // HTML that another library made may load Plotly from the net, once for each figure.
  const html = ready.startsWith(FIGURE_START)
    ? ready
    : String((await renderBundle({ [PLOTLY_MIME]: figure }))['text/html']);
  if (!('text/plain' in bundle)) return withoutScript(html);
  const data = `<details class="figure-text"><summary>As text</summary>${pre(textAt(bundle, 'text/plain'))}</details>`;
  return withoutScript(html) + data;
}

function showImage(bundle: MimeBundle): string {
  const alt = 'text/plain' in bundle ? textAt(bundle, 'text/plain') : 'output of the cell above';
  return `<img src="${imageSource(bundle) ?? ''}" alt="${escapeHtml(alt)}">`;
}

function errorHtml({ ename, evalue, traceback }: ErrorOutput): string {
  const headline = `<p><strong>${escapeHtml(ename)}</strong>: ${escapeHtml(stripVTControlCharacters(evalue))}</p>`;
  const trace = traceback.join('\n');
  return headline + (trace.trim() === '' ? '' : pre(trace));
}

/** Text of a terminal as a page shows it: without colour codes, and of a line that was rewritten only the last state. */
function pre(text: string): string {
  const shown = stripVTControlCharacters(text.slice(0, SHOWN_CHARACTERS))
    .replace(/^.*\r(?=[^\r\n])/gm, '')
    .replaceAll('\r', '');
  const hidden = text.length - SHOWN_CHARACTERS;
  const note = hidden > 0 ? `<p class="cut">… ${hidden} more characters are in the notebook.</p>` : '';
  return `<pre tabindex="0">${escapeHtml(shown)}</pre>${note}`;
}
