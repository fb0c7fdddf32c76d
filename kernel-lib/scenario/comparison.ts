import { bars } from '../view/bars.js';
import type { Figure } from '../view/figure.js';
import { type Displayable, type MimeBundle, mimeBundle } from '../view/mime.js';
import { Table } from '../view/table.js';
import { type Run, type RunOptions, runScenario } from './run.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { counterWords, entryWords, faultWords, pinWords, resultWords } from './step-words.js';

/** A scenario on two kernels, side by side. In a cell it shows a figure of what was counted, or a table of the steps. */
export class Comparison implements Displayable {
  readonly before: Run;
  readonly after: Run;

  constructor(before: Run, after: Run) {
    this.before = before;
    this.after = after;
  }

  /** Index of the first step after which something differs that can be seen; -1 when nothing ever does. */
  get firstDifference(): number {
    const { steps } = this.before;
    const at = steps.findIndex((step, i) => !sameStep(step, this.after.steps[i]));
    return at < 0 && this.after.steps.length > steps.length ? steps.length : at;
  }

  /** Step by step what the one kernel did and, where it differs, what the other did. */
  get table(): Table {
    const length = Math.max(this.before.steps.length, this.after.steps.length);
    const rows = Array.from({ length }, (_, i) => {
      const [before, after] = [this.before.steps[i], this.after.steps[i]];
      const same = before !== undefined && sameStep(before, after);
      return [(before ?? after)!.op, stepWords(before), same ? 'the same' : stepWords(after)];
    });
    const [left, right] = this.labels;
    rows.push(['verdict', this.before.verdict, this.after.verdict]);
    return new Table({ columns: ['operation', left, right], rows, caption: this.before.why });
  }

  /** Faults, reuses and replaced pages of both kernels as bars. */
  get figure(): Figure {
    const [left, right] = this.labels;
    const sides = [
      [left, this.before.counters],
      [right, this.after.counters],
    ] as const;
    const names = [...new Set(sides.flatMap(([, counters]) => Object.keys(counters)))];
    const rows = sides.flatMap(([kernel, counters]) =>
      names.map((counter) => ({ kernel, counter, count: counters[counter] ?? 0 })),
    );
    const caption =
      this.before.verdict === this.after.verdict
        ? `Both: ${this.before.verdict}`
        : `Before: ${this.before.verdict}. After: ${this.after.verdict}.`;
    return bars(rows, { x: 'counter', y: 'count', by: 'kernel', title: this.before.name, caption });
  }

  /** The kernels in words that tell them apart. */
  get labels(): readonly [string, string] {
    return [this.before.kernel, this.after.kernel];
  }

  [mimeBundle](): MimeBundle {
    const { figure, table } = this;
    return { ...figure[mimeBundle](), ...table[mimeBundle](), 'text/plain': this.toString() };
  }

  toString(): string {
    return `${this.table.toString()}\n\n${this.figure.text}`;
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function sameStep(a: StepReport, b: StepReport | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function stepWords(step: StepReport | undefined): string {
  if (step === undefined) return 'never gets here';
  const entries = [...step.pages.map(entryWords), ...step.pins.map(pinWords)];
  return [resultWords(step), faultWords(step), counterWords(step), ...entries]
    .filter((word) => word)
    .join('; ');
}

/**
 * Runs a scenario on two kernels.
 *
 * @param scenario one of the catalogue by its name or number, or one of your own
 * @throws InputError as runScenario
 */
export function compare(scenario: Scenario | string, before: RunOptions, after: RunOptions): Comparison {
  return new Comparison(runScenario(scenario, before), runScenario(scenario, after));
}
