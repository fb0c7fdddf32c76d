import type { Cell } from './cell.js';
import type { FigureWords, PlotlyObject } from './figure.js';

/** The name of a field of the rows. */
export type Field<Row> = keyof Row & string;

/** The words along the axes; the fields' names unless given. */
export interface AxisWords {
  readonly xLabel?: string;
  readonly yLabel?: string;
}

/** Options of every builder that draws rows over two axes. */
export interface PlotOptions extends FigureWords, AxisWords {}

export function cellOf<Row extends object>(row: Row, field: Field<Row>): Cell {
  return row[field] as Cell;
}

/**
 * The number in one field.
 *
 * @throws TypeError when it is not a number, naming the row
 */
export function numberOf<Row extends object>(rows: readonly Row[], i: number, field: Field<Row>): number {
  const cell = cellOf(rows[i]!, field);
  if (typeof cell === 'bigint') return Number(cell);
  if (typeof cell === 'number' && Number.isFinite(cell)) return cell;
  throw new TypeError(
    `row ${i}: "${field}" must be a finite number, not ${JSON.stringify(cell) ?? 'missing'}`,
  );
}

/** The distinct values of a field, in the order in which they first appear. */
export function distinct<Row extends object>(rows: readonly Row[], field: Field<Row>): Cell[] {
  return [...new Set(rows.map((row) => cellOf(row, field)))];
}

/** Splits rows by one field, in order of first appearance; one unnamed group when there is no such field. */
export function groupBy<Row extends object>(
  rows: readonly Row[],
  field: Field<Row> | undefined,
): ReadonlyMap<string | undefined, readonly Row[]> {
  const groups = new Map<string | undefined, Row[]>();
  for (const row of rows) {
    const key = field === undefined ? undefined : String(cellOf(row, field));
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

/**
 * A Plotly axis on which each value has a place of its own, in the order given. Left to itself, Plotly reads the
 * releases "6.1" and "6.12" as numbers.
 */
export function placesAxis(label: string, more: PlotlyObject = {}): PlotlyObject {
  return { title: { text: label }, type: 'category', ...more };
}

/** A Plotly axis for values that are numbers or, if any is a text, for texts. */
export function axis(label: string, values: readonly Cell[]): PlotlyObject {
  const numbers = values.every((value) => typeof value === 'number');
  return numbers ? { title: { text: label } } : placesAxis(label);
}

/** Up to this height every whole number of a counting axis is named. */
const NAMED_COUNTS = 8;

/** A Plotly axis for numbers: where they are small counts, its ticks are whole. */
export function numberAxis(label: string, values: readonly number[]): PlotlyObject {
  const counts = values.every((value) => Number.isInteger(value) && Math.abs(value) <= NAMED_COUNTS);
  return { title: { text: label }, ...(counts ? { dtick: 1 } : {}) };
}
