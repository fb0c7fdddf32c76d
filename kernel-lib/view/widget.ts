import { escapeHtml, scriptJson } from './html.js';
import { type Displayable, type MimeBundle, mimeBundle } from './mime.js';

/** How the HTML of every widget begins. */
export const WIDGET_START = '<div class="faultbook-widget"';

/** Scripts of the site that make widgets answer. */
export type WidgetScript = 'decoder' | 'stepper';

/** All that a widget needs. */
export interface WidgetSpec {
  readonly title: string;
  /** One sentence that states the finding. */
  readonly caption?: string;
  /** What there is to see without a script. */
  readonly html: string;
  /** The same in plain text, for terminals and diffs. */
  readonly text: string;
  /** What makes it answer, and what that starts from; absent: there is nothing to ask. */
  readonly script?: { readonly name: WidgetScript; readonly data: unknown };
}

/**
 * Something to look into, in a cell of a notebook and on a page alike. Who shows it brings the style sheet and the
 * script along; where neither is let in, what stands in the HTML already says what there is to say.
 */
export class Widget implements Displayable {
  readonly title: string;
  readonly text: string;
  readonly html: string;

  constructor({ title, caption, html, text, script }: WidgetSpec) {
    this.title = title;
    this.text = [title, text, caption].filter((part) => part).join('\n\n');
    const name = script === undefined ? '' : ` data-widget="${script.name}"`;
    this.html =
      `${WIDGET_START}${name}><div class="fb-title">${escapeHtml(title)}</div>${html}` +
      (script ? `<script type="application/json">${scriptJson(script.data)}</script>` : '') +
      (caption === undefined ? '' : `<p class="fb-caption">${escapeHtml(caption)}</p>`) +
      '</div>';
  }

  [mimeBundle](): MimeBundle {
    return { 'text/html': this.html, 'text/plain': this.text };
  }

  toString(): string {
    return this.text;
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.text;
  }
}

/** A picture of its own size, which a narrow window scrolls, with the same in words below it. */
export function pictureHtml(svg: string, text: string): string {
  return (
    `<div class="fb-scroll" tabindex="0" role="group" aria-label="Picture">${svg}</div>` +
    `<details class="fb-text"><summary>As text</summary><pre tabindex="0">${escapeHtml(text)}</pre></details>`
  );
}
