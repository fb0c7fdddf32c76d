import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../base/error.js';
import { Kernel, KernelDied } from '../client/kernel.js';
import { kernelArgv } from '../kernel/spec.js';
import type { Notebook } from '../nbformat.js';
import { DrawingService } from '../plotly/service.js';
import { writeSite, type SitePage } from '../site/site.js';
import { executeNotebook, type Execution, type Remark } from './execute.js';
import { checkOutputFolder, readNotebook, writeNotebook } from './file.js';
import { findNotebooks, type Source } from './find.js';
import { checkLanguage, kernelspecMetadata } from './language.js';
import { LastRun } from './last-run.js';
import { limiter } from './limiter.js';
import { type Parameters, checkParameters, withParameters } from './parameters.js';
import { startingOrder } from './startingOrder.js';

/** Kernels beyond one for each core: they work while others wait for their figures or their next cell. */
const SPARE_KERNELS = 1;

export interface RunOptions {
  /** Notebooks and folders of them. */
  readonly paths: readonly string[];
  /** The folder that receives the executed notebooks and their pages. */
  readonly outDir: string;
  /** How long one cell may run, in seconds. */
  readonly timeout: number;
  /** Values for the notebooks' parameters; absent: their defaults. */
  readonly parameters?: Parameters;
  /** Run also what an earlier run has left unchanged. */
  readonly fresh?: boolean;
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
  /** Where the executed one lies below the output folder, with forward slashes. */
  readonly target: string;
  /** How many code cells it has. */
  readonly cells: number;
  /** How many of them failed; a notebook whose kernel does not start counts as one. */
  readonly failed: number;
  readonly seconds: number;
  /** It was not run: an earlier run's outputs stand. */
  readonly unchanged: boolean;
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
  /** As it is run, parameters and all. */
  readonly notebook: Notebook;
  readonly lastRun: LastRun;
}

/** What the jobs of a run share. */
interface Shared {
  readonly options: RunOptions;
  /** Starts the service that draws their figures, or gives the one that was started. */
  readonly drawing: () => Promise<DrawingService>;
}

interface Finished {
  readonly result: NotebookResult;
  readonly page: SitePage;
}

/**
 * Executes notebooks, each in a kernel process of its own and about as many at once as there are cores, and writes them
 * and their pages into the output folder. What an earlier run made there from the same cells, library and data is not run again.
 * A file that is no TypeScript notebook is refused; the others still run.
 *
 * @throws InputError when a path or parameter is wrong, a folder holds no notebook or may not be written; then nothing was run
 * @throws the reason of `signal` when it fired
 */
export async function runNotebooks(options: RunOptions): Promise<RunResult> {
  const sources = findNotebooks(options.paths);
  checkOutputFolder(options.outDir);
  const lastRun = new LastRun(options.outDir);
  const { jobs, refused } = readAll(sources, options.parameters ?? new Map(), lastRun);
  const cells = jobs.reduce((sum, job) => sum + codeCells(job.notebook), 0);
  options.onStart({ notebooks: jobs.length, cells });
  const finished = await runJobs(jobs, options);
  options.signal.throwIfAborted();
  if (jobs.length > 0) {
    const pages = new Map([...refused, ...finished.map(({ page }) => page)].map((page) => [page.path, page]));
    const inOrder = sources.map(({ target }) => pages.get(target)!);
    await writeSite(inOrder, options.outDir);
    lastRun.save();
  }
  const notebooks = finished.map(({ result }) => result);
  const failed = notebooks.reduce((sum, result) => sum + result.failed, 0);
  return { notebooks, failed, refused: refused.map(({ problem }) => problem) };
}

async function runJobs(jobs: readonly Job[], options: RunOptions): Promise<Finished[]> {
  const inTurn = limiter(availableParallelism() + SPARE_KERNELS);
  let service: Promise<DrawingService> | undefined;
  const shared: Shared = { options, drawing: () => (service ??= DrawingService.start()) };
  const running = new Map(startingOrder(jobs).map((job) => [job, inTurn(() => runJob(job, shared))]));
  // A failure is met below, in the order of the plan; until then it is not unhandled.
  for (const run of running.values()) run.catch(() => {});
  try {
    const finished: Finished[] = [];
    for (const job of jobs) {
      finished.push(await running.get(job)!);
      options.onNotebook(finished.at(-1)!.result);
    }
    return finished;
  } finally {
    await (await service)?.close();
  }
}

/** A file that cannot be run, and why. */
type Refusal = SitePage & { readonly problem: string };

function readAll(
  sources: readonly Source[],
  parameters: Parameters,
  lastRun: LastRun,
): { jobs: Job[]; refused: Refusal[] } {
  const read: Job[] = [];
  const refused: Refusal[] = [];
  for (const source of sources) {
    try {
      const notebook = readNotebook(source.path);
      checkLanguage(source.path, notebook);
      read.push({ ...source, notebook, lastRun });
    } catch (err) {
      if (!(err instanceof InputError)) throw err;
      refused.push({ path: source.target, problem: err.message });
    }
  }
  const written = read.map(({ notebook }) => notebook);
  checkParameters(written, parameters);
  const jobs = read.map((job) => ({ ...job, notebook: withParameters(job.path, job.notebook, parameters) }));
  return { jobs, refused };
}

async function runJob(job: Job, shared: Shared): Promise<Finished> {
  const { options } = shared;
  const start = performance.now();
  const done = options.fresh ? undefined : job.lastRun.executed(job.target, job.notebook);
  const { execution, page } = done ? unchangedJob(job, done, options) : await executeJob(job, shared);
  const result: NotebookResult = {
    path: job.path,
    target: job.target,
    cells: codeCells(job.notebook),
    failed: execution.failures.length,
    seconds: Math.round(performance.now() - start) / 1000,
    unchanged: done !== undefined,
    remarks: [...execution.failures, ...execution.warnings].map((remark) => line(job.path, remark)),
  };
  return { result, page };
}

/** A notebook with its outputs, and what is to be said of it. */
interface Executed {
  readonly execution: Pick<Execution, 'failures' | 'warnings'>;
  readonly page: SitePage;
}

function unchangedJob({ path, target }: Job, notebook: Notebook, { onCell }: RunOptions): Executed {
  for (let i = codeCells(notebook); i > 0; i--) onCell(path);
  return { execution: { failures: [], warnings: [] }, page: { path: target, notebook } };
}

async function executeJob(
  { path, target, notebook, lastRun }: Job,
  { options: { outDir, timeout, signal, onCell }, drawing }: Shared,
): Promise<Executed> {
  signal.throwIfAborted();
  const { environment } = await drawing();
  try {
    const execution = await executeNotebook(path, notebook, {
      startKernel: (cwd) => Kernel.start({ argv: kernelArgv, cwd, signal, environment }),
      timeout,
      onCell: () => onCell(path),
    });
    signal.throwIfAborted();
    const executed = withKernelspec(execution.notebook);
    writeNotebook(join(outDir, target), executed);
    if (execution.failures.length === 0 && execution.warnings.length === 0)
      lastRun.remember(target, notebook);
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
