import { setImmediate as nextTurn } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { InputError } from '../base/error.js';
import type { Shard } from '../explore/shard.js';
import type { Exploration } from '../scenario/explored.js';
import { type ExploreOptions, exploring, replay } from '../scenario/exploration.js';
import { mergeShards } from '../scenario/shards.js';
import { refuseSequential } from './catalogue-names.js';
import { OWN_FILE, readOwnPatch } from './own-file.js';
import { searchProgress } from './search-progress.js';
import { readShard, shardJson } from './shard-file.js';
import { onStopSignal } from './stop-signal.js';

interface Options extends Omit<ExploreOptions, 'bound' | 'onProgress' | 'own'> {
  readonly own?: string;
  readonly bound?: readonly (readonly [string, number])[];
  readonly replay?: string;
  readonly json?: true;
}

/** Exit codes beside 0: some interleaving breaks the promise; none was found to, but not everything was followed. */
const FOUND = 1;
const INCOMPLETE = 3;

/** `faultbook explore NAME`: exit 1 when some interleaving breaks the race's promise, 3 when not all were followed. */
export function explore(): Command {
  return new Command('explore')
    .description('follows every interleaving of a racing scenario, or replays one')
    .argument('<name>', 'a race, as `faultbook scenario` lists them')
    .option('--release <release>', 'release to boot (default: the one of the race)')
    .option('--arch <arch>', 'architecture variant (default: the one of the race)')
    .option('--cpu <cpu>', 'a CPU of that architecture, such as ptw on LoongArch (default: the usual one)')
    .option('--with <ids...>', 'commits to add to the release')
    .option('--without <ids...>', 'commits to take away from it')
    .option('--own <file>', OWN_FILE)
    .option('--bound <name=n...>', 'sizes other than the race’s own, such as pages=1', addBound)
    .option('--mode <mode>', 'exhaustive, pct or random: the last two draw executions (default: exhaustive)')
    .option('--seed <n>', 'of pct and random: what to draw (default: 1)', wholeNumber)
    .option('--depth <n>', 'of pct: orderings of steps that a bug needs at most (default: 3)', wholeNumber)
    .option('--executions <n>', 'of pct and random: how many to draw (default: 10000)', wholeNumber)
    .option('--all', 'go on behind the first violation')
    .option(
      '--preemptions <n>',
      'leave a thread that could go on at most so often (default: no bound)',
      wholeNumber,
    )
    .option('--no-reduction', 'follow every thread everywhere')
    .option('--max-states <n>', 'give up, incomplete, after so many states', wholeNumber)
    .option('--seconds <n>', 'give up, incomplete, after so long', positiveNumber)
    .option('--shard <i/n>', 'do the i-th of n parts, for `explore merge`', shardOf)
    .option('--replay <schedule>', 'run this schedule and explain every step')
    .option('--json', 'print one JSON object')
    .action(async (name: string, { json, bound, replay: schedule, own, ...options }: Options) => {
      refuseSequential(name);
      if (own !== undefined && options.shard !== undefined)
        throw new InputError('--shard: not with --own, for what a shard prints does not hold the patch');
      const patch = own === undefined ? {} : { own: await readOwnPatch(own) };
      const chosen = { ...options, ...patch, bound: Object.fromEntries(bound ?? []) };
      if (schedule !== undefined) return printReplay(name, schedule, chosen, json);
      const { result, code } = await interruptible(name, chosen);
      print(result, json, own);
      if (code !== 0 && result.verdict === 'incomplete') process.exitCode = code;
    })
    .addCommand(merge());
}

/** `faultbook explore merge FILES…`: exit codes as `explore`. */
function merge(): Command {
  return new Command('merge')
    .description('puts together what `faultbook explore NAME --shard i/n --json` printed for every i')
    .argument('<files...>', 'one file for each shard')
    .option('--json', 'print one JSON object')
    .action((files: readonly string[], _: object, command: Command) => {
      // `--json` behind `merge` is an option of both commands, and the outer one takes it.
      print(mergeShards(files.map(readShard)), command.optsWithGlobals<Options>().json);
    });
}

/** Explores until the end, or until Ctrl-C: then gives what was found so far. */
async function interruptible(name: string, options: ExploreOptions) {
  const progress = searchProgress();
  let code = 0;
  const unlisten = onStopSignal((_, signalCode) => (code = signalCode));
  try {
    const exploration = exploring(name, options);
    let next = exploration.next(true);
    while (!next.done) {
      progress.show(next.value);
      await nextTurn();
      next = exploration.next(code === 0);
    }
    return { result: next.value, code };
  } finally {
    progress.stop();
    unlisten();
  }
}

/** @param own the file of the patch of one's own, if any */
function print(result: Exploration, json?: true, own?: string): void {
  if (json) process.stdout.write(result.options.shard ? shardJson(result) : jsonLine(result));
  else process.stdout.write(explorationText(result, own));
  process.exitCode = { found: FOUND, incomplete: INCOMPLETE, absent: 0 }[result.verdict];
}

function printReplay(name: string, schedule: string, options: ExploreOptions, json?: true): void {
  const result = replay(name, schedule, options);
  process.stdout.write(json ? jsonLine(result) : `${result.toString()}\n`);
  process.exitCode = result.ends === null ? 0 : FOUND;
}

function explorationText(result: Exploration, own?: string): string {
  const replays = result.replays.map((found) => `\n${found.ends}\n${found.toString()}\n`);
  const again = result.replays.map(
    ({ schedule }) =>
      `\nreplay: ${['faultbook explore', ...argumentsOf(result, own)].join(' ')} --replay ${schedule}\n`,
  );
  return [`${result.toString()}\n`, ...replays, ...again].join('');
}

/** The race and its kernel, as a command line says them. */
function argumentsOf({ name, bound, race, options }: Exploration, own?: string): string[] {
  const { release, arch, cpu, with: added = [], without = [] } = options;
  const sizes = Object.entries(bound).filter(([size, n]) => race.bound[size] !== n);
  const option = (flag: string, words: readonly string[]) => (words.length > 0 ? [flag, ...words] : []);
  return [
    name,
    ...(release === undefined ? [] : ['--release', release]),
    ...(arch === undefined ? [] : ['--arch', arch]),
    ...(cpu === undefined ? [] : ['--cpu', cpu]),
    ...option('--with', added),
    ...option('--without', without),
    ...(own === undefined ? [] : ['--own', own]),
    ...option(
      '--bound',
      sizes.map(([size, n]) => `${size}=${n}`),
    ),
  ];
}

function jsonLine(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function addBound(text: string, before: readonly (readonly [string, number])[] = []) {
  const [, name, n] = /^(\w+)=(\d+)$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('allowed: a name and a number, such as pages=1');
  return [...before, [name, Number(n)] as const];
}

function wholeNumber(text: string): number {
  const n = Number(text);
  if (Number.isInteger(n) && n > 0) return n;
  throw new InvalidArgumentError('allowed: a whole number from 1 on');
}

function shardOf(text: string): Shard {
  const [, i, n] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  const [index, of] = [Number(i) - 1, Number(n)];
  if (index >= 0 && index < of) return { index, of };
  throw new InvalidArgumentError('allowed: i/n with i from 1 to n, such as 2/8');
}

function positiveNumber(text: string): number {
  const n = Number(text);
  if (n > 0 && Number.isFinite(n)) return n;
  throw new InvalidArgumentError('allowed: a number of seconds above 0');
}
