/** One output in several forms, by MIME type. Every front end shows the richest form that it knows. */
export type MimeBundle = Readonly<Record<string, unknown>>;

/** The method under which an object hands out its forms. Registered, so that two copies of the library agree. */
export const mimeBundle: unique symbol = Symbol.for('faultbook.mimeBundle') as typeof mimeBundle;

/** An object that knows how to show itself in a notebook cell. */
export interface Displayable {
  [mimeBundle](): MimeBundle;
}

/** Where the kernel (or a page) installs the function that shows a value. */
export const DISPLAY = Symbol.for('faultbook.display');

export function isDisplayable(value: unknown): value is Displayable {
  return typeof value === 'object' && value !== null && mimeBundle in value;
}

/**
 * Shows a value at once, also from the middle of a cell. Outside a notebook it prints the text form.
 *
 * @param value a figure, a table, or anything that `console.log` prints
 */
export function display(value: unknown): void {
  const show: unknown = Reflect.get(globalThis, DISPLAY);
  if (typeof show === 'function') show(value);
  else console.log(isDisplayable(value) ? value[mimeBundle]()['text/plain'] : value);
}
