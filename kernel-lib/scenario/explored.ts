import type { Race } from '#stepped/scenario/race.js';
import type { SearchResult } from '../explore/search.js';
import { type Displayable, type MimeBundle, mimeBundle } from '../view/mime.js';
import { Table } from '../view/table.js';
import type { ChosenKernel, ExploreOptions } from './exploration.js';
import type { Replay } from './replay.js';

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
  /** How, and what was counted: what shards are put together of. */
  readonly options: ExploreOptions;
  readonly result: SearchResult;
  /** The first, or one of each kind. */
  readonly replays: readonly Replay[];
  readonly seconds: number;
  /** Whether the kernel's history has it that the promise breaks; it knows no patch of your own. */
  readonly expectedToBreak: boolean;

  constructor(
    race: Race,
    chosen: ChosenKernel,
    options: ExploreOptions,
    result: SearchResult,
    replays: readonly Replay[],
    seconds: number,
  ) {
    this.race = race;
    this.kernel = chosen.words;
    this.bound = chosen.bound;
    this.options = options;
    this.result = result;
    this.executions = result.executions;
    this.states = result.states;
    this.complete = result.complete && options.shard === undefined;
    this.reduction = result.reduction;
    this.replays = replays;
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
    return `incomplete: nothing broke ${promise} in ${followed}, but not everything was followed${this.#chance}`;
  }

  /** What PCT promises of each execution. */
  get #chance(): string {
    const { mode, depth = 3 } = this.options;
    if (mode !== 'pct') return '';
    const oneIn = this.race.threads.length * this.result.depth ** (depth - 1);
    return `; each execution had a chance of at least 1 in ${oneIn} to meet a bug of depth ${depth}`;
  }

  /** How executions were chosen, in words. */
  get how(): string {
    const { mode = 'exhaustive', seed = 1, depth = 3, shard } = this.options;
    const part = shard ? `, shard ${shard.index + 1} of ${shard.of}` : '';
    if (mode === 'random') return `executions drawn at random, seed ${seed}${part}`;
    if (mode === 'pct') return `executions drawn by priorities (PCT), depth ${depth}, seed ${seed}${part}`;
    const { preemptions } = this.options;
    if (preemptions !== undefined) return `every interleaving of at most ${preemptions} preemptions`;
    return `every interleaving${this.reduction ? ', reduced to persistent sets' : ''}${part}`;
  }

  get table(): Table {
    const rows = [
      ['promise', `${this.race.invariant.name}: ${this.race.invariant.reason}`],
      ...this.race.threads.map((does, n) => [`thread ${'abcdefgh'[n]}`, does]),
      ['bound', boundWords(this.bound)],
      ['followed', `${this.states} states, ${this.executions} executions`],
      ['how', this.how],
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

export function boundWords(bound: Readonly<Record<string, number>>): string {
  return Object.entries(bound)
    .map(([name, n]) => `${name} ${n}`)
    .join(', ');
}
