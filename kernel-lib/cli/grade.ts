import { Command } from 'commander';
import { Kernel } from '../notebook/client/kernel.js';
import { type Grade, forGrading, gradeOf, workbookOf } from '../notebook/grade.js';
import { kernelArgv } from '../notebook/kernel/spec.js';
import { executeNotebook } from '../notebook/run/execute.js';
import { readNotebook } from '../notebook/run/file.js';
import { ownWorkbooks } from '../notebook/workbooks.js';
import { progressBar } from './progress.js';
import { onStopSignal } from './stop-signal.js';
import { seconds } from './seconds.js';

interface Options {
  readonly timeout: number;
  readonly json?: true;
}

const HELP = `
The notebook is run from its first cell to its last; the file stays as it is. A cell that fails does not end the run,
one that takes too long does. Cells that judge are taken from the workbook, not from the notebook.`;

/** `faultbook grade NOTEBOOK`: exit 0 whatever the points. */
export function grade(): Command {
  return new Command('grade')
    .description('runs a notebook and grades its exercises')
    .argument('<notebook>', 'an edition of a workbook, with answers')
    .option('--timeout <seconds>', 'how long one cell may run', seconds, 120)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(gradeNotebook);
}

async function gradeNotebook(path: string, { timeout, json }: Options): Promise<void> {
  const notebook = readNotebook(path);
  const workbook = workbookOf(path, notebook, ownWorkbooks());
  const stop = new AbortController();
  const unlisten = onStopSignal((signal, code) => {
    process.exitCode = code;
    stop.abort(new Error(`stopped by ${signal}: nothing was graded`));
  });
  const bar = progressBar('cells');
  try {
    bar.start(notebook.cells.filter((cell) => cell.cell_type === 'code').length);
    const execution = await executeNotebook(path, forGrading(notebook, workbook), {
      startKernel: (cwd) => Kernel.start({ argv: kernelArgv, cwd, signal: stop.signal }),
      timeout,
      onCell: () => bar.step(path),
    });
    bar.stop();
    stop.signal.throwIfAborted();
    const result = gradeOf(execution, workbook);
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : gradeText(result));
  } catch (err) {
    bar.stop();
    if (err !== stop.signal.reason) throw err;
    process.stderr.write(`faultbook: ${stop.signal.reason.message}\n`);
  } finally {
    unlisten();
  }
}

function gradeText({ points, of, exercises }: Grade): string {
  const lines = exercises.map((one) => `${one.points} of ${one.of}  ${one.id}: ${one.message}\n`);
  return `${lines.join('')}${points} of ${of} points\n`;
}
