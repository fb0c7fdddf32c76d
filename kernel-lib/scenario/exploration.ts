import type { Race, RaceKernel, RaceSetup } from '#stepped/scenario/race.js';
import { machineName } from '../arch/machine-name.js';
import { badArgument, checkOptions, checkWhole } from '../base/argument.js';
import { InputError, VmBug } from '../base/error.js';
import { fewestSwitches } from '../explore/fewest-switches.js';
import { KernelThreads } from '../explore/kernel-threads.js';
import { PreemptionBound } from '../explore/preemption-bound.js';
import { type SamplingOptions, sampling } from '../explore/sampling.js';
import { type SearchProgress, type SearchResult, type Searching, searching } from '../explore/search.js';
import { type Shard, searchingShard } from '../explore/shard.js';
import type { TransitionSystem } from '../explore/system.js';
import { releaseByName, resolvePatches } from '../patches/releases.js';
import { Exploration, boundWords } from './explored.js';
import { raceByName } from './races.js';
import { type Replay, replayOn } from './replay.js';
import { type RunOptions, patchWords, runOptions } from './run.js';

/** How far a search has come. */
export interface ExploreProgress extends SearchProgress {
  readonly seconds: number;
}

/** Which kernel a race is explored on, and how. */
export interface ExploreOptions extends RunOptions {
  /** Sizes other than the race's own: `{ pages: 1 }`. */
  readonly bound?: Readonly<Record<string, number>>;
  /**
   * Absent: `exhaustive`, every interleaving. `random` and `pct` draw executions where there are too many, and are
   * never complete; see SamplingOptions.
   */
  readonly mode?: 'exhaustive' | SamplingOptions['mode'];
  /** Of `random` and `pct`: a whole number; the same draws the same. Default 1. */
  readonly seed?: number;
  /** Of `pct`: how many orderings of steps a bug is to need at most. Default 3. */
  readonly depth?: number;
  /** Of `random` and `pct`: how many are drawn. Default 10,000. */
  readonly executions?: number;
  /** Do a part of the work, for `mergeShards` to put together; implies `all`. */
  readonly shard?: Shard;
  /**
   * Leave a thread that could go on for another one at most so often; what that leaves out makes the search
   * incomplete. Default: as often as can be.
   */
  readonly preemptions?: number;
  /** False: follow every thread everywhere, not only persistent sets of them. */
  readonly reduction?: boolean;
  /** Go on behind the first violation, for one of each kind. */
  readonly all?: boolean;
  /** Give up, incomplete, after so many states or seconds. Default: never. */
  readonly maxStates?: number;
  readonly seconds?: number;
  /** Told now and then how far the search has come. */
  readonly onProgress?: (progress: ExploreProgress) => void;
}

/** A race's kernel and size, all of it decided. */
export interface ChosenKernel extends RaceKernel {
  /** The kernel in words: `Linux v6.1 +5df397dec7c4, x86_64`. */
  readonly words: string;
}

/**
 * Follows every interleaving of a race's threads, steps of kernel code between which another CPU may run, and says
 * in which of them the race's promise breaks.
 *
 * @param race one of the catalogue by its name, or one of your own
 * @throws InputError for an unknown race, bound or mode, and for a release, an architecture or patches that boot would
 *   refuse
 */
export function explore(race: Race | string, options: ExploreOptions = {}): Exploration {
  checkExplore('explore', race, options);
  const exploration = exploring(race, options);
  for (;;) {
    const { done, value } = exploration.next(true);
    if (done) return value;
    options.onProgress?.(value);
  }
}

/**
 * The same, for who has something else to do in between: gives its progress now and then, and goes on when it is
 * told `true`. Told `false` it gives, incomplete, what it has found.
 */
export function* exploring(
  race: Race | string,
  options: ExploreOptions = {},
): Generator<ExploreProgress, Exploration, boolean> {
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const chosen = chosenRace(race, options);
  const kernel = chosenKernel(chosen, options);
  const setup = chosen.setUp(kernel);
  const { system, bounded } = chosenSystem(setup, options);
  const atEnd = atEndOf(chosen, setup);
  const searching = chosenSearch(bounded ?? system, atEnd, options);
  let next = searching.next(true);
  while (!next.done) {
    const goOn = yield { ...next.value, seconds: seconds() };
    next = searching.next(goOn && withinBudget(next.value, seconds(), options));
  }
  const violations = next.value.violations.map((violation) => {
    const { what, schedule } = violation;
    return { ...violation, schedule: fewestSwitches(system, { what, atEnd }) ?? schedule };
  });
  const complete = next.value.complete && bounded?.refused !== true;
  const result = { ...next.value, complete, violations };
  const replays = violations.map(({ schedule }) => replayOn(chosen, kernel, schedule, options.own));
  return new Exploration(chosen, kernel, options, result, replays, seconds());
}

function withinBudget(progress: SearchProgress, seconds: number, options: ExploreOptions): boolean {
  return seconds < (options.seconds ?? Infinity) && progress.states < (options.maxStates ?? Infinity);
}

/** The race's threads, and the same with a bound on how often they are preempted. */
function chosenSystem(
  { machine, threads }: RaceSetup,
  options: ExploreOptions,
): { system: TransitionSystem; bounded?: PreemptionBound } {
  const { preemptions, mode = 'exhaustive', shard } = options;
  if (preemptions === undefined) return { system: new KernelThreads(machine.arena, threads) };
  checkWhole('explore', 'preemptions', preemptions, 0);
  if (mode !== 'exhaustive' || shard !== undefined)
    throw new InputError(
      'preemptions is for whole exhaustive searches: neither with a mode nor with a shard',
    );
  const bound = new PreemptionBound(
    machine.arena,
    preemptions,
    () => new KernelThreads(machine.arena, threads),
  );
  return { system: bound.system, bounded: bound };
}

function chosenSearch(
  system: TransitionSystem,
  atEnd: () => string | null,
  options: ExploreOptions,
): Searching<SearchResult> {
  const { mode = 'exhaustive', seed = 1, depth = 3, executions = 10_000, shard } = options;
  const { all: onePerKind = shard !== undefined, reduction = true, maxStates = Infinity } = options;
  if (!modes.includes(mode)) throw new InputError(`mode is '${mode}'; allowed: ${modes.join(', ')}`);
  if (!Number.isInteger(depth) || depth < 1)
    throw new InputError(`depth is ${depth}; allowed: a whole number from 1 on`);
  if (shard && !(shard.index >= 0 && shard.index < shard.of))
    throw new InputError(`shard ${shard.index + 1} of ${shard.of}; allowed: 1 to ${shard.of}`);
  if (mode !== 'exhaustive') {
    const keys = shard !== undefined;
    return sampling(system, {
      mode,
      seed,
      depth,
      executions,
      onePerKind,
      atEnd,
      keys,
      ...(shard ? { shard } : {}),
    });
  }
  const how = { atEnd, onePerKind, reduction, maxStates };
  return shard ? searchingShard(system, shard, how) : searching(system, how);
}

const modes: readonly string[] = ['exhaustive', 'pct', 'random'] satisfies ExploreOptions['mode'][];

/**
 * Runs one schedule of a race, step by step, and explains it.
 *
 * @param schedule as an exploration printed it: `a3b2` is three steps of the first thread and two of the second
 * @throws InputError as explore, and if the schedule is none or asks for a step that its thread cannot take there
 */
export function replay(race: Race | string, schedule: string, options: ExploreOptions = {}): Replay {
  checkExplore('replay', race, options);
  const chosen = chosenRace(race, options);
  return replayOn(chosen, chosenKernel(chosen, options), schedule, options.own);
}

/** What the search asks of a final state: whether the race's promise is broken, all ways being one. */
function atEndOf(race: Race, { broken }: RaceSetup): () => string | null {
  return () => (broken() === null ? null : race.invariant.name);
}

/** A race of the catalogue, its threads made of the kernel with one's own patch where there is one. */
export function chosenRace(race: Race | string, { own, bound }: ExploreOptions): Race {
  const found = own === undefined ? race : typeof race === 'string' ? race : race.name;
  const catalogue = own?.load<{ raceByName: typeof raceByName }>('scenario/races.ts') ?? { raceByName };
  const chosen = typeof found === 'string' ? catalogue.raceByName(found) : found;
  return bound === undefined ? chosen : { ...chosen, setUp: (kernel) => setUpIn(chosen, kernel) };
}

/** @throws InputError where the asked sizes are more than the race's machine has room for */
function setUpIn(race: Race, kernel: RaceKernel): RaceSetup {
  try {
    return race.setUp(kernel);
  } catch (err) {
    if (!(err instanceof VmBug)) throw err;
    throw new InputError(`${race.name} cannot be set up with ${boundWords(kernel.bound)}: ${err.message}`);
  }
}

/** Their names. */
const exploreOptions = [
  ...runOptions,
  ...([
    ...([
      'bound',
      'mode',
      'seed',
      'depth',
      'executions',
      'shard',
      'reduction',
      'all',
      'preemptions',
    ] as const),
    ...(['maxStates', 'seconds', 'onProgress'] as const),
  ] satisfies readonly (keyof ExploreOptions)[]),
];

/** @throws InputError for arguments that are none */
function checkExplore(call: string, race: Race | string, options: ExploreOptions): void {
  checkOptions(call, options, exploreOptions);
  const { seconds = 0, maxStates = 1 } = options;
  if (typeof race !== 'string' && typeof race?.setUp !== 'function') {
    throw badArgument(call, 'race', race, 'a name, or a race of your own');
  }
  if (!(seconds >= 0)) throw badArgument(call, 'seconds', seconds, 'a number from 0');
  if (!(maxStates >= 1)) throw badArgument(call, 'maxStates', maxStates, 'a number from 1');
}

export function chosenKernel(race: Race, options: ExploreOptions): ChosenKernel {
  const { arch = race.arch, cpu } = options;
  const machine = { arch, ...(cpu !== undefined && { cpu }) };
  const release = releaseByName(options.release ?? race.release);
  const patched = resolvePatches(release, arch, options.with, options.without);
  const words = `${['Linux', release, ...patchWords(options)].join(' ')}, ${machineName(machine)}`;
  return { release, ...machine, patched, bound: chosenBound(race, options.bound ?? {}), words };
}

/** What a race cannot do without: threads may do nothing, but not to nothing. */
const needed: readonly string[] = ['pages', 'entries'];
/** Far beyond what can be searched. */
const MOST = 1024;

function chosenBound(race: Race, asked: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  for (const [name, n] of Object.entries(asked)) {
    if (!Object.hasOwn(race.bound, name))
      throw new InputError(
        `${race.name} has no bound '${name}'; it has ${Object.keys(race.bound).join(', ')}`,
      );
    checkWhole(race.name, `bound ${name}`, n, needed.includes(name) ? 1 : 0, MOST);
  }
  return { ...race.bound, ...asked };
}
