import { dirname, resolve } from 'node:path';
import type { Kernel } from '../client/kernel.js';
import type { Message } from '../client/wire.js';
import {
  joinLines,
  type Cell,
  type CodeCell,
  type ErrorOutput,
  type LanguageInfo,
  type Notebook,
} from '../nbformat.js';
import { cleaner, normaliseOutput, type Cleaner } from './normalise.js';
import { CellOutputs, type Displays } from './outputs.js';

/** How long an interrupted cell may take to stop before its kernel is killed, in milliseconds. */
const INTERRUPT_GRACE = 2_000;

/** How long timers that outlive the last cell are waited for, in seconds. */
const LATE_LIMIT = 2;

/**
 * Resolves when no timer or request keeps the event loop alive, or after `LATE_LIMIT`. Its own timer does not count. Cells
 * may well have given the name `process` to something of their own, and the kernel need not read the types of Node for
 * this.
 */
const AWAIT_TIMERS = `await new Promise((resolve) => {
  const { process, setInterval, clearInterval } = globalThis as any;
  const end = Date.now() + ${LATE_LIMIT * 1000};
  const look = setInterval(() => {
    if (process.getActiveResourcesInfo().includes('Timeout') && Date.now() < end) return;
    clearInterval(look);
    resolve(undefined);
  }, 10).unref();
})`;

/** What a reader is told about a cell or, without `cell`, about a notebook. Code cells count from 1. */
export interface Remark {
  readonly cell?: number;
  /** One line. */
  readonly message: string;
}

/** An executed notebook. */
export interface Execution {
  readonly notebook: Notebook;
  readonly failures: readonly Remark[];
  readonly warnings: readonly Remark[];
}

export interface ExecuteOptions {
  /** Starts the kernel in the given folder. */
  readonly startKernel: (cwd: string) => Promise<Kernel>;
  /** How long one cell may run, in seconds. */
  readonly timeout: number;
  /** Called once for each code cell, when it has run or been passed over. */
  readonly onCell: () => void;
}

/** A code cell on its way: what has come of it so far. */
interface CellRun {
  readonly cell: CodeCell;
  readonly outputs: CellOutputs;
  readonly mayFail: boolean;
  count: number | null;
  /** Why the cell did not end by itself. */
  verdict?: string;
  ok: boolean;
}

/**
 * Runs the code cells of `notebook` in order, in a kernel of their own, as Jupyter's "Run All" does: the first failing
 * cell stops it, unless that cell is tagged `raises-exception`. Cells after it come back as not run. Outputs are
 * normalised, so that two runs give the same notebook.
 *
 * @param path where the notebook lies: its cells run in that folder
 * @throws KernelDied when the kernel cannot be started
 */
export async function executeNotebook(
  path: string,
  notebook: Notebook,
  options: ExecuteOptions,
): Promise<Execution> {
  const cwd = resolve(dirname(path));
  const displays: Displays = new Map();
  const runs = notebook.cells
    .filter((cell) => cell.cell_type === 'code')
    .map((cell) => newRun(cell, displays));
  const info = await runAll(runs, cwd, options);
  const clean = cleaner(cwd);
  const done = new Map<Cell, Cell>(runs.map((run) => [run.cell, finished(run, clean)]));
  return {
    notebook: {
      ...notebook,
      metadata: { ...notebook.metadata, ...(info && { language_info: info }) },
      cells: notebook.cells.map((cell) => done.get(cell) ?? cell),
    },
    failures: remarks(runs, (run) => failure(run, clean)),
    warnings: remarks(runs, ({ outputs }) => (outputs.dropped > 0 ? outputs.cutNotice() : undefined)),
  };
}

function newRun(cell: CodeCell, displays: Displays): CellRun {
  const mayFail = cell.metadata.tags?.includes('raises-exception') ?? false;
  return { cell, outputs: new CellOutputs(displays), mayFail, count: null, ok: true };
}

/** Runs the cells that hold code; a notebook without any needs no kernel. */
async function runAll(
  runs: CellRun[],
  cwd: string,
  options: ExecuteOptions,
): Promise<LanguageInfo | undefined> {
  const hasCode = ({ cell }: CellRun) => joinLines(cell.source).trim() !== '';
  if (!runs.some(hasCode)) return undefined;
  const kernel = await options.startKernel(cwd);
  try {
    let last: CellRun | undefined;
    for (const run of runs) {
      if ((last?.ok ?? true) && hasCode(run)) await runCell(kernel, (last = run), options.timeout);
      options.onCell();
    }
    if (last?.ok) await awaitLateOutput(kernel, last);
  } finally {
    await kernel.close();
  }
  return kernel.info.language_info as LanguageInfo;
}

/** Runs one cell to its end, at worst to the end of its kernel. */
async function runCell(kernel: Kernel, run: CellRun, timeout: number): Promise<void> {
  const execution = kernel.execute(joinLines(run.cell.source), run.mayFail, (message) =>
    published(run, message),
  );
  const reply = await withinLimit(kernel, execution, timeout);
  if (reply instanceof CellStopped) overrule(run, reply);
  else settle(run, reply);
}

/** Gives timers that cells have left behind the chance to show what they do; it shows in the cells that set them. */
async function awaitLateOutput(kernel: Kernel, last: CellRun): Promise<void> {
  const reply = await withinLimit(kernel, kernel.executeSilently(AWAIT_TIMERS), LATE_LIMIT + 1);
  if (reply instanceof CellStopped)
    overrule(last, new CellStopped(`afterwards, what cells left behind: ${reply.message}`));
}

/** Why a cell did not end by itself. */
class CellStopped extends Error {}

/** What `execution` resolves with, or what had to be done or happened to its kernel instead. */
async function withinLimit(
  kernel: Kernel,
  execution: Promise<Message>,
  seconds: number,
): Promise<Message | CellStopped> {
  const late = `ran longer than ${seconds} s`;
  let grace: NodeJS.Timeout | undefined;
  const limit = setTimeout(() => {
    kernel.interrupt();
    grace = setTimeout(() => kernel.kill(), INTERRUPT_GRACE);
  }, seconds * 1000);
  try {
    const reply = await execution;
    return grace ? new CellStopped(`${late} and was interrupted`) : reply;
  } catch (err) {
    return new CellStopped(grace ? `${late} and its kernel had to be killed` : (err as Error).message);
  } finally {
    clearTimeout(limit);
    clearTimeout(grace);
  }
}

function published(run: CellRun, message: Message): void {
  if (message.header.msg_type === 'execute_input') run.count = Number(message.content.execution_count);
  else run.outputs.add(message);
}

/** Takes in the kernel's answer. A kernel that reports an error without saying which is quoted as such. */
function settle(run: CellRun, { content }: Message): void {
  run.count ??= typeof content.execution_count === 'number' ? content.execution_count : null;
  if (content.status !== 'ok' && !run.outputs.error) {
    const { ename = 'Error', evalue = `the kernel answered "${content.status}"`, traceback = [] } = content;
    run.outputs.addError({ ename, evalue, traceback });
  }
  run.ok = run.mayFail || !run.outputs.error;
}

/** The cell did not end by itself: that is an error whatever its tags allow. */
function overrule(run: CellRun, { message }: CellStopped): void {
  run.verdict = message;
  run.ok = false;
  run.outputs.overrule({ output_type: 'error', ename: 'CellStopped', evalue: message, traceback: [message] });
}

function finished({ cell, outputs, count }: CellRun, clean: Cleaner): CodeCell {
  const { execution: _, ...metadata } = cell.metadata;
  return {
    ...cell,
    metadata,
    execution_count: count,
    outputs: outputs.finish().map((output) => normaliseOutput(output, clean)),
  };
}

function failure({ verdict, outputs, mayFail }: CellRun, clean: Cleaner): string | undefined {
  if (verdict) return verdict;
  return outputs.error && !mayFail ? headline(outputs.error, clean) : undefined;
}

/** An error as one line. */
function headline({ ename, evalue }: ErrorOutput, clean: Cleaner): string {
  const [first = ''] = clean(evalue).trim().split('\n');
  return first === '' ? ename : `${ename}: ${first}`;
}

function remarks(runs: readonly CellRun[], remark: (run: CellRun) => string | undefined): Remark[] {
  return runs.flatMap((run, i) => {
    const message = remark(run);
    return message === undefined ? [] : [{ cell: i + 1, message }];
  });
}
