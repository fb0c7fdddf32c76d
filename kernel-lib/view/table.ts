import { formatCell, isNumeric, type Cell } from './cell.js';
import { escapeHtml } from './html.js';
import { mimeBundle, type Displayable, type MimeBundle } from './mime.js';

/** The data of a table: every row has one cell for each column. */
export interface TableSpec {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** One sentence that states the finding. */
  readonly caption?: string;
  /** How many rows are shown before the rest is only counted; 50 unless given. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 50;

/** A table that prints as aligned text in a terminal and as HTML in a notebook. */
export class Table implements Displayable {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly caption: string | undefined;
  readonly limit: number;

  /** @throws RangeError when a row has not one cell for each column */
  constructor(spec: TableSpec) {
    const wrong = spec.rows.findIndex((row) => row.length !== spec.columns.length);
    if (wrong >= 0) {
      const [has, wants] = [spec.rows[wrong]!.length, spec.columns.length];
      throw new RangeError(`table: row ${wrong} has ${has} cells where ${wants} columns are named`);
    }
    this.columns = spec.columns;
    this.rows = spec.rows;
    this.caption = spec.caption;
    this.limit = spec.limit ?? DEFAULT_LIMIT;
  }

  [mimeBundle](): MimeBundle {
    return { 'text/html': tableHtml(this), 'text/plain': this.toString() };
  }

  toString(): string {
    return tableText(this);
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** Which columns hold numbers only: they stand flush right. */
function numericColumns(table: Table): boolean[] {
  return table.columns.map((_, c) => {
    const cells = table.rows.map((row) => row[c]).filter((cell) => formatCell(cell) !== '');
    return cells.length > 0 && cells.every(isNumeric);
  });
}

function rest(table: Table): string | undefined {
  const hidden = table.rows.length - table.limit;
  return hidden > 0 ? `… ${hidden} more ${hidden === 1 ? 'row' : 'rows'}` : undefined;
}

function tableText(table: Table): string {
  const numeric = numericColumns(table);
  const lines = [table.columns, ...table.rows.slice(0, table.limit).map((row) => row.map(formatCell))];
  const widths = table.columns.map((_, c) => Math.max(...lines.map((line) => line[c]!.length)));
  const align = (text: string, c: number): string =>
    numeric[c] ? text.padStart(widths[c]!) : text.padEnd(widths[c]!);
  const [head, ...body] = lines.map((line) => line.map(align).join('  ').trimEnd());
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [head, rule, ...body, rest(table), table.caption].filter((line) => line !== undefined).join('\n');
}

function tableHtml(table: Table): string {
  const numeric = numericColumns(table);
  const style = (c: number): string => `style="text-align:${numeric[c] ? 'right' : 'left'}"`;
  const caption = table.caption === undefined ? '' : `<caption>${escapeHtml(table.caption)}</caption>`;
  const head = table.columns.map((name, c) => `<th scope="col" ${style(c)}>${escapeHtml(name)}</th>`);
  const body = table.rows.slice(0, table.limit).map((row) => {
    const cells = row.map((cell, c) => `<td ${style(c)}>${escapeHtml(formatCell(cell))}</td>`);
    return `<tr>${cells.join('')}</tr>`;
  });
  const more = rest(table);
  if (more) body.push(`<tr><td colspan="${table.columns.length}" style="text-align:left">${more}</td></tr>`);
  return (
    `<table class="faultbook-table">${caption}<thead><tr>${head.join('')}</tr></thead>\n` +
    `<tbody>${body.join('\n')}</tbody></table>`
  );
}
