import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Command, Option } from 'commander';
import { InputError } from '../base/error.js';
import { writeWholeFile } from '../notebook/wholeFile.js';
import { fileError } from '../trace/node/file-error.js';
import { programAgain, readPrograms, type RecordableProgram } from '../trace/node/recordable.js';
import { record, recordingText, type Recorded } from '../trace/node/record.js';
import { openRecordingFile } from '../trace/node/recording-file.js';
import { recordings } from '../trace/node/recordings.js';
import type { RecordedProgram } from '../trace/recording.js';
import { progressBar } from './progress.js';
import { seconds } from './seconds.js';
import { onStopSignal } from './stop-signal.js';

interface Options {
  readonly kernel: string;
  readonly modules?: string;
  readonly programs?: string;
  readonly program?: readonly string[];
  readonly from: string;
  readonly out: string;
  readonly name?: string;
  readonly accel: 'tcg' | 'kvm';
  readonly timeout: number;
  readonly json?: true;
}

const HELP = `
FILE holds programs as text (datasets/README.md tells the operations), or is a recording, whose programs are run again:
  prog id=mine swap=none
  mmap 0 0 2 w p anon
  write 0 0 0 17
  end
Each program runs in two boots; what differs between them is left out, as in the committed recordings. Then
  faultbook conform OUT --release 6.12
says whether the model agrees. Needs QEMU and a C compiler, Debian's qemu-system-x86, gcc and libc6-dev, and a kernel
for x86-64 with a serial console. Exit codes: 0 all recorded, 1 the guest stopped in a program, 2 something is missing.`;

/** `faultbook record`: runs programs on a real kernel and writes what it showed. */
export function recordCommand(): Command {
  return new Command('record')
    .description('records what a kernel of your own does with programs of memory operations, in QEMU')
    .requiredOption('--kernel <file>', "a bzImage, such as /boot/vmlinuz-6.1.0-53-amd64 or a build's own")
    .option('--modules <dir>', "the kernel's modules, for swap; default: /lib/modules/X of /boot/vmlinuz-X")
    .option('--programs <file>', 'programs as text, or a recording')
    .option('--program <names...>', 'of the programs only these; without --programs, committed ones')
    .option('--from <kernel>', 'whose committed recordings --program looks in', 'amd64-6.1')
    .option('--out <file>', 'the recording to write', 'recording.jsonl.gz')
    .option('--name <name>', "the kernel's short name in the recording; default: what it calls itself")
    .addOption(new Option('--accel <how>', 'how QEMU runs the guest').choices(['tcg', 'kvm']).default('tcg'))
    .option('--timeout <seconds>', 'silence after which a guest counts as stopped', seconds, 120)
    .option('--json', 'print one JSON object')
    .addHelpText('after', HELP)
    .action(execute);
}

async function execute(options: Options): Promise<void> {
  const programs = await chosenPrograms(options);
  checkKernel(options.kernel);
  const stop = new AbortController();
  const unlisten = onStopSignal((signal, code) => {
    process.exitCode = code;
    stop.abort(new Error(`stopped by ${signal}: nothing was written`));
  });
  const bar = progressBar('programs');
  bar.start(2 * programs.length);
  try {
    const { kernel, name, accel, timeout } = options;
    const modules = options.modules ?? modulesBeside(kernel);
    const onProgram = (id: string): void => bar.step(id);
    const recorded = await record({
      ...{ kernel, modules, name, accel, timeout, programs, onProgram },
      signal: stop.signal,
    });
    bar.stop();
    writeWholeFile(options.out, gzipSync(recordingText(recorded)));
    conclude(recorded, options);
  } catch (err) {
    bar.stop();
    if (err !== stop.signal.reason) throw err;
    process.stderr.write(`faultbook: ${(err as Error).message}\n`);
  } finally {
    unlisten();
  }
}

/** @throws InputError for programs that there are not, or that the recorder does not know */
async function chosenPrograms({
  programs: file,
  program: names,
  from,
}: Options): Promise<RecordableProgram[]> {
  if (file === undefined && names === undefined)
    throw new InputError('which programs? --programs FILE or --program NAME is missing');
  if (file !== undefined && !/\.jsonl(\.gz)?$/.test(file))
    return named(readPrograms(file, textOf(file)), names, file);
  const recorded = file === undefined ? committed(from, names!) : (await openRecordingFile(file)).programs;
  const found: RecordedProgram[] = [];
  for await (const program of recorded)
    if (names === undefined || names.includes(program.id)) found.push(program);
  return named(found, names, file ?? from).map(programAgain);
}

async function* committed(
  kernel: string,
  names: readonly string[],
): AsyncGenerator<RecordedProgram, void, void> {
  for await (const { program } of recordings.programs({ kernel, program: names })) yield program;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (err) {
    throw fileError(`--programs ${file}`, err, 'a file of programs');
  }
}

function named<T extends { readonly id: string }>(
  programs: T[],
  names: readonly string[] | undefined,
  where: string,
): T[] {
  const missing = names?.find((name) => !programs.some(({ id }) => id === name));
  if (missing !== undefined) throw new InputError(`--program ${missing}: ${where} has no such program`);
  return names === undefined ? programs : programs.filter(({ id }) => names.includes(id));
}

function checkKernel(file: string): void {
  if (existsSync(file)) return;
  throw new InputError(
    `--kernel ${file}: no such file; Debian's kernels are in its packages linux-image-*, as /boot/vmlinuz-VERSION`,
  );
}

/** Where Debian puts them. */
function modulesBeside(kernel: string): string | undefined {
  const version = /^vmlinuz-(.+)$/.exec(basename(kernel))?.[1];
  const folder = `/lib/modules/${version}`;
  return version !== undefined && existsSync(folder) ? folder : undefined;
}

/** What `--json` prints. */
interface Report {
  readonly out: string;
  readonly kernel: string;
  readonly release: string;
  readonly programs: number;
  /** Operations that both boots agree on, and how many of them have values that differed. */
  readonly operations: number;
  readonly masked: number;
  /** Programs that went different ways in the two boots, lost a process, or stopped the guest. */
  readonly cut: number;
  readonly bad: number;
  readonly dropped: readonly { readonly program: string; readonly why: string }[];
}

function reportOf({ header, outcomes }: Recorded, out: string): Report {
  const kept = outcomes.flatMap(([, outcome]) => ('dropped' in outcome ? [] : [outcome]));
  const operations = kept.flatMap((outcome) => outcome.operations);
  return {
    ...{ out, kernel: header.kernel, release: header.release, programs: outcomes.length },
    ...{ operations: operations.length, masked: operations.filter(({ masked }) => masked).length },
    ...{ cut: kept.filter(({ cut }) => cut).length, bad: kept.filter(({ bad }) => bad !== 0).length },
    dropped: outcomes.flatMap(([{ id }, outcome]) =>
      'dropped' in outcome ? [{ program: id, why: outcome.dropped }] : [],
    ),
  };
}

function conclude(recorded: Recorded, { out, json }: Options): void {
  const report = reportOf(recorded, out);
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : reportText(report));
  if (report.dropped.length > 0) process.exitCode = 1;
}

function reportText({ out, release, programs, operations, masked, cut, bad, dropped }: Report): string {
  const lost = dropped.map(
    ({ program, why }) => `${program}: dropped, ${why} (its console is in the recording)\n`,
  );
  return [
    `${out}: ${programs} programs on ${release}, ${operations} operations; `,
    `${masked} with values that differed between the boots, ${cut} programs cut short where they did, ${bad} ended badly\n`,
    ...lost,
  ].join('');
}
