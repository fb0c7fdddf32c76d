import { placeOf } from './cell.js';
import { Figure } from './figure.js';
import { axis, cellOf, distinct, groupBy, numberOf, type Field, type PlotOptions } from './rows.js';
import { Table } from './table.js';
import { DASHES } from './template.js';

export interface LinesOptions<Row> extends PlotOptions {
  readonly x: Field<Row>;
  readonly y: Field<Row>;
  /** A line of its own for each value of this field. */
  readonly by?: Field<Row>;
  /** Holds each value until the next one, as a counter does. */
  readonly steps?: boolean;
  /** A logarithmic axis: every y must be above 0. */
  readonly yLog?: boolean;
}

/** Up to this many points of a line are marked one by one. */
const MARKED_POINTS = 40;

/**
 * Lines through rows of records, in the order of the rows.
 *
 * @param rows for example `[{ step: 1, cpu: 0, rss: 4 }, …]`
 * @throws TypeError when a `y` is not a number
 */
export function lines<Row extends object>(rows: readonly Row[], options: LinesOptions<Row>): Figure {
  const { x, y, by } = options;
  const groups = [...groupBy(rows, by)];
  const data = groups.map(([name, group], g) => ({
    type: 'scatter',
    mode: group.length <= MARKED_POINTS ? 'lines+markers' : 'lines',
    ...(name === undefined ? {} : { name }),
    x: group.map((row) => placeOf(cellOf(row, x))),
    y: group.map((_, i) => numberOf(group, i, y)),
    line: { dash: DASHES[g % DASHES.length], shape: options.steps ? 'hv' : 'linear' },
  }));
  return new Figure({
    ...options,
    data,
    layout: {
      xaxis: axis(options.xLabel ?? x, distinct(rows, x)),
      yaxis: { title: { text: options.yLabel ?? y }, ...(options.yLog ? { type: 'log' } : {}) },
      hovermode: 'x unified',
    },
    text: new Table({
      columns: by === undefined ? [x, y] : [by, x, y],
      rows: rows.map((row) => (by === undefined ? [x, y] : [by, x, y]).map((field) => cellOf(row, field))),
      limit: MARKED_POINTS,
    }).toString(),
  });
}
