/** A rectangle in CSS pixels, as `getBBox` and `getBoundingClientRect` give it. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The few members of a DOM element that measuring needs. */
export interface SvgElement {
  readonly tagName: string;
  readonly textContent: string | null;
  readonly parentElement: SvgElement | null;
  readonly children: Iterable<SvgElement>;
  readonly style?: { readonly fontSize: string; readonly fontWeight: string; readonly textAnchor: string };
  getAttribute(name: string): string | null;
  querySelectorAll(selector: string): Iterable<SvgElement>;
}

interface Rect {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

const DEFAULT_FONT_PIXELS = 12;
const LINE_HEIGHT = 1.3;
const ASCENT = 0.93;
const BOLD_FACTOR = 1.06;
/** The letters below are Helvetica's. What is `system-ui` on many a Linux, DejaVu Sans, is wider, and nothing may be cut off. */
const WIDE_FACE = 1.14;

/** Widths of common sans-serif letters, in hundredths of the font size; every other letter is a wide one. */
const LETTER_WIDTHS: readonly (readonly [width: number, letters: string])[] = [
  [24, "'ijl|"],
  [29, ' !,./:;I[]ftr\\'],
  [35, '"()-`{}'],
  [52, 'Jcksvxyz^*'],
  [57, '#$0123456789?L_abdeghnopqu'],
  [60, '+<=>~FTZ–'],
  [68, 'ABEKPSVXY&'],
  [74, 'CDGHNOQRUw'],
  [88, 'M%mW@—…'],
];
const WIDE_LETTER = 75;
const WIDTH_OF = new Map(LETTER_WIDTHS.flatMap(([width, letters]) => [...letters].map((l) => [l, width])));

/**
 * Where an SVG element's text lies. jsdom lays nothing out, and Plotly asks for boxes to make room for labels, titles
 * and legends; an estimate from letter widths is enough for that, and it is the same on every machine.
 */
export function textBox(element: SvgElement): Box {
  const { x0, y0, x1, y1 } = isText(element) ? ownRect(element) : (union(element) ?? EMPTY);
  return { x: x0, y: y0, width: x1 - x0, height: y1 - y0, left: x0, top: y0, right: x1, bottom: y1 };
}

const EMPTY: Rect = { x0: 0, y0: 0, x1: 0, y1: 0 };

function isText(element: SvgElement): boolean {
  return element.tagName.toLowerCase() === 'text';
}

function union(element: SvgElement): Rect | undefined {
  const rects = [...element.children]
    .map((child) => {
      const rect = isText(child) ? ownRect(child) : union(child);
      return rect && transformed(rect, child.getAttribute('transform') ?? '');
    })
    .filter((rect) => rect !== undefined);
  if (rects.length === 0) return undefined;
  return {
    x0: Math.min(...rects.map((r) => r.x0)),
    y0: Math.min(...rects.map((r) => r.y0)),
    x1: Math.max(...rects.map((r) => r.x1)),
    y1: Math.max(...rects.map((r) => r.y1)),
  };
}

/** Plotly writes each line of a text into a `tspan.line`. */
function ownRect(text: SvgElement): Rect {
  const size = fontPixels(text);
  const spans = [...text.querySelectorAll('tspan.line')];
  const lines = (spans.length > 0 ? spans : [text]).map((line) => line.textContent ?? '');
  if (lines.every((line) => line === '')) return EMPTY;
  const bold = /^(bold|[6-9]00)$/.test(text.style?.fontWeight ?? '') ? BOLD_FACTOR : 1;
  const width = Math.max(...lines.map((line) => lineWidth(line))) * size * bold;
  const x = Number(text.getAttribute('x') ?? 0) - width * anchorShare(text);
  const y = Number(text.getAttribute('y') ?? 0) - ASCENT * size;
  return { x0: x, y0: y, x1: x + width, y1: y + lines.length * LINE_HEIGHT * size };
}

function lineWidth(line: string): number {
  const width = [...line].reduce((sum, letter) => sum + (WIDTH_OF.get(letter) ?? WIDE_LETTER), 0);
  return (width * WIDE_FACE) / 100;
}

function fontPixels(element: SvgElement | null): number {
  if (!element) return DEFAULT_FONT_PIXELS;
  const size = Number.parseFloat(element.style?.fontSize || element.getAttribute('font-size') || '');
  return Number.isNaN(size) ? fontPixels(element.parentElement) : size;
}

/** How much of the text lies left of its point. */
function anchorShare(text: SvgElement): number {
  const anchor = text.style?.textAnchor || text.getAttribute('text-anchor');
  return anchor === 'middle' ? 0.5 : anchor === 'end' ? 1 : 0;
}

/** Applies a list of `translate(x,y)` and `rotate(degrees,x,y)`, the last one first as SVG says. */
function transformed(rect: Rect, transform: string): Rect {
  const steps = [...transform.matchAll(/(translate|rotate)\(([^)]*)\)/g)].reverse();
  return steps.reduce((box, [, kind, list]) => {
    const [a = 0, b = 0, c = 0] = list!.split(/[\s,]+/).map(Number);
    return kind === 'translate' ? moved(box, a, b) : rotated(box, a, b, c);
  }, rect);
}

function moved({ x0, y0, x1, y1 }: Rect, dx: number, dy: number): Rect {
  return { x0: x0 + dx, y0: y0 + dy, x1: x1 + dx, y1: y1 + dy };
}

function rotated({ x0, y0, x1, y1 }: Rect, degrees: number, cx: number, cy: number): Rect {
  const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
  const corners = [
    [x0, y0],
    [x1, y0],
    [x0, y1],
    [x1, y1],
  ].map(([x, y]) => [x! - cx, y! - cy] as const);
  const xs = corners.map(([x, y]) => cx + x * cos - y * sin);
  const ys = corners.map(([x, y]) => cy + x * sin + y * cos);
  return { x0: Math.min(...xs), y0: Math.min(...ys), x1: Math.max(...xs), y1: Math.max(...ys) };
}
