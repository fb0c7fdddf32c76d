import { escapeHtml } from './html.js';
import { type Displayable, type MimeBundle, mimeBundle } from './mime.js';

/** Text whose columns stand below each other, as a file in /proc. */
export class Preformatted implements Displayable {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  [mimeBundle](): MimeBundle {
    return { 'text/html': `<pre>${escapeHtml(this.text)}</pre>`, 'text/plain': this.text };
  }

  toString(): string {
    return this.text;
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.text;
  }
}
