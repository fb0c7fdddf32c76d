import { inspect } from 'node:util';
import type { CellError } from '../messages.js';

/** Describes whatever a cell threw. */
export function cellError(thrown: unknown): CellError {
  if (!(thrown instanceof Error)) {
    const text = inspect(thrown);
    return { ename: typeNameOf(thrown), evalue: text, traceback: [`Uncaught ${text}`] };
  }
  return { ename: nameOf(thrown), evalue: String(thrown.message), traceback: tracebackOf(thrown) };
}

/** The error as Node prints it: its stack, its cause and its further properties. */
function tracebackOf(err: Error): string[] {
  const printed = inspect(err);
  // Node puts an error without frames in brackets.
  return (printed === `[${err.stack}]` ? printed.slice(1, -1) : printed).split('\n');
}

function nameOf(err: Error): string {
  return String(err.name) || err.constructor.name;
}

function typeNameOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null) return thrown === null ? 'null' : typeof thrown;
  return thrown.constructor?.name ?? 'Object';
}

/** What a stopped cell reports. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('the cell was interrupted');
  }
}
