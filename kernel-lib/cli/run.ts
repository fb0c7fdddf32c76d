import { Command } from 'commander';
import { join } from 'node:path';
import { OUTPUT_LIMIT } from '../notebook/run/outputs.js';
import { runNotebooks, type NotebookResult, type RunResult } from '../notebook/run/run.js';
import { progressBar } from './progress.js';
import { seconds } from './seconds.js';
import { onStopSignal } from './stop-signal.js';

interface Options {
  readonly out: string;
  readonly timeout: number;
  readonly json?: true | undefined;
}

const HELP = `
A failing cell ends its notebook, unless it is tagged raises-exception. Of one cell's output the first
${OUTPUT_LIMIT / 2 ** 20} MiB are kept, with a notice. Exit codes: 0 all fine, 1 a cell failed, 2 something is no notebook.`;

/** `faultbook run`: executes notebooks and writes them and their pages. */
export function run(): Command {
  return new Command('run')
    .description('execute notebooks and write them and their pages')
    .argument('[paths...]', 'notebooks and folders of them', ['notebooks'])
    .option('--out <dir>', 'folder for the executed notebooks and the site', 'site')
    .option('--timeout <seconds>', 'how long one cell may run', seconds, 60)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(execute);
}

async function execute(paths: string[], { out, timeout, json }: Options): Promise<void> {
  const stop = new AbortController();
  const unlisten = onStopSignal((signal, code) => {
    process.exitCode = code;
    stop.abort(new Error(`stopped by ${signal}: unfinished notebooks were not written`));
  });
  const bar = progressBar('cells');
  const report = json ? process.stderr : process.stdout;
  try {
    const result = await runNotebooks({
      paths,
      outDir: out,
      timeout,
      signal: stop.signal,
      onStart: ({ cells }) => bar.start(cells),
      onCell: (path) => bar.step(path),
      onNotebook: (done) => {
        for (const line of linesFor(done, json)) bar.print(report, line);
      },
    });
    bar.stop();
    conclude(result, out, json);
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
  { path, cells, seconds: taken, remarks }: NotebookResult,
  json: true | undefined,
): readonly string[] {
  if (remarks.length > 0 || json) return remarks;
  return [`${path}: ${cells} cells in ${taken.toFixed(1)} s`];
}

function conclude({ notebooks, failed, refused }: RunResult, out: string, json: true | undefined): void {
  for (const line of refused) process.stderr.write(`faultbook: ${line}\n`);
  const table = notebooks.map(({ path, cells, failed, seconds }) => ({ path, cells, failed, seconds }));
  if (json) process.stdout.write(`${JSON.stringify({ notebooks: table, failed })}\n`);
  else if (notebooks.length > 0) process.stdout.write(`open ${join(out, 'index.html')} in a browser\n`);
  if (refused.length > 0) process.exitCode = 2;
  else if (failed > 0) process.exitCode = 1;
}
