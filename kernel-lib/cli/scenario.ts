import { Command } from 'commander';
import { arches } from '../arch/variants.js';
import { InputError } from '../base/error.js';
import { races } from '../scenario/races.js';
import { type Run, type RunOptions, runScenario } from '../scenario/run.js';
import { scenarios } from '../scenario/scenarios.js';
import { sequentialByName } from './catalogue-names.js';
import { OWN_FILE, readOwnPatch } from './own-file.js';
import { patchOptions } from './patch-words.js';
import { stepText } from './step-text.js';

interface Options {
  readonly release?: string;
  readonly arch: string;
  readonly cpu?: string;
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  readonly patch?: string;
  readonly own?: string;
  readonly json?: true;
}

const DEFAULT_ARCH = 'x86_64';

/** `faultbook scenario [NAME…]`: exit 1 when a verdict is not the expected one. */
export function scenario(): Command {
  return new Command('scenario')
    .description('lists the scenarios, or runs some and prints their verdicts')
    .argument('[names...]', 'scenarios, by name or number; none: list them all')
    .option('--release <release>', 'release to boot (default: 6.1)')
    .option('--arch <arches>', 'architecture variants, joined by commas, or all', DEFAULT_ARCH)
    .option('--cpu <cpu>', 'a CPU of that architecture, such as ptw on LoongArch (default: the usual one)')
    .option('--with <ids...>', 'commits to add to the release')
    .option('--without <ids...>', 'commits to take away from it')
    .option('--patch <changes>', 'the same in one word: +COMMIT,-COMMIT')
    .option('--own <file>', OWN_FILE)
    .option('--json', 'print one JSON object')
    .action(async (names: string[], { json, ...options }: Options) => {
      if (names.length === 0) {
        checkListing(options);
        return void process.stdout.write(json ? listJson() : listText());
      }
      const runs = runAll(names, options, await ownOf(options));
      process.stdout.write(json ? runsJson(runs) : runsText(runs));
      process.exitCode = runs.every(({ verdict, expected }) => verdict === expected) ? 0 : 1;
    });
}

async function ownOf({ own }: Options): Promise<Pick<RunOptions, 'own'>> {
  return own === undefined ? {} : { own: await readOwnPatch(own) };
}

function runAll(names: readonly string[], options: Options, own: Pick<RunOptions, 'own'>): Run[] {
  const chosen = names.map(sequentialByName);
  const { release, cpu } = options;
  const kernel = {
    ...patchOptions(options),
    ...own,
    ...(release !== undefined && { release }),
    ...(cpu !== undefined && { cpu }),
  };
  return chosen.flatMap((one) => archesOf(options.arch).map((arch) => runScenario(one, { ...kernel, arch })));
}

/** Unknown ones are refused where the machine is booted. */
function archesOf(words: string): readonly string[] {
  return words === 'all' ? arches.map(({ id }) => id) : words.split(',');
}

/** A list needs no kernel: who names one has forgotten the scenario. */
function checkListing({ arch, ...options }: Options): void {
  const [asked] = [...Object.keys(options), ...(arch === DEFAULT_ARCH ? [] : ['arch'])];
  if (asked !== undefined)
    throw new InputError(`--${asked}: of which scenario? give its name; \`faultbook scenario\` lists them`);
}

function listJson(): string {
  const list = [
    ...scenarios.map(({ name, number, kind, title }) => ({ name, number, kind, title })),
    ...races.map(({ name, number, kind, title }) => ({ name, number, kind, title })),
  ];
  return `${JSON.stringify({ scenarios: list }, null, 2)}\n`;
}

function listText(): string {
  const list = [...scenarios, ...races];
  const width = Math.max(...list.map(({ name }) => name.length));
  const numberWidth = Math.max(...list.map(({ number = '' }) => number.length));
  const lines = list.map(
    ({ name, number = '', kind, title }) =>
      `${name.padEnd(width)}  ${number.padEnd(numberWidth)}  ${kind.padEnd('sequential'.length)}  ${title}\n`,
  );
  return lines.join('');
}

/** One run is an object of its own; several are the runs of one object. */
function runsJson(runs: readonly Run[]): string {
  return `${JSON.stringify(runs.length === 1 ? runs[0] : { runs }, null, 2)}\n`;
}

/** One run is told step by step, of several only the verdicts. */
function runsText(runs: readonly Run[]): string {
  if (runs.length === 1) return runText(runs[0]!);
  const width = Math.max(...runs.map(({ name, kernel }) => `${name} on ${kernel}`.length));
  const lines = runs.map(({ name, kernel, verdict, expected }) => {
    const wrong = verdict === expected ? '' : `  (expected: ${expected})`;
    return `${`${name} on ${kernel}`.padEnd(width)}  ${verdict}${wrong}\n`;
  });
  return lines.join('');
}

function runText(run: Run): string {
  const expected = run.verdict === run.expected ? '' : `expected: ${run.expected}\n`;
  const steps = run.steps.map(stepText).join('');
  return `${run.name} on ${run.kernel}\n${steps}${run.verdict}\n${expected}${run.why}\n`;
}
