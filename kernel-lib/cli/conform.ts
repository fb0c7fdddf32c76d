import { Command, InvalidArgumentError } from 'commander';
import { InputError } from '../base/error.js';
import { Conformance } from '../trace/conformance.js';
import { recordedKernel, withheldFlags } from '../trace/kernel.js';
import type { MakeDriver } from '../trace/driver.js';
import { makeCheckedModel, makeModel } from '../trace/model.js';
import { findRecordingFiles, openRecordingFile, type RecordingFile } from '../trace/node/recording-file.js';
import { recordingsFolder } from '../trace/node/recordings.js';
import { RecordedBoot } from '../trace/recorded-boot.js';
import type { RecordedProgram } from '../trace/recording.js';
import type { ReplayTarget } from '../trace/replay.js';
import { isChosen, programWords } from '../trace/selection.js';
import { conformanceJson, conformanceText, operationText, programText } from './conform-report.js';
import { patchOptions } from './patch-words.js';
import { progressBar } from './progress.js';

interface Options {
  readonly release?: string;
  readonly patch?: string;
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly program?: readonly string[];
  readonly check?: true;
  readonly verbose?: true;
  readonly limit: number;
  readonly json?: true;
}

/** `faultbook conform FILES…`: exit 1 on any disagreement. */
export function conform(): Command {
  return new Command('conform')
    .description('replays recorded programs on the model and compares everything that the kernel showed')
    .argument('[files...]', 'recordings (.jsonl, .jsonl.gz) or folders of them; default: all of datasets/')
    .option('--release <release>', 'replay on this release, not on the recorded one')
    .option('--patch <changes>', 'commits to add to the release and to take away from it: +COMMIT,-COMMIT')
    .option('--only <words>', 'programs with one of these profiles, or uffd for those that use it', list)
    .option('--skip <words>', 'all programs but these', list)
    .option('--program <ids>', 'these programs', list)
    .option('--check', 'assert the numbered invariants after every operation')
    .option('--verbose', 'show every operation and what differs after it')
    .option('--limit <n>', 'how many kinds and differences are shown', atLeastOne, 20)
    .option('--json', 'print one JSON object')
    .action(async (paths: string[], options: Options) => {
      const files = await findRecordingFiles(paths.length > 0 ? paths : [recordingsFolder]);
      const conformance = await replayAll(files, options);
      process.stdout.write(
        options.json ? conformanceJson(conformance) : conformanceText(conformance, options.limit),
      );
      process.exitCode = conformance.total.disagree > 0 ? 1 : 0;
    });
}

async function replayAll(files: readonly RecordingFile[], options: Options): Promise<Conformance> {
  const conformance = new Conformance();
  const told = options.verbose && !options.json;
  const progress = told ? undefined : progressBar('KiB');
  progress?.start(Math.ceil(files.reduce((sum, { bytes }) => sum + bytes, 0) / 1024));
  try {
    const chosen = chosenPrograms(files, options, (bytes) => progress?.moveTo(Math.round(bytes / 1024)));
    for await (const { kernel, target, program, makeDriver } of chosen) {
      if (told) process.stdout.write(programText(kernel, program, target));
      conformance.add(kernel, program, target, makeDriver, (report) => {
        if (told) process.stdout.write(operationText(report, options.limit));
      });
    }
  } finally {
    progress?.stop();
  }
  return conformance;
}

/** A program that is meant, the kernel that it was recorded on, and what it is replayed on. */
interface Chosen {
  readonly kernel: string;
  readonly target: ReplayTarget;
  readonly program: RecordedProgram;
  readonly makeDriver: MakeDriver;
}

/** @throws InputError for a damaged file, or when the words leave no program */
async function* chosenPrograms(
  files: readonly RecordingFile[],
  { release, patch, only, skip, program: ids, check }: Options,
  onRead: (bytes: number) => void,
): AsyncGenerator<Chosen, void, void> {
  const words = new Set<string>();
  let chosen = 0;
  let before = 0;
  for (const { path, bytes } of files) {
    const { header, programs } = await openRecordingFile(path, (read) => onRead(before + read));
    const kernel = { ...recordedKernel(header, { release }), ...patchOptions({ patch }) };
    const target = { ...kernel, withheld: withheldFlags(header) };
    const boot = new RecordedBoot(kernel, check ? makeCheckedModel : makeModel);
    for await (const program of programs) {
      for (const word of programWords(program)) words.add(word);
      if (!isChosen(program, { only, skip, ids })) {
        boot.passOver(program);
        continue;
      }
      chosen++;
      yield { kernel: header.kernel, target, program, makeDriver: boot.drive(program) };
    }
    before += bytes;
  }
  if (chosen > 0 || (!only && !ids)) return;
  throw new InputError(
    `no program is left of these files; --only and --skip take ${[...words].sort().join(', ')}`,
  );
}

function list(words: string): string[] {
  return words.split(',').filter((word) => word !== '');
}

function atLeastOne(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 up.');
  return Number(text);
}
