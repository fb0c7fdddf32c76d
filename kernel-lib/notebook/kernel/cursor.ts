/**
 * The cursor of a request in UTF-16 units, as JavaScript counts; Jupyter counts code points. Without one, the end.
 */
export function cursorUnits(content: Readonly<Record<string, unknown>>): number {
  const code = String(content.code ?? '');
  const position = content.cursor_pos;
  if (typeof position !== 'number') return code.length;
  return Array.from(code).slice(0, position).join('').length;
}

/** The place `units` of `code`, counted in code points. */
export function cursorPosition(code: string, units: number): number {
  return Array.from(code.slice(0, units)).length;
}
