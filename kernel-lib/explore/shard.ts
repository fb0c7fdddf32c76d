import { ending } from './ending.js';
import { type Keys, countsOf, failureKey, unionOfKeys } from './keys.js';
import { type Decision, formatSchedule } from './schedule.js';
import {
  type SearchOptions,
  type SearchResult,
  type Searching,
  type Violation,
  searching,
} from './search.js';
import { type Identity, type TransitionSystem, identityOf } from './system.js';
import { VisitedSet } from './visited.js';

/** One of several searches that share the work. */
export interface Shard {
  /** 0 … of-1. */
  readonly index: number;
  readonly of: number;
}

/** So many states to begin with for every shard even out how much lies behind each. */
const ROOTS_A_SHARD = 1024;
/** Neighbours share most of what can follow: a shard has few blocks of them. */
const BLOCKS_A_SHARD = 2;

/**
 * Searches a part of what `searching` would: what can follow on its share of the states at one distance from the
 * first. The first shard has the states before them as well. What several shards reach, each of them follows.
 *
 * That distance is the first at which there are enough states. Up to there every thread is followed, also with
 * reduction: each shard has learnt other steps, so persistent sets might leave out in one what another leaves to it.
 *
 * @param rootsAShard how many states are enough
 */
export function* searchingShard(
  system: TransitionSystem,
  { index, of }: Shard,
  options: SearchOptions,
  rootsAShard = ROOTS_A_SHARD,
): Searching<SearchResult> {
  const front = new Front(system, options.atEnd ?? (() => null));
  while (front.roots.length > 0 && front.roots.length < rootsAShard * of) front.advance();
  const block = (n: number) => Math.floor((n * of * BLOCKS_A_SHARD) / front.roots.length);
  const roots = front.roots.filter((_, n) => block(n) % of === index);
  const result = yield* searching(system, { ...options, roots, keys: true, onePerKind: true });
  return index === 0 ? front.addTo(result) : result;
}

/** All states at one distance from the first, and what was found before them. */
class Front {
  readonly #system: TransitionSystem;
  readonly #atEnd: () => string | null;
  readonly #visited = new VisitedSet();
  /** Schedules to the states. */
  roots: readonly (readonly Decision[])[] = [[]];
  readonly #states: Identity[] = [];
  readonly #ends: Identity[] = [];
  readonly #failures: number[] = [];
  readonly #violations: Violation[] = [];
  #transitions = 0;

  constructor(system: TransitionSystem, atEnd: () => string | null) {
    this.#system = system;
    this.#atEnd = atEnd;
    const { low, high } = identityOf(system);
    this.#visited.add(low, high);
  }

  /** Goes one step further. */
  advance(): void {
    this.roots = this.roots.flatMap((root) => this.#successors(root));
  }

  addTo(result: SearchResult): SearchResult {
    const keys = unionOfKeys([result.keys!, this.#keys()]);
    const known = (what: string) => this.#violations.some((violation) => violation.what === what);
    const violations = [...this.#violations, ...result.violations.filter(({ what }) => !known(what))];
    const transitions = result.transitions + this.#transitions;
    return { ...result, ...countsOf(keys), keys, transitions, violations };
  }

  #keys(): Keys {
    const words = (names: readonly Identity[]) =>
      Int32Array.from(names.flatMap(({ low, high }) => [low, high]));
    const failures = Int32Array.from(this.#failures);
    return { states: words(this.#states), ends: words(this.#ends), failures };
  }

  /** Schedules to the new states one step behind one. */
  #successors(root: readonly Decision[]): (readonly Decision[])[] {
    const { state, threads } = this.#system;
    state.push();
    for (const { thread, branch } of root) this.#system.step(thread, branch);
    const { low, high } = identityOf(this.#system);
    this.#states.push({ low, high });
    const before = this.#transitions;
    const next = threads.flatMap((_, thread) => this.#steps(root, thread));
    if (this.#transitions === before) {
      this.#ends.push({ low, high });
      this.#note(ending(this.#system, this.#atEnd), root);
    }
    state.rewind();
    return next;
  }

  #steps(root: readonly Decision[], thread: number): (readonly Decision[])[] {
    const { state } = this.#system;
    const next: (readonly Decision[])[] = [];
    for (let branch = 0, branches = 1; branch < branches; branch++) {
      const path = [...root, { thread, branch }];
      state.push();
      branches = this.#system.step(thread, branch);
      if (branches !== 0) this.#transitions++;
      const { low, high } = identityOf(this.#system);
      if (branches > 0 && this.#visited.add(low, high)) next.push(path);
      if (branches < 0) {
        this.#failures.push(...failureKey({ low, high }, thread, branch));
        this.#note(this.#system.failure?.() ?? 'the machine failed', path);
      }
      state.pop();
    }
    return next;
  }

  #note(what: string | null, path: readonly Decision[]): void {
    if (what === null || this.#violations.some((known) => known.what === what)) return;
    this.#violations.push({ what, schedule: formatSchedule(path), steps: path.length });
  }
}
