import type { Cells } from './cells.js';
import type { Output } from './output.js';

type Write = typeof process.stdout.write;

/** Sends what is written to the standard streams to the cell that writes it. */
export function redirectStandardStreams(cells: Cells, output: Output): void {
  for (const name of ['stdout', 'stderr'] as const) {
    // A character's bytes may come in two pieces.
    const decoder = new TextDecoder();
    const write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
      const cell = cells.here();
      if (cell) output.stream(cell.cell, name, text);
      const written = rest.at(-1);
      if (typeof written === 'function') process.nextTick(written);
      return true;
    };
    process[name].write = write as Write;
  }
}
