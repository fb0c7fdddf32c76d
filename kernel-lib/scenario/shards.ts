import { InputError } from '../base/error.js';
import { type Keys, countsOf, unionOfKeys } from '../explore/keys.js';
import type { SearchResult } from '../explore/search.js';
import { type ExploreOptions, chosenKernel, chosenRace } from './exploration.js';
import { Exploration } from './explored.js';
import { replayOn } from './replay.js';

/** What one shard found. */
export interface ShardResult extends Pick<Exploration, 'name' | 'seconds'> {
  /** With the shard. */
  readonly options: ExploreOptions;
  readonly result: SearchResult;
}

/**
 * Puts the results of shards together: executions, violations and verdict are those of one exploration with `all`;
 * so are the states, but with reduction, where each shard leaves out others. Incomplete where a shard is missing.
 *
 * @throws InputError if these are no shards of one exploration
 */
export function mergeShards(parts: readonly ShardResult[]): Exploration {
  const [first] = parts;
  if (first === undefined) throw new InputError('there are no shards to merge');
  for (const part of parts) checkKin(first, part);
  const indices = new Set(parts.map(({ options }) => options.shard!.index));
  if (indices.size < parts.length) throw new InputError('one shard is given twice');
  const { shard, ...options } = first.options;
  const race = chosenRace(first.name, options);
  const kernel = chosenKernel(race, options);
  const result = mergedResult(parts, indices.size === shard!.of);
  const replays = result.violations.map(({ schedule }) => replayOn(race, kernel, schedule));
  const seconds = parts.reduce((sum, part) => sum + part.seconds, 0);
  return new Exploration(race, kernel, { ...options, all: true }, result, replays, seconds);
}

function checkKin(one: ShardResult, other: ShardResult): void {
  const words = ({ name, options: { shard, ...options } }: ShardResult) =>
    JSON.stringify([name, shard?.of, Object.entries(options).sort(([a], [b]) => (a < b ? -1 : 1))]);
  if (one.options.shard === undefined || words(one) !== words(other))
    throw new InputError(`these are no shards of one exploration: ${words(one)}, ${words(other)}`);
}

function mergedResult(parts: readonly ShardResult[], all: boolean): SearchResult {
  const results = parts.map(({ result }) => result);
  const sum = (of: (result: SearchResult) => number) => results.reduce((n, result) => n + of(result), 0);
  const keys = unionOfKeys(results.map((result): Keys => result.keys!));
  const drawn = (parts[0]!.options.mode ?? 'exhaustive') !== 'exhaustive';
  return {
    ...countsOf(keys),
    ...(drawn ? { executions: sum(({ executions }) => executions) } : {}),
    transitions: sum(({ transitions }) => transitions),
    violations: shortest(results.flatMap(({ violations }) => violations)),
    complete: all && results.every(({ complete }) => complete),
    reduction: results.some(({ reduction }) => reduction),
    depth: Math.max(...results.map(({ depth }) => depth)),
  };
}

/** One violation of each kind, that with the fewest steps. */
function shortest(violations: SearchResult['violations']): SearchResult['violations'] {
  const best = new Map<string, SearchResult['violations'][number]>();
  for (const violation of violations) {
    const known = best.get(violation.what);
    if (known === undefined || violation.steps < known.steps) best.set(violation.what, violation);
  }
  return [...best.values()];
}
