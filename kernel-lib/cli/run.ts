import { Command } from 'commander';
import { join } from 'node:path';
import { InputError } from '../base/error.js';
import { type Changed, checkNotebooks } from '../notebook/run/check.js';
import { optimiseLater } from '../notebook/optimising.js';
import { OUTPUT_LIMIT } from '../notebook/run/outputs.js';
import { runNotebooks, type NotebookResult, type RunOptions, type RunResult } from '../notebook/run/run.js';
import { progressBar } from './progress.js';
import { seconds } from './seconds.js';
import { onStopSignal } from './stop-signal.js';

interface Options {
  readonly out: string;
  readonly timeout: number;
  readonly parameter?: ReadonlyMap<string, string>;
  readonly fresh?: true | undefined;
  readonly check?: true | undefined;
  readonly json?: true | undefined;
}

const HELP = `
A notebook whose cells, library and data are those of the last run into the same folder is not run again. A parameter is
a variable of the cell that is tagged parameters; its new value goes into a cell behind it. --check writes nothing.
The site holds the pages of this run alone: with another --out an earlier site stays whole.
A failing cell ends its notebook, unless it is tagged raises-exception. Of one cell's output the first
${OUTPUT_LIMIT / 2 ** 20} MiB are kept, with a notice. Exit codes: 0 all fine, 1 a cell failed, 2 something is no notebook.`;

/** `faultbook run`: executes notebooks and writes them and their pages. */
export function run(): Command {
  return new Command('run')
    .description('executes notebooks and writes them and their pages')
    .argument('[paths...]', 'notebooks and folders of them', ['notebooks'])
    .option('--out <dir>', 'folder for the executed notebooks and the site', 'site')
    .option('--timeout <seconds>', 'how long one cell may run', seconds, 120)
    .option('-p, --parameter <name=value>', 'another value for a parameter; may be repeated', parameter)
    .option('--fresh', 'run also what has not changed since the last run')
    .option('--check', 'compare the outputs with those that the notebooks hold; exit 1 if they differ')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(execute);
}

async function execute(
  paths: string[],
  { out, timeout, parameter: parameters = new Map(), fresh, check, json }: Options,
): Promise<void> {
  optimiseLater();
  const stop = new AbortController();
  const unlisten = onStopSignal((signal, code) => {
    process.exitCode = code;
    stop.abort(new Error(`stopped by ${signal}: unfinished notebooks were not written`));
  });
  const bar = progressBar('cells');
  const report = json ? process.stderr : process.stdout;
  try {
    const options: Omit<RunOptions, 'outDir' | 'fresh'> = {
      paths,
      timeout,
      parameters,
      signal: stop.signal,
      onStart: ({ cells }) => bar.start(cells),
      onCell: (path) => bar.step(path),
      onNotebook: (done) => {
        for (const line of linesFor(done, json)) bar.print(report, line);
      },
    };
    if (check) {
      const result = await checkNotebooks(options);
      bar.stop();
      concludeCheck(result, json);
    } else {
      const result = await runNotebooks({ ...options, outDir: out, fresh: fresh === true });
      bar.stop();
      conclude(result, out, json);
    }
  } catch (err) {
    bar.stop();
    if (err !== stop.signal.reason) throw err;
    process.stderr.write(`faultbook: ${stop.signal.reason.message}\n`);
  } finally {
    unlisten();
  }
}

/** What one notebook came to: what is wrong with it or, for people, that it is fine. */
function linesFor(
  { path, cells, seconds: taken, unchanged, remarks }: NotebookResult,
  json: true | undefined,
): readonly string[] {
  if (remarks.length > 0 || json) return remarks;
  return [`${path}: ${cells} cells ${unchanged ? 'unchanged' : `in ${taken.toFixed(1)} s`}`];
}

/** The fields of a notebook that are printed as JSON. */
type Row = Pick<NotebookResult, 'path' | 'cells' | 'failed' | 'seconds'>;

function conclude(result: RunResult, out: string, json: true | undefined): void {
  const { notebooks, failed } = result;
  if (json) process.stdout.write(`${JSON.stringify({ notebooks: notebooks.map(rowOf), failed })}\n`);
  else if (notebooks.length > 0) process.stdout.write(`open ${join(out, 'index.html')} in a browser\n`);
  setExitCode(result, failed > 0);
}

function concludeCheck(
  result: RunResult & { readonly changed: readonly Changed[] },
  json: true | undefined,
): void {
  const { notebooks, failed, changed } = result;
  if (json) process.stdout.write(`${JSON.stringify({ notebooks: notebooks.map(rowOf), failed, changed })}\n`);
  else for (const one of changed) process.stdout.write(changedText(one));
  if (!json && changed.length === 0) process.stdout.write('every output is as committed\n');
  setExitCode(result, failed + changed.length > 0);
}

function rowOf({ path, cells, failed, seconds }: NotebookResult): Row {
  return { path, cells, failed, seconds };
}

function changedText({ path, cell, committed, fresh }: Changed): string {
  const line = (text: string | undefined): string =>
    text === undefined ? 'nothing more' : JSON.stringify(text);
  return `${path}: cell ${cell} shows something else\n  committed: ${line(committed)}\n  now:       ${line(fresh)}\n`;
}

function setExitCode({ refused }: RunResult, failed: boolean): void {
  for (const line of refused) process.stderr.write(`faultbook: ${line}\n`);
  if (refused.length > 0) process.exitCode = 2;
  else if (failed) process.exitCode = 1;
}

function parameter(
  text: string,
  before: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const [, name, value] = /^([A-Za-z_$][\w$]*)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InputError(`-p ${text}: not a parameter; allowed are name=value`);
  return new Map([...before, [name, value]]);
}
