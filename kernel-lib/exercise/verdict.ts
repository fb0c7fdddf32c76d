import { escapeHtml } from '../view/html.js';
import { type Displayable, type MimeBundle, mimeBundle } from '../view/mime.js';

/** The media type under which a notebook keeps what an exercise came to. */
export const VERDICT_MIME = 'application/vnd.faultbook.verdict+json';

/** What `check()` says of an answer. */
export class Verdict implements Displayable {
  readonly exercise: string;
  readonly points: number;
  readonly of: number;
  readonly message: string;

  constructor(exercise: string, points: number, of: number, message: string) {
    this.exercise = exercise;
    this.points = points;
    this.of = of;
    this.message = message;
  }

  toJSON(): object {
    const { exercise, points, of, message } = this;
    return { exercise, points, of, message };
  }

  toString(): string {
    return `${this.points} of ${this.of} points: ${this.message}`;
  }

  /** The plain text is the number of points alone, which is what nbgrader reads as credit for the cell. */
  [mimeBundle](): MimeBundle {
    const state = this.points === this.of ? 'solved' : 'open';
    const html =
      `<div class="faultbook-verdict ${state}" role="status"><strong>${this.points} of ${this.of} points</strong> ` +
      `${escapeHtml(this.message)}</div>`;
    return { 'text/plain': String(this.points), 'text/html': html, [VERDICT_MIME]: this.toJSON() };
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}
