import { Command, InvalidArgumentError } from 'commander';
import {
  type Exploration,
  type ExploreOptions,
  explore as exploreRace,
  replay,
} from '../scenario/exploration.js';
import { searchProgress } from './search-progress.js';

interface Options extends Omit<ExploreOptions, 'bound' | 'onProgress'> {
  readonly bound?: readonly (readonly [string, number])[];
  readonly replay?: string;
  readonly json?: true;
}

/** `faultbook explore NAME`: exit 1 when some interleaving breaks the race's promise. */
export function explore(): Command {
  return new Command('explore')
    .description('follows every interleaving of a racing scenario, or replays one')
    .argument('<name>', 'a race, as `faultbook scenario` lists them')
    .option('--release <release>', 'release to boot (default: the one of the race)')
    .option('--arch <arch>', 'architecture variant (default: the one of the race)')
    .option('--with <ids...>', 'commits to add to the release')
    .option('--without <ids...>', 'commits to take away from it')
    .option('--bound <name=n...>', 'sizes other than the race’s own, such as pages=1', addBound)
    .option('--all', 'go on behind the first violation')
    .option('--no-reduction', 'follow every thread everywhere')
    .option('--max-states <n>', 'give up, incomplete, after so many states', wholeNumber)
    .option('--seconds <n>', 'give up, incomplete, after so long', positiveNumber)
    .option('--replay <schedule>', 'run this schedule and explain every step')
    .option('--json', 'print one JSON object')
    .action((name: string, { json, bound, replay: schedule, ...options }: Options) => {
      const chosen = { ...options, bound: Object.fromEntries(bound ?? []) };
      if (schedule !== undefined) return printReplay(name, schedule, chosen, json);
      const progress = searchProgress();
      const result = exploreRace(name, { ...chosen, onProgress: progress.show });
      progress.stop();
      process.stdout.write(json ? jsonLine(result) : explorationText(result));
      process.exitCode = result.violations.length > 0 ? 1 : 0;
    });
}

function printReplay(name: string, schedule: string, options: ExploreOptions, json?: true): void {
  const result = replay(name, schedule, options);
  process.stdout.write(json ? jsonLine(result) : `${result.toString()}\n`);
  process.exitCode = result.ends === null ? 0 : 1;
}

function explorationText(result: Exploration): string {
  const replays = result.replays.map((found) => `\n${found.ends}\n${found.toString()}\n`);
  const again = result.replays.map(
    ({ schedule }) => `\nreplay: faultbook explore ${result.name} --replay ${schedule}\n`,
  );
  return [`${result.toString()}\n`, ...replays, ...again].join('');
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

function positiveNumber(text: string): number {
  const n = Number(text);
  if (n > 0 && Number.isFinite(n)) return n;
  throw new InvalidArgumentError('allowed: a number of seconds above 0');
}
