import { Command } from 'commander';
import { InputError } from '../base/error.js';
import { releaseByName } from '../patches/releases.js';
import { type Flip, flipsBetween } from '../scenario/bisect.js';
import { compare } from '../scenario/comparison.js';
import { type DivergedSide, type Divergence, divergenceOf } from '../scenario/divergence.js';
import type { Run } from '../scenario/run.js';
import { sequentialByName } from './catalogue-names.js';
import { parsePatchWords } from './patch-words.js';
import { stepText } from './step-text.js';

interface Options {
  readonly from?: string;
  readonly to?: string;
  readonly fromPatch?: string;
  readonly toPatch?: string;
  readonly arch: string;
  readonly cpu?: string;
  readonly json?: true;
}

/** Two runs of one scenario, where they part, and which patches make the difference. */
interface Difference {
  readonly before: Run;
  readonly after: Run;
  readonly divergence: Divergence | undefined;
  readonly flips: readonly Flip[];
}

/** `faultbook diff NAME --from R --to R`: exit 0 whether or not there is a difference. */
export function diff(): Command {
  return new Command('diff')
    .description('runs a scenario on two kernels, shows where they part, and bisects which patches part them')
    .argument('<name>', 'a scenario, by name or number')
    .option('--from <release>', 'the one release (default: 6.1)')
    .option('--to <release>', 'the other (default: that of --from)')
    .option('--from-patch <changes>', 'changes of the one: +COMMIT,-COMMIT')
    .option('--to-patch <changes>', 'changes of the other')
    .option('--arch <arch>', 'architecture variant', 'x86_64')
    .option('--cpu <cpu>', 'a CPU of that architecture, such as ptw on LoongArch (default: the usual one)')
    .option('--json', 'print one JSON object')
    .action((name: string, { json, ...options }: Options) => {
      const found = difference(name, options);
      process.stdout.write(json ? differenceJson(found) : differenceText(found));
    });
}

function difference(name: string, { from = '6.1', to, fromPatch, toPatch, arch, cpu }: Options): Difference {
  const scenario = sequentialByName(name);
  releaseByName(from);
  if (to === undefined && fromPatch === toPatch) {
    throw new InputError(`both kernels are ${from}: name another one by --to, --from-patch or --to-patch`);
  }
  const machine = { arch, ...(cpu !== undefined && { cpu }) };
  const before = { release: from, ...machine, ...parsePatchWords(fromPatch ?? '', '--from-patch') };
  const after = { release: to ?? from, ...machine, ...parsePatchWords(toPatch ?? '', '--to-patch') };
  const comparison = compare(scenario, before, after);
  return {
    before: comparison.before,
    after: comparison.after,
    divergence: divergenceOf(scenario, comparison, before, after),
    flips: flipsBetween(scenario, before, after),
  };
}

/** The fields of a run are those of the second kernel; the first is `from`. */
function differenceJson({ before, after, divergence, flips }: Difference): string {
  const { name, release, arch, cpu, patches, verdict, expected, steps } = after;
  const found = {
    name,
    release,
    arch,
    cpu,
    patches,
    verdict,
    expected,
    from: before,
    divergence: divergence ?? null,
    flips,
    steps,
  };
  return `${JSON.stringify(found, null, 2)}\n`;
}

function differenceText({ before, after, divergence, flips }: Difference): string {
  const verdicts = [before, after].map(({ kernel, verdict }) => `${kernel}: ${verdict}\n`).join('');
  if (divergence === undefined) return `${after.name}\n${verdicts}Nothing differs.\n`;
  const { at, op } = divergence;
  const sides = [sideText(before.kernel, divergence.before), sideText(after.kernel, divergence.after)].join(
    '',
  );
  const changes = flips.map(flipText).join('');
  return `${after.name}\n${verdicts}They part at step ${at + 1}, ${op}:\n${sides}${changes}`;
}

function sideText(kernel: string, { step, function: name, callers, file }: DivergedSide): string {
  const where = name === null ? 'stores nothing else' : `${[name, ...callers].join(' < ')} (${file})`;
  const seen = step === undefined ? '  breaks a promise of its own\n' : stepText(step);
  return `${kernel}: ${where}\n${seen}`;
}

function flipText({ id, title, added, changes, before, after }: Flip): string {
  const sign = added ? '+' : '-';
  const effect = changes === 'verdict' ? `${before} -> ${after}` : 'changes what steps show, not the verdict';
  return `${sign}${id} ${title}\n    ${effect}\n`;
}
