// The kernel of a live page: runs cells in a worker, so that the page can stop them.
import { format } from 'node-inspect-extracted';
import * as faultbook from '../../index.js';
import { DISPLAY } from '../../view/mime.js';
import { cellScript } from './cell-script.js';
import { CellOutput } from './output.js';
import { onOrder, report } from './port.js';

type Scope = Record<string, unknown>;
type Run = (exports: Scope, require: (name: string) => unknown) => unknown;

/** The variables of all cells. */
const scope: Scope = {};
let output: CellOutput | undefined;
let queue: Promise<void> = Promise.resolve();

for (const [name, stream] of Object.entries({
  log: 'stdout',
  info: 'stdout',
  debug: 'stdout',
  warn: 'stderr',
  error: 'stderr',
}))
  Reflect.set(console, name, (...values: unknown[]) =>
    output?.stream(stream as 'stdout' | 'stderr', `${format(...values)}\n`),
  );
Reflect.set(globalThis, DISPLAY, (value: unknown) => output?.show(value));

onOrder((order) => {
  // One after the other: a cell may find only what those before it have left.
  if (order.type === 'run') queue = queue.then(() => runCell(order.cell, order.code));
});

async function runCell(cell: string, code: string): Promise<void> {
  const out = (output = new CellOutput(cell));
  let failed = false;
  try {
    const value = await scriptOf(code)(scope, require);
    if (value !== undefined && value !== null) out.show(value);
  } catch (err) {
    failed = true;
    out.fail(err);
  }
  await out.finished();
  report({ type: 'done', cell, failed });
}

function scriptOf(code: string): Run {
  const { body, isAsync } = cellScript(code, new Set(Object.keys(scope)));
  const make = new Function(
    `return ${isAsync ? 'async ' : ''}function (exports, require) {${body}\n}`,
  ) as () => Run;
  return make();
}

function require(name: string): unknown {
  if (name === 'faultbook') return faultbook;
  throw new Error(`a page has no module '${name}'; allowed: faultbook`);
}
