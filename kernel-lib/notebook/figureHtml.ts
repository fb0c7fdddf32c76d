import type { PlotlyFigure, PlotlyObject } from '../view/figure.js';
import { escapeHtml, scriptJson } from '../view/html.js';
import { FONT, INK } from '../view/template.js';
import { heightOf, STATIC_WIDTH } from './plotly/size.js';

/** A figure taken apart for a page: words as HTML, the drawing without them. */
export interface EmbeddedFigure {
  readonly title: string;
  readonly caption: string;
  /** In CSS pixels; absent where it may be as narrow as the page. */
  readonly minWidth?: number;
  /** The figure without its title, which a page sets above the drawing, where it can wrap. */
  readonly drawing: PlotlyFigure;
}

/** How the HTML of every figure begins. */
export const FIGURE_START = '<figure class="faultbook-figure"';

const MARGIN_WITHOUT_TITLE = 24;
const DEFAULT_MARGIN = { l: 56, r: 16, b: 48 };

/** Takes the words out of a figure. Also understands figures that were not made here. */
export function embedFigure(figure: PlotlyFigure): EmbeddedFigure {
  const { title, meta, ...layout } = figure.layout;
  const margin = {
    ...DEFAULT_MARGIN,
    ...(layout.margin as PlotlyObject | undefined),
    t: MARGIN_WITHOUT_TITLE,
  };
  const minWidth = fieldOf(meta, 'minWidth');
  return {
    title: textOf(title, 'text'),
    caption: textOf(meta, 'caption'),
    ...(typeof minWidth === 'number' && { minWidth }),
    drawing: { ...figure, layout: { ...layout, margin } },
  };
}

/** Plotly writes a title as a text or as an object that holds it. */
function textOf(value: unknown, field: string): string {
  const text = fieldOf(value, field) ?? value;
  return typeof text === 'string' ? text : '';
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, field) as unknown) : undefined;
}

/**
 * A figure as HTML that shows its static picture everywhere. Where the page has the Plotly library, its script finds
 * the figure's data inside and draws the interactive figure in the picture's place.
 *
 * @param svg the static picture of `figure.drawing`
 */
export function figureHtml({ title, caption, minWidth, drawing }: EmbeddedFigure, svg: string): string {
  const size = `--height:${heightOf(drawing)}px${minWidth === undefined ? '' : `;--min-width:${minWidth}px`}`;
  return (
    `${FIGURE_START} style="margin:0;max-width:${STATIC_WIDTH}px">` +
    (title && `<div class="faultbook-figure-title" style="font-weight:600">${escapeHtml(title)}</div>`) +
    `<div class="faultbook-figure-box" style="${size}">${responsive(svg, title)}</div>` +
    `<script type="application/json">${scriptJson(drawing)}</script>` +
    (caption && `<figcaption>${escapeHtml(caption)}</figcaption>`) +
    `</figure>`
  );
}

/** Draws over the static picture when the page brought Plotly along; never loads anything. */
export const DRAW_IF_PLOTLY =
  '<script>(function(s){if(!window.Plotly||!s)return;' +
  'var f=s.previousElementSibling,b=f.querySelector(".faultbook-figure-box"),' +
  'd=JSON.parse(f.querySelector("script").textContent);' +
  'b.textContent="";Plotly.newPlot(b,d.data,d.layout,d.config)})(document.currentScript)</script>';

/** A figure's HTML for a page whose own script draws the figures. */
export function withoutScript(html: string): string {
  return html.replace(DRAW_IF_PLOTLY, '');
}

/** Lets the picture shrink with its page and gives it a name for screen readers. */
function responsive(svg: string, title: string): string {
  const name = title ? ` role="img" aria-label="${escapeHtml(title)}"` : '';
  return svg.replace(/^<svg\b([^>]*?) width="\d+" height="\d+" style=""/, (_, rest: string) => {
    return `<svg${rest}${name} width="100%" style="display:block;height:auto"`;
  });
}

const TITLE_HEIGHT = 32;

/** A picture that carries its title itself, for viewers that show nothing but the SVG. */
export function standaloneSvg(svg: string, { title, drawing }: EmbeddedFigure): string {
  const total = heightOf(drawing) + TITLE_HEIGHT;
  const style = `font-family="${escapeHtml(FONT)}" font-size="16" font-weight="600" fill="${INK}"`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${STATIC_WIDTH}" height="${total}" ` +
    `viewBox="0 0 ${STATIC_WIDTH} ${total}"><title>${escapeHtml(title)}</title>` +
    `<text x="8" y="22" ${style}>${escapeHtml(title)}</text>` +
    `<g transform="translate(0,${TITLE_HEIGHT})">${svg}</g></svg>`
  );
}
