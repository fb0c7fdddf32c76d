import { formatCell } from './cell.js';
import { Figure } from './figure.js';
import { cellOf, distinct, numberOf, placesAxis, type Field, type PlotOptions } from './rows.js';
import { Table } from './table.js';

export interface HeatmapOptions<Row> extends PlotOptions {
  /** The columns. */
  readonly x: Field<Row>;
  /** The rows, the first at the top. */
  readonly y: Field<Row>;
  /** The number that the colour shows. */
  readonly value: Field<Row>;
}

/** Up to this many places the number is written into each. */
const LABELLED_PLACES = 150;

/**
 * A grid of colours, from dark (little) to bright (much). Of several rows for one place the last is shown; a place
 * without a row stays empty.
 *
 * @param rows for example `[{ kernel: '6.1', op: 'fork', agree: 98.5 }, …]`
 * @throws TypeError when a `value` is not a number
 */
export function heatmap<Row extends object>(rows: readonly Row[], options: HeatmapOptions<Row>): Figure {
  const { x, y, value } = options;
  const [xs, ys] = [distinct(rows, x), distinct(rows, y)];
  const z: (number | null)[][] = ys.map(() => xs.map(() => null));
  rows.forEach((row, i) => {
    z[ys.indexOf(cellOf(row, y))]![xs.indexOf(cellOf(row, x))] = numberOf(rows, i, value);
  });
  return new Figure({
    ...options,
    data: [
      {
        type: 'heatmap',
        x: xs.map(formatCell),
        y: ys.map(formatCell),
        z,
        colorscale: 'Viridis',
        colorbar: {
          title: { text: value, side: 'right', font: { size: 13 } },
          thickness: 12,
          outlinewidth: 0,
        },
        hoverongaps: false,
        ...(xs.length * ys.length <= LABELLED_PLACES ? { texttemplate: '%{z}' } : {}),
      },
    ],
    layout: {
      xaxis: placesAxis(options.xLabel ?? x, { showgrid: false }),
      yaxis: placesAxis(options.yLabel ?? y, { showgrid: false, autorange: 'reversed' }),
    },
    text: new Table({
      columns: [`${y} \\ ${x}`, ...xs.map(formatCell)],
      rows: ys.map((place, r) => [place, ...z[r]!]),
    }).toString(),
  });
}
