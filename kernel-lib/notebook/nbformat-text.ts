import {
  isJsonMime,
  joinLines,
  type MimeBundle,
  type Multiline,
  type Notebook,
  type Output,
} from './nbformat.js';

/**
 * The text of a notebook file as Jupyter itself writes it, so that saving it there changes nothing: sorted keys, one
 * space of indentation, texts as arrays of lines.
 */
export function notebookText(notebook: Notebook): string {
  const cells = notebook.cells.map((cell) => {
    const source = lines(cell.source);
    return cell.cell_type === 'code'
      ? { ...cell, source, outputs: cell.outputs.map(inLines) }
      : { ...cell, source };
  });
  return JSON.stringify(sorted({ ...notebook, cells }), null, 1) + '\n';
}

function inLines(output: Output): Output {
  if (output.output_type === 'error') return output;
  if (output.output_type === 'stream') return { ...output, text: lines(output.text) };
  const data = Object.entries(output.data).map(([mime, value]) => [
    mime,
    isJsonMime(mime) ? value : lines(value as Multiline),
  ]);
  return { ...output, data: Object.fromEntries(data) as MimeBundle };
}

/** Cuts a text after each line feed. */
function lines(text: Multiline): readonly string[] {
  return joinLines(text).match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}
