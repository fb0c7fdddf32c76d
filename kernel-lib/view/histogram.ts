import { formatCell } from './cell.js';
import { Figure } from './figure.js';
import { groupBy, numberAxis, numberOf, placesAxis, type Field, type PlotOptions } from './rows.js';
import { Table } from './table.js';

export interface HistogramOptions<Row> extends PlotOptions {
  /** The number whose distribution is shown. */
  readonly x: Field<Row>;
  /** A histogram of its own colour for each value of this field. */
  readonly by?: Field<Row>;
  /**
   * How many bins of equal width, 20 unless given; or bins that double in width, `[0,1) [1,2) [2,4) …`, as kernel
   * tools print latencies.
   */
  readonly bins?: number | 'doubling';
}

const DEFAULT_BINS = 20;

/** `from` belongs to the bin, `to` to the next one. */
interface Bin {
  readonly from: number;
  readonly to: number;
}

/**
 * How often values occur. The counting happens here, so the figure stays small however many rows there are.
 *
 * @param rows for example `[{ kernel: '6.1', faults: 3 }, …]`
 * @throws TypeError when an `x` is not a number; RangeError for a negative one in doubling bins, or for no bins at all
 */
export function histogram<Row extends object>(rows: readonly Row[], options: HistogramOptions<Row>): Figure {
  const { x, by } = options;
  const values = rows.map((_, i) => numberOf(rows, i, x));
  const whole = values.every(Number.isInteger);
  const bins = binsFor(values, options.bins ?? DEFAULT_BINS, whole);
  const names = bins.map((bin) => binName(bin, whole));
  const groups = [...groupBy(rows, by)].map(([name, group]) => ({ name, counts: count(group, x, bins) }));
  return new Figure({
    ...options,
    data: groups.map(({ name, counts }) => ({
      type: 'bar',
      ...(name === undefined ? {} : { name }),
      x: names,
      y: counts,
    })),
    layout: {
      bargap: groups.length > 1 ? 0.15 : 0.04,
      xaxis: placesAxis(options.xLabel ?? x),
      yaxis: numberAxis(
        options.yLabel ?? 'count',
        groups.flatMap(({ counts }) => counts),
      ),
    },
    text: new Table({
      columns: [x, ...groups.map(({ name }) => name ?? 'count')],
      rows: names.map((name, b) => [name, ...groups.map(({ counts }) => counts[b])]),
    }).toString(),
  });
}

function binsFor(values: readonly number[], bins: number | 'doubling', whole: boolean): Bin[] {
  if (values.length === 0) return [];
  const [low, high] = values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  return bins === 'doubling' ? doublingBins(low, high) : equalBins(low, high, bins, whole);
}

function doublingBins(low: number, high: number): Bin[] {
  if (low < 0) throw new RangeError(`histogram: doubling bins start at 0, but a value is ${low}`);
  const bins = [{ from: 0, to: 1 }];
  for (let from = 1; from <= high; from *= 2) bins.push({ from, to: 2 * from });
  return bins.slice(bins.findIndex(({ to }) => low < to));
}

/** Whole numbers get bins of whole width, so that no bin catches more of them than its neighbour by accident. */
function equalBins(low: number, high: number, wanted: number, whole: boolean): Bin[] {
  if (!(wanted >= 1)) throw new RangeError(`histogram: bins must be 1 or more, not ${wanted}`);
  const width = whole ? Math.ceil((high - low + 1) / wanted) : (high - low || 1) / wanted;
  const nr = whole ? Math.ceil((high - low + 1) / width) : Math.floor(wanted);
  return Array.from({ length: nr }, (_, i) => ({ from: low + i * width, to: low + (i + 1) * width }));
}

/** The greatest value closes the last bin, also where rounding put the bin's end just below it. */
function count<Row extends object>(rows: readonly Row[], x: Field<Row>, bins: readonly Bin[]): number[] {
  const counts = bins.map(() => 0);
  rows.forEach((_, i) => {
    const value = numberOf(rows, i, x);
    const bin = bins.findIndex(({ to }) => value < to);
    counts[bin < 0 ? bins.length - 1 : bin]! += 1;
  });
  return counts;
}

/** Whole numbers are named by the first and the last of the bin, others by the bin's edges. */
function binName({ from, to }: Bin, whole: boolean): string {
  if (!whole) return `${formatCell(from)}–${formatCell(to)}`;
  return to - from === 1 ? String(from) : `${from}–${to - 1}`;
}
