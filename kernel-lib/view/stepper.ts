import { mimeBundle } from './mime.js';
import type { Table } from './table.js';
import { Widget } from './widget.js';

/** What is seen of one part of a machine: names and words. */
export interface SeenPart {
  readonly part: string;
  readonly facts: readonly (readonly [name: string, words: string])[];
}

/** One step to be looked at. */
export interface WalkedStep {
  readonly thread: string;
  /** What the thread does in it. */
  readonly does: string;
  /** What came of it, one line each. */
  readonly notes: readonly string[];
  /** What is seen behind it. */
  readonly state: readonly SeenPart[];
}

/** All that a walk shows. */
export interface Walk {
  readonly title: string;
  readonly caption: string;
  /** All threads, in the order of their columns. */
  readonly threads: readonly string[];
  /** What is seen before the first step. */
  readonly start: readonly SeenPart[];
  readonly steps: readonly WalkedStep[];
  /** The whole walk, for where there is no script. */
  readonly table: Table;
}

/** A schedule to be walked forwards and backwards. */
export function stepper({ title, caption, threads, start, steps, table }: Walk): Widget {
  return new Widget({
    title,
    caption,
    text: table.toString(),
    html:
      `<details class="fb-text" open><summary>All steps</summary><div class="fb-scroll" tabindex="0" role="group" ` +
      `aria-label="All steps">${table[mimeBundle]()['text/html']}</div></details>`,
    script: { name: 'stepper', data: { threads, start, steps } },
  });
}
