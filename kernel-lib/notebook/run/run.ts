import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../base/error.js';
import { Kernel, KernelDied } from '../client/kernel.js';
import { kernelArgv } from '../kernel/spec.js';
import type { Notebook } from '../nbformat.js';
import { writeSite, type SitePage } from '../site/site.js';
import { executeNotebook, type Execution, type Remark } from './execute.js';
import { checkOutputFolder, readNotebook, writeNotebook } from './file.js';
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
  /** What failed, then what was cut; one line each: path, cell and message. */
  readonly remarks: readonly string[];
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
  readonly page: SitePage;
}

/**
 * Executes notebooks, each in a kernel process of its own and at most one per core at once, and writes them and their
 * pages into the output folder. A file that is no TypeScript notebook is refused; the others still run.
 *
 * @throws InputError when a path is wrong, a folder holds no notebook or may not be written; then nothing was run
 * @throws the reason of `signal` when it fired
 */
export async function runNotebooks(options: RunOptions): Promise<RunResult> {
  const sources = findNotebooks(options.paths);
  checkOutputFolder(options.outDir);
  const { jobs, refused } = readAll(sources);
  const cells = jobs.reduce((sum, job) => sum + codeCells(job.notebook), 0);
  options.onStart({ notebooks: jobs.length, cells });
  const finished = await runJobs(jobs, options);
  options.signal.throwIfAborted();
  if (jobs.length > 0) {
    const pages = new Map([...refused, ...finished.map(({ page }) => page)].map((page) => [page.path, page]));
    const inOrder = sources.map(({ target }) => pages.get(target)!);
    await writeSite(inOrder, options.outDir);
  }
  const notebooks = finished.map(({ result }) => result);
  const failed = notebooks.reduce((sum, result) => sum + result.failed, 0);
  return { notebooks, failed, refused: refused.map(({ problem }) => problem) };
}

async function runJobs(jobs: readonly Job[], options: RunOptions): Promise<Finished[]> {
  const inTurn = limiter(availableParallelism());
  const running = jobs.map((job) => inTurn(() => runJob(job, options)));
  // A failure is met below, in the order of the plan; until then it is not unhandled.
  for (const run of running) run.catch(() => {});
  const finished: Finished[] = [];
  for (const run of running) {
    finished.push(await run);
    options.onNotebook(finished.at(-1)!.result);
  }
  return finished;
}

/** A file that cannot be run, and why. */
type Refusal = SitePage & { readonly problem: string };

function readAll(sources: readonly Source[]): { jobs: Job[]; refused: Refusal[] } {
  const jobs: Job[] = [];
  const refused: Refusal[] = [];
  for (const source of sources) {
    try {
      const notebook = readNotebook(source.path);
      checkLanguage(source.path, notebook);
      jobs.push({ ...source, notebook });
    } catch (err) {
      if (!(err instanceof InputError)) throw err;
      refused.push({ path: source.target, problem: err.message });
    }
  }
  return { jobs, refused };
}

async function runJob(job: Job, options: RunOptions): Promise<Finished> {
  const start = performance.now();
  const { execution, page } = await executeJob(job, options);
  const result: NotebookResult = {
    path: job.path,
    cells: codeCells(job.notebook),
    failed: execution.failures.length,
    seconds: Math.round(performance.now() - start) / 1000,
    remarks: [...execution.failures, ...execution.warnings].map((remark) => line(job.path, remark)),
  };
  return { result, page };
}

async function executeJob(
  { path, target, notebook }: Job,
  { outDir, timeout, signal, onCell }: RunOptions,
): Promise<{ execution: Pick<Execution, 'failures' | 'warnings'>; page: SitePage }> {
  try {
    const execution = await executeNotebook(path, notebook, {
      startKernel: (cwd) => Kernel.start({ argv: kernelArgv, cwd, signal }),
      timeout,
      onCell: () => onCell(path),
    });
    signal.throwIfAborted();
    const executed = withKernelspec(execution.notebook);
    writeNotebook(join(outDir, target), executed);
    return { execution, page: { path: target, notebook: executed } };
  } catch (err) {
    signal.throwIfAborted();
    if (!(err instanceof KernelDied)) throw err;
    const problem = `the kernel did not start: ${err.message}`;
    return { execution: { failures: [{ message: problem }], warnings: [] }, page: { path: target, problem } };
  }
}

function withKernelspec(notebook: Notebook): Notebook {
  return { ...notebook, metadata: { ...notebook.metadata, kernelspec: kernelspecMetadata() } };
}

function codeCells({ cells }: Notebook): number {
  return cells.filter((cell) => cell.cell_type === 'code').length;
}

function line(path: string, { cell, message }: Remark): string {
  return cell === undefined ? `${path}: ${message}` : `${path}: cell ${cell}: ${message}`;
}
