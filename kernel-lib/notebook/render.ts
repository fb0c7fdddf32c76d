import { PLOTLY_MIME, type PlotlyFigure } from '../view/figure.js';
import type { MimeBundle } from '../view/mime.js';
import { DRAW_IF_PLOTLY, embedFigure, figureHtml, standaloneSvg } from './figureHtml.js';
import { drawFigure } from './plotly/drawing.js';

/**
 * Completes a bundle for every front end: a Plotly figure gains a static picture (`image/svg+xml`) and HTML that holds
 * the same picture. Forms that the bundle has already are kept, and bundles without a figure come back as they are.
 *
 * @throws Error when Plotly cannot draw the figure
 */
export async function renderBundle(bundle: MimeBundle): Promise<MimeBundle> {
  const figure = bundle[PLOTLY_MIME];
  if (!isPlotlyFigure(figure)) return bundle;
  const embedded = embedFigure(figure);
  const svg = await drawFigure(embedded.drawing);
  return {
    'text/plain': embedded.title || 'figure',
    'image/svg+xml': standaloneSvg(svg, embedded),
    'text/html': figureHtml(embedded, svg) + DRAW_IF_PLOTLY,
    ...bundle,
  };
}

/** Whether a value is what `application/vnd.plotly.v1+json` must hold. */
export function isPlotlyFigure(value: unknown): value is PlotlyFigure {
  if (typeof value !== 'object' || value === null) return false;
  const { data, layout } = value as Record<string, unknown>;
  return Array.isArray(data) && typeof layout === 'object' && layout !== null;
}
