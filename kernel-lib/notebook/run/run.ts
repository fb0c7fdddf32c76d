import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../base/error.js';
import { Kernel, KernelDied } from '../client/kernel.js';
import { kernelArgv } from '../kernel/spec.js';
import type { Notebook } from '../nbformat.js';
import { executeNotebook, type Execution, type Remark } from './execute.js';
import { readNotebook, writeNotebook } from './file.js';
import { findNotebooks, type Source } from './find.js';
import { checkLanguage, kernelspecMetadata } from './language.js';
import { limiter } from './limiter.js';

export interface RunOptions {
  /** Notebooks and folders of them. */
  readonly paths: readonly string[];
  /** The folder that receives the executed notebooks and their pages. */
  readonly outDir: string;
  /** How long one cell may run, in seconds. */
  readonly timeout: number;
  /** Stops everything when it fires: notebooks that are finished stay, nothing else is written. */
  readonly signal: AbortSignal;
  readonly onStart: (plan: Plan) => void;
  /** A code cell of the notebook at `path` has run. */
  readonly onCell: (path: string) => void;
  /** A notebook is finished; called in the order of the plan. */
  readonly onNotebook: (result: NotebookResult) => void;
}

/** What is going to be run. */
export interface Plan {
  readonly notebooks: number;
  /** Code cells in all of them. */
  readonly cells: number;
}

export interface NotebookResult {
  readonly path: string;
  /** How many code cells it has. */
  readonly cells: number;
  /** How many of them failed; a notebook whose kernel does not start counts as one. */
  readonly failed: number;
  readonly seconds: number;
  /** One line each: path, cell and message. */
  readonly failures: readonly string[];
  readonly warnings: readonly string[];
}

export interface RunResult {
  readonly notebooks: readonly NotebookResult[];
  /** Failed cells of all notebooks. */
  readonly failed: number;
  /** Why some files could not be run at all, one line each. */
  readonly refused: readonly string[];
}

interface Job extends Source {
  readonly notebook: Notebook;
}

interface Finished {
  readonly result: NotebookResult;
  /** The executed notebook, absent when its kernel did not start. */
  readonly notebook?: Notebook;
}

/**
 * Executes notebooks, each in a kernel process of its own and at most one per core at once, and writes them and their
 * pages into the output folder. A file that is no TypeScript notebook is refused; the others still run.
 *
 * @throws InputError when a path is wrong or a folder holds no notebook; then nothing was run
 * @throws the reason of `signal` when it fired
 */
export async function runNotebooks(options: RunOptions): Promise<RunResult> {
  const { jobs, refused } = readAll(findNotebooks(options.paths));
  options.onStart({
    notebooks: jobs.length,
    cells: jobs.reduce((sum, job) => sum + codeCells(job.notebook), 0),
  });
  const inTurn = limiter(availableParallelism());
  const running = jobs.map((job) => inTurn(() => runJob(job, options)));
  // A failure is met below, in the order of the plan; until then it is not unhandled.
  for (const run of running) run.catch(() => {});
  const finished: Finished[] = [];
  for (const run of running) {
    finished.push(await run);
    options.onNotebook(finished.at(-1)!.result);
  }
  const notebooks = finished.map(({ result }) => result);
  return { notebooks, failed: notebooks.reduce((sum, { failed }) => sum + failed, 0), refused };
}

function readAll(sources: readonly Source[]): { jobs: Job[]; refused: string[] } {
  const jobs: Job[] = [];
  const refused: string[] = [];
  for (const source of sources) {
    try {
      const notebook = readNotebook(source.path);
      checkLanguage(source.path, notebook);
      jobs.push({ ...source, notebook });
    } catch (err) {
      if (!(err instanceof InputError)) throw err;
      refused.push(err.message);
    }
  }
  return { jobs, refused };
}

async function runJob(job: Job, { signal, timeout, outDir, onCell }: RunOptions): Promise<Finished> {
  const start = performance.now();
  const outcome = (execution: Pick<Execution, 'failures' | 'warnings'>): NotebookResult => ({
    path: job.path,
    cells: codeCells(job.notebook),
    failed: execution.failures.length,
    seconds: Math.round(performance.now() - start) / 1000,
    failures: execution.failures.map((remark) => line(job.path, remark)),
    warnings: execution.warnings.map((remark) => line(job.path, remark)),
  });
  try {
    const execution = await executeNotebook(job.path, job.notebook, {
      startKernel: (cwd) => Kernel.start({ argv: kernelArgv, cwd, signal }),
      timeout,
      onCell: () => onCell(job.path),
    });
    signal.throwIfAborted();
    const metadata = { ...execution.notebook.metadata, kernelspec: kernelspecMetadata() };
    const notebook = { ...execution.notebook, metadata };
    writeNotebook(join(outDir, job.target), notebook);
    return { result: outcome(execution), notebook };
  } catch (err) {
    signal.throwIfAborted();
    if (!(err instanceof KernelDied)) throw err;
    return {
      result: outcome({ failures: [{ message: `the kernel did not start: ${err.message}` }], warnings: [] }),
    };
  }
}

function codeCells({ cells }: Notebook): number {
  return cells.filter((cell) => cell.cell_type === 'code').length;
}

function line(path: string, { cell, message }: Remark): string {
  return cell === undefined ? `${path}: ${message}` : `${path}: cell ${cell}: ${message}`;
}
