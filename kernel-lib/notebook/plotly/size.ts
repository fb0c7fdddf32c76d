import type { PlotlyFigure } from '../../view/figure.js';

/** The width at which static pictures are drawn, in CSS pixels. Pages scale them. */
export const STATIC_WIDTH = 760;

const DEFAULT_HEIGHT = 400;

/** A figure's height in CSS pixels, also for a figure that names none. */
export function heightOf({ layout }: PlotlyFigure): number {
  return typeof layout.height === 'number' ? layout.height : DEFAULT_HEIGHT;
}
