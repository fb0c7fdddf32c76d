import type { Race, RaceKernel, RaceSetup } from '#stepped/scenario/race.js';
import { InputError } from '../base/error.js';
import { fewestSwitches } from '../explore/fewest-switches.js';
import { KernelThreads } from '../explore/kernel-threads.js';
import { type SearchResult, search } from '../explore/search.js';
import { releaseByName, resolvePatches } from '../patches/releases.js';
import { Table } from '../view/table.js';
import { type Displayable, type MimeBundle, mimeBundle } from '../view/mime.js';
import { raceByName } from './races.js';
import { type Replay, replayOn } from './replay.js';
import { type RunOptions, patchWords } from './run.js';

/** How far a search has come. */
export interface ExploreProgress {
  readonly executions: number;
  readonly states: number;
  readonly seconds: number;
}

/** Which kernel a race is explored on, and how. */
export interface ExploreOptions extends RunOptions {
  /** Sizes other than the race's own: `{ pages: 1 }`. */
  readonly bound?: Readonly<Record<string, number>>;
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

/** A way in which the promise breaks. */
export interface FoundViolation {
  /** The invariant, and what of it broke. */
  readonly invariant: string;
  /** Replays it, with the fewest context switches. */
  readonly schedule: string;
  readonly steps: Replay['steps'];
}

/** What a search of a race found. In a cell it shows what was followed, and each way in which the promise broke. */
export class Exploration implements Displayable {
  readonly race: Race;
  readonly kernel: string;
  readonly bound: Readonly<Record<string, number>>;
  readonly executions: number;
  readonly states: number;
  /** Whether everything was followed: only then no violation means that there is none in this bound. */
  readonly complete: boolean;
  readonly reduction: boolean;
  /** The first, or one of each kind. */
  readonly replays: readonly Replay[];
  readonly seconds: number;
  /** Whether the kernel's history has it that the promise breaks. */
  readonly expectedToBreak: boolean;

  constructor(
    race: Race,
    chosen: ChosenKernel,
    result: SearchResult,
    found: readonly Replay[],
    seconds: number,
  ) {
    this.race = race;
    this.kernel = chosen.words;
    this.bound = chosen.bound;
    this.executions = result.executions;
    this.states = result.states;
    this.complete = result.complete;
    this.reduction = result.reduction;
    this.replays = found;
    this.seconds = seconds;
    this.expectedToBreak = race.breaks(chosen);
  }

  get name(): string {
    return this.race.name;
  }

  get violations(): readonly FoundViolation[] {
    return this.replays.map(({ ends, schedule, steps }) => ({ invariant: ends!, schedule, steps }));
  }

  /** `found`, `absent` in the bound, or `incomplete`: nothing found, but not everything followed. */
  get verdict(): 'found' | 'absent' | 'incomplete' {
    if (this.replays.length > 0) return 'found';
    return this.complete ? 'absent' : 'incomplete';
  }

  /** What the verdict means, in one sentence. */
  get meaning(): string {
    const { race, states, executions, replays } = this;
    const followed = `${states} states and ${executions} executions`;
    const promise = `"${race.invariant.name}"`;
    if (replays.length > 0)
      return `found: ${replays.map(({ ends, schedule }) => `${ends}, by ${schedule}`).join('; ')}`;
    if (this.complete)
      return `${promise} holds in every interleaving of these ${race.threads.length} threads within the bound: ${followed}`;
    return `incomplete: nothing broke ${promise} in ${followed}, but not everything was followed`;
  }

  get table(): Table {
    const rows = [
      ['promise', `${this.race.invariant.name}: ${this.race.invariant.reason}`],
      ...this.race.threads.map((does, n) => [`thread ${'abcdefgh'[n]}`, does]),
      ['bound', boundWords(this.bound)],
      ['followed', `${this.states} states, ${this.executions} executions`],
      ['reduction', this.reduction ? 'on: persistent sets' : 'off'],
      ['complete', this.complete ? 'yes' : this.replays.length > 0 ? 'no: ended with what it found' : 'no'],
      ...this.replays.map(({ ends, schedule }) => [ends!, schedule]),
      ['verdict', this.verdict],
    ];
    return new Table({ columns: [this.name, this.kernel], rows, caption: this.meaning });
  }

  /** What `faultbook explore --json` prints. */
  toJSON(): object {
    const { name, executions, states, complete, violations, seconds } = this;
    return { name, executions, states, complete, violations, seconds };
  }

  [mimeBundle](): MimeBundle {
    return this.table[mimeBundle]();
  }

  toString(): string {
    return this.table.toString();
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function boundWords(bound: Readonly<Record<string, number>>): string {
  return Object.entries(bound)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');
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
 * @throws InputError for an unknown race or bound, and for a release, an architecture or patches that boot would refuse
 */
export function explore(race: Race | string, options: ExploreOptions = {}): Exploration {
  const chosen = chosenRace(race, options);
  const kernel = chosenKernel(chosen, options);
  const setup = chosen.setUp(kernel);
  const system = new KernelThreads(setup.machine.arena, setup.threads);
  const clock = new Clock(options);
  const atEnd = atEndOf(chosen, setup);
  const { maxStates = Infinity, reduction = true, all: onePerKind = false } = options;
  const goOn = (states: number, executions: number) => clock.goOn(states, executions);
  const result = search(system, { atEnd, onePerKind, reduction, maxStates, goOn });
  const found = result.violations.map(({ what, schedule }) =>
    replayOn(chosen, kernel, fewestSwitches(system, { what, atEnd }) ?? schedule),
  );
  return new Exploration(chosen, kernel, result, found, clock.seconds);
}

/**
 * Runs one schedule of a race, step by step, and explains it.
 *
 * @param schedule as an exploration printed it: `a3b2` is three steps of the first thread and two of the second
 * @throws InputError as explore, and if the schedule is none or asks for a step that its thread cannot take there
 */
export function replay(race: Race | string, schedule: string, options: ExploreOptions = {}): Replay {
  const chosen = chosenRace(race, options);
  return replayOn(chosen, chosenKernel(chosen, options), schedule);
}

/** What the search asks of a final state: whether the race's promise is broken, all ways being one. */
function atEndOf(race: Race, { broken }: RaceSetup): () => string | null {
  return () => (broken() === null ? null : race.invariant.name);
}

/** A race of the catalogue, its threads made of the kernel with one's own patch where there is one. */
function chosenRace(race: Race | string, { own }: ExploreOptions): Race {
  if (own === undefined) return typeof race === 'string' ? raceByName(race) : race;
  const catalogue = own.load<{ raceByName: typeof raceByName }>('scenario/races.ts');
  return catalogue.raceByName(typeof race === 'string' ? race : race.name);
}

function chosenKernel(race: Race, options: ExploreOptions): ChosenKernel {
  const { arch = race.arch } = options;
  const release = releaseByName(options.release ?? race.release);
  const patched = resolvePatches(release, arch, options.with, options.without);
  const words = `${['Linux', release, ...patchWords(options)].join(' ')}, ${arch}`;
  return { release, arch, patched, bound: chosenBound(race, options.bound ?? {}), words };
}

function chosenBound(race: Race, asked: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  for (const [name, n] of Object.entries(asked)) {
    if (!Object.hasOwn(race.bound, name))
      throw new InputError(
        `${race.name} has no bound '${name}'; it has ${Object.keys(race.bound).join(', ')}`,
      );
    if (!Number.isInteger(n) || n < 0) throw new InputError(`bound ${name} is ${n}; allowed: a whole number`);
  }
  return { ...race.bound, ...asked };
}

/** Measures a search, tells of its progress and ends it when its time is up. */
class Clock {
  readonly #began = performance.now();
  readonly #options: ExploreOptions;

  constructor(options: ExploreOptions) {
    this.#options = options;
  }

  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  goOn(states: number, executions: number): boolean {
    const { seconds } = this;
    this.#options.onProgress?.({ executions, states, seconds });
    return seconds < (this.#options.seconds ?? Infinity);
  }
}
