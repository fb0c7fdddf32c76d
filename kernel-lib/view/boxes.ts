import { Figure } from './figure.js';
import { groupBy, numberAxis, numberOf, placesAxis, type Field, type PlotOptions } from './rows.js';
import { Table } from './table.js';

export interface BoxesOptions<Row> extends PlotOptions {
  /** The number whose spread is shown. */
  readonly y: Field<Row>;
  /** A box for each value of this field. */
  readonly x?: Field<Row>;
}

/** Five numbers that describe a distribution. */
interface Spread {
  readonly name: string;
  readonly min: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
  readonly max: number;
}

/**
 * Boxes from the first to the third quartile with the median inside; the whiskers reach the least and the greatest
 * value.
 *
 * @param rows for example `[{ kernel: '6.1', microseconds: 0.8 }, …]`
 * @throws TypeError when a `y` is not a number
 */
export function boxes<Row extends object>(rows: readonly Row[], options: BoxesOptions<Row>): Figure {
  const { x, y } = options;
  const spreads = [...groupBy(rows, x)].map(([name, group]) =>
    spread(
      name ?? y,
      group.map((_, i) => numberOf(group, i, y)),
    ),
  );
  const names = spreads.map(({ name }) => name);
  const column = (key: Exclude<keyof Spread, 'name'>): number[] => spreads.map((s) => s[key]);
  return new Figure({
    ...options,
    data: [
      {
        type: 'box',
        x: names,
        lowerfence: column('min'),
        q1: column('q1'),
        median: column('median'),
        q3: column('q3'),
        upperfence: column('max'),
      },
    ],
    layout: {
      xaxis: placesAxis(options.xLabel ?? x ?? ''),
      yaxis: numberAxis(
        options.yLabel ?? y,
        spreads.flatMap(({ min, max }) => [min, max]),
      ),
    },
    text: new Table({
      columns: [x ?? '', 'min', 'q1', 'median', 'q3', 'max'],
      rows: spreads.map(({ name, min, q1, median, q3, max }) => [name, min, q1, median, q3, max]),
    }).toString(),
  });
}

function spread(name: string, values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => quantile(sorted, share);
  return { name, min: at(0), q1: at(0.25), median: at(0.5), q3: at(0.75), max: at(1) };
}

/** Linear between the two nearest ranks, as mathjs and NumPy do it. */
function quantile(sorted: readonly number[], share: number): number {
  const rank = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
  return below + (above - below) * (rank - Math.floor(rank));
}
