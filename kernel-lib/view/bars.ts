import { formatCell, type Cell } from './cell.js';
import { Figure, type PlotlyObject } from './figure.js';
import {
  cellOf,
  distinct,
  groupBy,
  numberAxis,
  numberOf,
  placesAxis,
  type Field,
  type PlotOptions,
} from './rows.js';
import { Table } from './table.js';

export interface BarsOptions<Row> extends PlotOptions {
  /** What is compared, one place on the axis each. */
  readonly x: Field<Row>;
  /** The number that a bar's length shows. */
  readonly y: Field<Row>;
  /** A bar of its own colour for each value of this field. */
  readonly by?: Field<Row>;
  /** Puts the bars of one place on top of each other instead of side by side. */
  readonly stacked?: boolean;
  /** Lays the bars down, which leaves room for long names. */
  readonly horizontal?: boolean;
}

/** The bars of one colour. */
interface Group {
  readonly name: string | undefined;
  readonly sums: ReadonlyMap<Cell, number>;
}

/**
 * Bars for rows of records. Rows with the same `x` and `by` are added up.
 *
 * @param rows for example `[{ kernel: '6.1', op: 'mmap', minor: 3 }, …]`
 * @throws TypeError when a `y` is not a number
 */
export function bars<Row extends object>(rows: readonly Row[], options: BarsOptions<Row>): Figure {
  const { x, y, by, horizontal } = options;
  const places = distinct(rows, x);
  const groups: Group[] = [...groupBy(rows, by)].map(([name, group]) => ({ name, sums: sums(group, x, y) }));
  const along = placesAxis(options.xLabel ?? x, horizontal ? { autorange: 'reversed' } : {});
  const up = numberAxis(options.yLabel ?? y, heights(groups, places, options.stacked ?? false));
  return new Figure({
    ...options,
    data: groups.map((group) => trace(group, places, horizontal ?? false)),
    layout: {
      barmode: options.stacked ? 'stack' : 'group',
      xaxis: horizontal ? up : along,
      yaxis: horizontal ? along : up,
    },
    text: new Table({
      columns: [x, ...groups.map(({ name }) => name ?? y)],
      rows: places.map((place) => [place, ...groups.map(({ sums }) => sums.get(place))]),
    }).toString(),
  });
}

function sums<Row extends object>(rows: readonly Row[], x: Field<Row>, y: Field<Row>): Map<Cell, number> {
  const total = new Map<Cell, number>();
  rows.forEach((row, i) => {
    const place = cellOf(row, x);
    total.set(place, (total.get(place) ?? 0) + numberOf(rows, i, y));
  });
  return total;
}

/** How high the bars reach. */
function heights(groups: readonly Group[], places: readonly Cell[], stacked: boolean): number[] {
  const at = (place: Cell): number[] => groups.map(({ sums }) => sums.get(place) ?? 0);
  return places.flatMap((place) => (stacked ? at(place).reduce((a, b) => a + b, 0) : at(place)));
}

function trace({ name, sums }: Group, places: readonly Cell[], horizontal: boolean): PlotlyObject {
  const along = places.map(formatCell);
  const up = places.map((place) => sums.get(place) ?? null);
  return {
    type: 'bar',
    ...(name === undefined ? {} : { name }),
    ...(horizontal ? { orientation: 'h', x: up, y: along } : { x: along, y: up }),
  };
}
