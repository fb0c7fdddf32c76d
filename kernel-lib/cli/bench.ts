import { Command } from 'commander';
import { InputError } from '../base/error.js';
import { type BuildRow, builds } from '../bench/builds.js';
import { type ExplorerFigures, explorerFigures, explorerText } from '../bench/explorer.js';
import {
  type ComparedRow,
  NOT_EQUAL_WORK,
  comparedTable,
  growthFigure,
  hostFigure,
} from '../bench/figures.js';
import { type HostKernel, hostKernel } from '../bench/native.js';
import { type PteThroughput, benchPte } from '../bench/pte.js';
import { type TracingFigures, tracingFigures } from '../bench/tracing.js';
import { runInOwnProcess } from '../bench/own-process.js';
import { type BenchRow, benchOperations, chosenOperations, plannedRuns } from '../bench/run-operations.js';
import { inlineKernelFunctions } from '../notebook/optimising.js';
import { renderBundle } from '../notebook/render.js';
import { writeWholeFile } from '../notebook/wholeFile.js';
import { mimeBundle } from '../view/mime.js';
import { progressBar } from './progress.js';

interface Options {
  readonly sizes?: readonly number[];
  readonly rounds: number;
  readonly native: boolean;
  readonly explorer: boolean;
  readonly html?: string;
  readonly list?: true;
  readonly json?: true;
}

/** What `--json` prints. */
interface BenchReport {
  readonly operations: readonly ComparedRow[];
  /** As `uname -r` has it; null where nothing was run on the host kernel. */
  readonly host: string | null;
  readonly codecs: readonly PteThroughput[];
  readonly builds: readonly BuildRow[];
  readonly tracing: TracingFigures | null;
  readonly explorer: ExplorerFigures | null;
  readonly note: string;
}

const DEFAULT_SIZES = [16, 18, 20, 22].map((exponent) => 2 ** exponent);
const LARGEST = 2 ** 28;
const CODEC_MILLIONS = 4;
const CODEC_ARCHES = ['x86_64', 'arm64_4k', 'x86_32_pae', 's390'];

/** `faultbook bench`: times only, no verdict. */
export function bench(): Command {
  return new Command('bench')
    .description('times the model, and where a C compiler is present the host kernel in the same run')
    .argument('[operations...]', 'operations, as --list names them (default: all, with codecs and explorer)')
    .option(
      '--sizes <n...>',
      'pages or operations of each run, such as 2^16 2^26 (at most 2^28; default: 2^16 2^18 2^20 2^22)',
      addSize,
    )
    .option(
      '--rounds <n>',
      'runs of each, of which the shortest counts; fewer where one takes long',
      wholeNumber,
      5,
    )
    .option('--no-native', 'do not run the same operations on the host kernel')
    .option('--no-explorer', 'leave out the explorer and SPIN')
    .option('--html <file>', 'write the figures as a page')
    .option('--list', 'list the operations')
    .option('--json', 'print one JSON object')
    .action(async (names: readonly string[], options: Options) => {
      if (options.list) return list();
      inlineKernelFunctions();
      const report = await measure(names, options);
      if (options.html !== undefined) writeWholeFile(options.html, await page(report));
      process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
    });
}

function list(): void {
  for (const { name, title } of benchOperations) process.stdout.write(`${name.padEnd(20)} ${title}\n`);
}

function addSize(text: string, before: readonly number[] = []): number[] {
  const [, exponent] = /^2\^(\d+)$/.exec(text) ?? [];
  const size = exponent === undefined ? Number(text) : 2 ** Number(exponent);
  if (Number.isInteger(size) && size >= 1 && size <= LARGEST) return [...before, size];
  throw new InputError(`--sizes ${text}: not a size; allowed are 1 to 2^28, such as 2^20`);
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InputError(`--rounds ${text}: allowed are whole numbers from 1`);
}

async function measure(names: readonly string[], options: Options): Promise<BenchReport> {
  const { sizes = DEFAULT_SIZES, rounds } = options;
  const plan = {
    ...(names.length > 0 && { operations: names }),
    sizes: [...sizes].sort((a, b) => a - b),
    rounds,
  };
  const everything = names.length === 0;
  // First: how soon a search finds something is measured in a process that has run nothing yet.
  const explorer = everything && options.explorer ? explorerFigures(rounds, say) : null;
  const host = options.native ? hostKernel() : undefined;
  const progress = progressBar('runs');
  progress.start(plannedRuns(plan).length);
  try {
    const operations: ComparedRow[] = [];
    for (const { name } of chosenOperations(plan.operations)) {
      const onRow = ({ operation, size }: BenchRow): void => progress.step(`${operation} ${size}`);
      const rows = await runInOwnProcess({ ...plan, operations: [name] }, onRow);
      operations.push(...rows.map((row) => compared(row, host, rounds)));
    }
    return {
      ...{ operations, host: host?.release ?? null, explorer },
      codecs: everything ? CODEC_ARCHES.map((id) => benchPte(id, CODEC_MILLIONS)) : [],
      builds: everything ? builds(rounds) : [],
      tracing: everything ? tracingFigures(rounds) : null,
      note: NOT_EQUAL_WORK,
    };
  } finally {
    host?.close();
    progress.stop();
  }
}

function say(doing: string): void {
  if (process.stderr.isTTY) process.stderr.write(`… ${doing}\n`);
}

function compared(row: BenchRow, host: HostKernel | undefined, rounds: number): ComparedRow {
  const seconds = host?.seconds(row.operation, row.size, rounds);
  if (seconds === undefined) return row;
  const hostMillionsPerSecond = row.size / seconds / 1e6;
  return { ...row, hostMillionsPerSecond, ratio: row.millionsPerSecond / hostMillionsPerSecond };
}

function reportText({ operations, host, codecs, builds, tracing, explorer }: BenchReport): string {
  const parts = [comparedTable(operations).toString()];
  if (host !== null) parts.push(`host: Linux ${host}. ${NOT_EQUAL_WORK}`);
  if (codecs.length > 0)
    parts.push(`Page-table entries, millions a second:\n${codecs.map(codecText).join('\n')}`);
  if (builds.length > 0)
    parts.push(`One path of kernel code, for one entry (four calls):\n${builds.map(buildText).join('\n')}`);
  if (tracing !== null) parts.push(tracingText(tracing));
  if (explorer !== null) parts.push(explorerText(explorer));
  return `${parts.join('\n\n')}\n`;
}

function codecText({ arch, swapEncodes, swapDecodes, operationPairs }: PteThroughput): string {
  const rates = `encode swap ${swapEncodes.toFixed(0)}, decode swap ${swapDecodes.toFixed(0)}`;
  return `  ${arch.padEnd(12)} ${rates}, mkdirty and wrprotect ${operationPairs.toFixed(0)}`;
}

function buildText({ what, nanoseconds, ratio }: BuildRow): string {
  return `  ${what.padEnd(40)} ${nanoseconds.toFixed(2).padStart(9)} ns  ${ratio.toFixed(2)}x`;
}

function tracingText({ off, on, ratio }: TracingFigures): string {
  const times = `${off.toFixed(0)} ns with nobody to see it, ${on.toFixed(0)} ns where every fault is noted`;
  return `An anonymous write fault: ${times}, ${ratio.toFixed(2)}x`;
}

async function page({ operations, host }: BenchReport): Promise<string> {
  const withHost = host !== null && operations.some((row) => row.ratio !== undefined);
  const figures = [growthFigure(operations), ...(withHost ? [hostFigure(operations, host)] : [])];
  const bundles = await Promise.all(figures.map((figure) => renderBundle(figure[mimeBundle]())));
  const body = bundles.map((bundle) => String(bundle['text/html'])).join('\n');
  return `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>faultbook bench</title>\n<body>\n${body}\n</body></html>\n`;
}
