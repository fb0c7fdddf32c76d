import { mimeBundle, type Displayable, type MimeBundle } from './mime.js';
import { TEMPLATE } from './template.js';

/** A part of a Plotly figure: https://plotly.com/javascript/reference/ names the fields. */
export type PlotlyObject = Readonly<Record<string, unknown>>;

/** What `application/vnd.plotly.v1+json` holds. */
export interface PlotlyFigure {
  readonly data: readonly PlotlyObject[];
  readonly layout: PlotlyObject;
  readonly config?: PlotlyObject;
}

/** The words around a figure, which every kind of figure takes. */
export interface FigureWords {
  readonly title: string;
  /** One sentence that states the finding. */
  readonly caption?: string;
  /** Height in CSS pixels, 400 unless given. The width follows the page. */
  readonly height?: number;
}

/** All that a figure needs. */
export interface FigureSpec extends FigureWords {
  readonly data: readonly PlotlyObject[];
  /** In fewer CSS pixels its parts would overlap: narrower pages scroll it. */
  readonly minWidth?: number;
  /** Plotly layout beyond the house style: axes and the like. */
  readonly layout?: PlotlyObject;
  /** The same finding in plain text, for terminals, screen readers and diffs. */
  readonly text: string;
}

export const PLOTLY_MIME = 'application/vnd.plotly.v1+json';
const DEFAULT_HEIGHT = 400;
const CONFIG = { displaylogo: false, responsive: true };

/**
 * A plot that shows itself in a notebook cell: as an interactive figure where the front end can, as a static picture
 * or as text elsewhere. Building one costs nothing: drawing is the front end's work.
 */
export class Figure implements Displayable {
  readonly title: string;
  readonly caption: string | undefined;
  readonly text: string;
  readonly plotly: PlotlyFigure;

  constructor(spec: FigureSpec) {
    this.title = spec.title;
    this.caption = spec.caption;
    this.text = spec.text;
    this.plotly = { data: spec.data, layout: layoutOf(spec), config: CONFIG };
  }

  [mimeBundle](): MimeBundle {
    return { [PLOTLY_MIME]: this.plotly, 'text/plain': this.toString() };
  }

  toString(): string {
    return [this.title, this.text, this.caption].filter((part) => part).join('\n\n');
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** `meta` is Plotly's place for what is not drawn: the caption, and how narrow it may be, travel with the figure. */
function layoutOf(spec: FigureSpec): PlotlyObject {
  const { caption, minWidth } = spec;
  const meta = { ...(caption !== undefined && { caption }), ...(minWidth !== undefined && { minWidth }) };
  return {
    template: TEMPLATE,
    title: { text: spec.title },
    height: spec.height ?? DEFAULT_HEIGHT,
    ...(Object.keys(meta).length > 0 && { meta }),
    ...spec.layout,
  };
}
