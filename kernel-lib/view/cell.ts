/** What a table or a figure can show in one place. */
export type Cell = string | number | bigint | boolean | null | undefined;

/** From here on the fraction of a number no longer matters to a reader. */
const WHOLE_FROM = 1000;

/**
 * Prints one value: whole numbers as they are, others with four significant digits or, where those would cut the whole
 * part, rounded to it; nothing for a missing value.
 */
export function formatCell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  return String(Math.abs(value) < WHOLE_FROM ? Number(value.toPrecision(4)) : Math.round(value));
}

/** A place on an axis: Plotly's JSON knows neither bigint nor a category that is no text. */
export function placeOf(value: Cell): string | number {
  return typeof value === 'number' ? value : formatCell(value);
}

export function isNumeric(value: Cell): boolean {
  return typeof value === 'number' || typeof value === 'bigint';
}
