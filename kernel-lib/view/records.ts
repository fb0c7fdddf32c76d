import { cellOf, type Field } from './rows.js';
import { Table } from './table.js';

export interface TableOptions<Row> {
  /** Which fields become columns, in which order, and under which names; all fields of the first row unless given. */
  readonly columns?: readonly Field<Row>[] | Readonly<Partial<Record<Field<Row>, string>>>;
  /** One sentence that states the finding. */
  readonly caption?: string;
  /** How many rows are shown before the rest is only counted; 50 unless given. */
  readonly limit?: number;
}

/**
 * A table of records.
 *
 * @param rows for example `[{ kernel: '6.1', faults: 3 }, …]`
 */
export function table<Row extends object>(rows: readonly Row[], options: TableOptions<Row> = {}): Table {
  const named = namedColumns(rows, options.columns);
  return new Table({
    ...options,
    columns: named.map(([, name]) => name),
    rows: rows.map((row) => named.map(([field]) => cellOf(row, field))),
  });
}

function namedColumns<Row extends object>(
  rows: readonly Row[],
  columns: TableOptions<Row>['columns'],
): [Field<Row>, string][] {
  const fields = columns ?? (Object.keys(rows[0] ?? {}) as Field<Row>[]);
  if (Array.isArray(fields)) return (fields as readonly Field<Row>[]).map((field) => [field, field]);
  return Object.entries(fields) as [Field<Row>, string][];
}
