import { type Cell, type Notebook, type Output, joinLines } from '../nbformat.js';

/** The first place where two runs of a notebook show different things. */
export interface OutputDifference {
  /** The code cell, counted from 1. */
  readonly cell: number;
  /** A line of the outputs' text on either side; undefined where one has no more. */
  readonly committed: string | undefined;
  readonly fresh: string | undefined;
}

/**
 * Compares what the cells of a notebook showed with what they show now, by the text of their outputs.
 *
 * @returns undefined when they agree
 */
export function firstDifference(committed: Notebook, fresh: Notebook): OutputDifference | undefined {
  const [before, now] = [outputLines(committed), outputLines(fresh)];
  for (const [i, lines] of now.entries()) {
    const old = before[i] ?? [];
    const at = Array.from({ length: Math.max(lines.length, old.length) }, (_, n) => n).find(
      (n) => lines[n] !== old[n],
    );
    if (at !== undefined) return { cell: i + 1, committed: old[at], fresh: lines[at] };
  }
  return undefined;
}

/** The lines that each code cell shows. */
export function outputLines({ cells }: Notebook): string[][] {
  return cells
    .filter((cell: Cell) => cell.cell_type === 'code')
    .map(({ outputs }) => outputs.flatMap((output) => textOf(output).split('\n')));
}

function textOf(output: Output): string {
  if (output.output_type === 'stream') return joinLines(output.text);
  if (output.output_type === 'error') return `${output.ename}: ${output.evalue}`;
  return joinLines((output.data['text/plain'] ?? '') as string | string[]);
}
