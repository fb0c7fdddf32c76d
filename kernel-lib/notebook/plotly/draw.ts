import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { PlotlyFigure } from '../../view/figure.js';
import { PixelCanvas } from './canvas.js';
import { STATIC_WIDTH, heightOf } from './size.js';
import { textBox, type SvgElement } from './textBox.js';

const require = createRequire(import.meta.url);

/** What is used of jsdom. Its own type package would put the whole DOM among the globals of this project. */
interface Jsdom {
  readonly JSDOM: new (html: string, options: object) => { readonly window: unknown };
  readonly VirtualConsole: new () => object;
}

interface Plotly {
  toImage(figure: unknown, options: object): Promise<string>;
}

/** A jsdom window, as far as it is touched here. */
interface PlotlyWindow {
  readonly Plotly: Plotly;
  readonly Math: { random: () => number };
  readonly JSON: JSON;
  readonly Element: { readonly prototype: object };
  readonly SVGElement: { readonly prototype: object };
  readonly HTMLCanvasElement: { readonly prototype: object };
  readonly URL: object;
  eval(script: string): void;
}

interface Canvas {
  readonly width: number;
  readonly height: number;
}

let loaded: PlotlyWindow | undefined;
let lastDrawing: Promise<unknown> = Promise.resolve();

/**
 * Draws a figure as an SVG picture, without a browser. The first call loads Plotly, which takes a second or two. The
 * same figure gives the same bytes in every process, whatever was drawn before.
 *
 * @throws Error when Plotly cannot draw it
 */
export function drawSvg(figure: PlotlyFigure): Promise<string> {
  // One at a time: the drawing's random identifiers come from a generator that the whole window shares.
  const drawing = lastDrawing.then(() => drawAlone(figure));
  lastDrawing = drawing.catch(() => undefined);
  return drawing;
}

async function drawAlone(figure: PlotlyFigure): Promise<string> {
  const window = (loaded ??= loadPlotly());
  const json = JSON.stringify(figure);
  window.Math.random = seededRandom(json);
  // Parsed by the window's own JSON: Plotly treats only its own window's arrays and objects as such.
  const copy: unknown = window.JSON.parse(json);
  const size = { width: STATIC_WIDTH, height: heightOf(figure) };
  return window.Plotly.toImage(copy, { format: 'svg', imageDataOnly: true, ...size });
}

function loadPlotly(): PlotlyWindow {
  const { JSDOM, VirtualConsole } = require('jsdom') as Jsdom;
  const dom = new JSDOM('<!doctype html><body></body>', {
    runScripts: 'outside-only',
    virtualConsole: new VirtualConsole(),
  });
  const window = dom.window as PlotlyWindow;
  Object.assign(window.URL, { createObjectURL: () => 'blob:none', revokeObjectURL: () => undefined });
  Object.assign(window.HTMLCanvasElement.prototype, { getContext: () => null });
  window.eval(readFileSync(require.resolve('plotly.js-dist'), 'utf8'));
  installLayout(window);
  installCanvas(window);
  return window;
}

function installLayout(window: PlotlyWindow): void {
  function box(this: SvgElement) {
    return textBox(this);
  }
  Object.assign(window.Element.prototype, { getBoundingClientRect: box });
  Object.assign(window.SVGElement.prototype, { getBBox: box });
}

function installCanvas(window: PlotlyWindow): void {
  const drawn = new WeakMap<Canvas, PixelCanvas>();
  const contextOf = (canvas: Canvas): PixelCanvas => {
    const context = drawn.get(canvas) ?? new PixelCanvas(canvas.width, canvas.height);
    drawn.set(canvas, context);
    return context;
  };
  Object.assign(window.HTMLCanvasElement.prototype, {
    getContext(this: Canvas, kind: string) {
      return kind === '2d' ? contextOf(this) : null;
    },
    toDataURL(this: Canvas) {
      return contextOf(this).toDataURL();
    },
  });
}

/** Numbers that depend on `seed` only, so that two figures of one page get different identifiers. */
function seededRandom(seed: string): () => number {
  const digest = createHash('sha256').update(seed).digest();
  let state = digest.readUInt32LE(0);
  return () => {
    // Marsaglia's xorshift32; 0 is its only bad state.
    state = state || 1;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
