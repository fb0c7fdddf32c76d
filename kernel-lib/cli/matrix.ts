import { Command } from 'commander';
import { type BadCell, type DirtyMatrix, dirtyMatrixOf, machineKinds } from '../matrix/dirty-matrix.js';
import { findingNames, findingWords } from '../matrix/findings.js';
import type { MachineKind } from '../matrix/run-course.js';
import { releaseByName } from '../patches/releases.js';
import { counted } from '../scenario/facts.js';
import { Table } from '../view/table.js';
import { MatrixWorkers } from './matrix-workers.js';
import { progressBar } from './progress.js';
import { onStopSignal } from './stop-signal.js';

interface Options {
  readonly arch?: string;
  readonly release?: string;
  readonly json?: true;
}

/** `faultbook matrix dirty`: exit 1 when an entry is wrong on the release that was asked for. */
export function matrix(): Command {
  return new Command('matrix')
    .description('runs a question over every architecture, every path and every state of the patches')
    .addCommand(dirty());
}

function dirty(): Command {
  return new Command('dirty')
    .description('dirty and writable: what every path that stores a page-table entry makes of them')
    .option('--arch <arches>', 'architecture variants, joined by commas (default: all)')
    .option('--release <release>', 'one release instead of every state of the patches')
    .option('--json', 'print one JSON object')
    .action(async ({ arch, release, json }: Options) => {
      const kinds = machineKinds(arch?.split(','));
      const named = release === undefined ? undefined : releaseByName(release);
      const { rows, code } = await interruptible(kinds, named);
      const found = dirtyMatrixOf(rows, named);
      process.stdout.write(json ? `${JSON.stringify(found, null, 2)}\n` : matrixText(found));
      if (rows.length < kinds.length) {
        process.stderr.write(`stopped: ${rows.length} of ${kinds.length} machines are done\n`);
      }
      const wrong = named !== undefined && rows.some(({ bad }) => bad.length > 0);
      process.exitCode = code || Number(wrong);
    });
}

/** Fills the rows until the end, or until Ctrl-C: then gives those that are done. */
async function interruptible(kinds: readonly MachineKind[], release: string | undefined) {
  const progress = progressBar('machines');
  const workers = new MatrixWorkers(release);
  let code = 0;
  const unlisten = onStopSignal((_, signalCode) => {
    code = signalCode;
    workers.stop();
  });
  progress.start(kinds.length);
  try {
    return { rows: await workers.rows(kinds, ({ arch }) => progress.step(arch)), code };
  } finally {
    progress.stop();
    unlisten();
  }
}

function matrixText(found: DirtyMatrix): string {
  const { rows, cells, sites, unreached, release } = found;
  const bad = rows.flatMap((row) => row.bad);
  const kernels = rows.reduce((sum, row) => sum + row.kernels, 0);
  const where = release === undefined ? `${kernels} kernels` : `Linux ${release}`;
  const lines = [
    `${counted(rows.length, 'machine')}, ${where}, ${sites.length - unreached.length} of ${sites.length} paths: ${cells} cells, ${bad.length} bad`,
    ...(bad.length === 0 ? [] : [badTable(bad).toString(), ...legend(bad)]),
    ...(unreached.length === 0 ? [] : [`not gone over: ${unreached.join(', ')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** Kernels of one architecture that are bad alike are one row. */
function badTable(bad: readonly BadCell[]): Table {
  const rows = new Map<string, { readonly words: readonly string[]; kernels: number }>();
  for (const { arch, cpu = '', site, findings, state } of bad) {
    const words = [arch, cpu, state.operators ?? '', site, findings.join(' ')];
    const row = rows.get(words.join()) ?? { words, kernels: 0 };
    rows.set(words.join(), row);
    row.kernels++;
  }
  return new Table({
    columns: ['architecture', 'CPU', 'operators', 'path', 'findings', 'kernels'],
    rows: [...rows.values()].map(({ words, kernels }) => [...words, kernels]),
  });
}

function legend(bad: readonly BadCell[]): string[] {
  const seen = new Set(bad.flatMap(({ findings }) => findings));
  return findingNames.filter((name) => seen.has(name)).map((name) => `${name}: ${findingWords[name]}`);
}
