import { Figure } from '../view/figure.js';
import { lines } from '../view/lines.js';
import { Table } from '../view/table.js';
import type { BenchRow } from './run-operations.js';

/** A row of the benchmark beside what the host kernel took for as many pages in the same run. */
export interface ComparedRow extends BenchRow {
  readonly hostMillionsPerSecond?: number;
  /** How many times as many the model does in the same time. */
  readonly ratio?: number;
}

/** What has to stand wherever the model is compared with a kernel. */
export const NOT_EQUAL_WORK =
  'Events a second are compared, not equal work: a real fault takes an exception of the CPU and clears or copies ' +
  '4096 bytes, the model’s does neither.';

/** Nanoseconds for one page or operation, as sizes grow: flat lines are what is wanted. */
export function growthFigure(rows: readonly ComparedRow[]): Figure {
  const places = rows.map((row) => ({ ...row, pages: powerOf2(row.size) }));
  return lines(places, {
    ...{ x: 'pages', y: 'nanoseconds', by: 'operation', yLog: true, height: 520 },
    title: 'What one page costs, as memory grows',
    xLabel: 'pages or operations',
    yLabel: 'ns for one of them',
    caption:
      'CPU time of one thread, the shortest of the rounds. Where a line stays flat, a page costs the same however many there are; the first point holds the compiler’s time, too.',
  });
}

/** The largest size at which both were run: the model beside the kernel that it ran on. */
export function hostFigure(rows: readonly ComparedRow[], hostRelease: string): Figure {
  const largest = largestCompared(rows);
  const bar = (name: string, of: (row: ComparedRow) => number) => ({
    ...{ type: 'bar', name },
    x: largest.map((row) => row.operation),
    y: largest.map(of),
  });
  return new Figure({
    title: `The model beside the kernel that it ran on (${hostRelease})`,
    caption: NOT_EQUAL_WORK,
    data: [
      bar('the model', (row) => row.millionsPerSecond),
      bar(`Linux ${hostRelease}`, (row) => row.hostMillionsPerSecond!),
    ],
    layout: { barmode: 'group', yaxis: { type: 'log', title: { text: 'millions a second' } } },
    text: comparedTable(largest).toString(),
  });
}

function largestCompared(rows: readonly ComparedRow[]): ComparedRow[] {
  const largest = new Map<string, ComparedRow>();
  for (const row of rows) if (row.ratio !== undefined) largest.set(row.operation, row);
  return [...largest.values()];
}

/** Rows as people read them. */
export function comparedTable(rows: readonly ComparedRow[]): Table {
  return new Table({
    columns: ['operation', 'size', 'ns', 'M/s', 'bytes/page', 'host M/s', 'ratio'],
    rows: rows.map((row) => [
      row.operation,
      powerOf2(row.size),
      row.nanoseconds.toFixed(1),
      row.millionsPerSecond.toFixed(2),
      row.bytesPerPage?.toFixed(2) ?? '',
      row.hostMillionsPerSecond?.toFixed(2) ?? '',
      row.ratio === undefined ? '' : `${row.ratio.toFixed(1)}x`,
    ]),
    limit: rows.length,
  });
}

function powerOf2(size: number): string {
  const exponent = Math.log2(size);
  return Number.isInteger(exponent) ? `2^${exponent}` : String(size);
}
