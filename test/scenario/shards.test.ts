import { expect, test } from 'vitest';
import { type ExploreOptions, explore, exploring } from '../../kernel-lib/scenario/exploration.js';
import { mergeShards } from '../../kernel-lib/scenario/shards.js';

const small = { bound: { pages: 1, stores: 2 } };

function shards(of: number, options: ExploreOptions) {
  return Array.from({ length: of }, (_, index) =>
    explore('delayed-rmap', { ...options, shard: { index, of } }),
  );
}

test.each(['v6.1', 'v6.2'])('three shards of %s put together are one exploration', (release) => {
  const options = { ...small, release, reduction: false };
  const one = explore('delayed-rmap', { ...options, all: true });
  const merged = mergeShards(shards(3, options));
  for (const key of ['states', 'executions', 'complete', 'verdict', 'violations', 'meaning'] as const)
    expect(merged[key]).toEqual(one[key]);
});

test('with reduction too, but for the number of states', () => {
  const options = { ...small, release: 'v6.2' };
  const one = explore('delayed-rmap', { ...options, all: true });
  const merged = mergeShards(shards(3, options));
  for (const key of ['executions', 'complete', 'verdict', 'violations'] as const)
    expect(merged[key]).toEqual(one[key]);
});

test.each(['pct', 'random'] as const)('shards of %s draw the executions of one sample', (mode) => {
  const options = { ...small, mode, seed: 3, executions: 100, depth: 4 };
  const one = explore('delayed-rmap', { ...options, all: true });
  const merged = mergeShards(shards(4, options));
  for (const key of ['states', 'executions', 'complete', 'verdict', 'violations'] as const)
    expect(merged[key]).toEqual(one[key]);
});

test('a shard alone, or some of them, never say that a promise holds', () => {
  const parts = shards(2, { ...small, release: 'v6.2' });
  expect(parts.map(({ verdict }) => verdict)).toEqual(['incomplete', 'incomplete']);
  expect(mergeShards(parts.slice(1)).verdict).toBe('incomplete');
  expect(mergeShards(parts).verdict).toBe('absent');
});

test('what are no shards of one exploration is refused', () => {
  const [one] = shards(2, small);
  const [other] = shards(2, { ...small, release: 'v6.2' });
  expect(() => mergeShards([])).toThrow('there are no shards to merge');
  expect(() => mergeShards([one!, other!])).toThrow('these are no shards of one exploration');
  expect(() => mergeShards([one!, one!])).toThrow('one shard is given twice');
  expect(() => mergeShards([explore('delayed-rmap', small)])).toThrow(
    'these are no shards of one exploration',
  );
});

test('an exploration that is told to stop gives what it has, incomplete', () => {
  const exploration = exploring('delayed-rmap', { release: 'v6.2', reduction: false });
  const first = exploration.next(true);
  expect(first.done).toBe(false);
  const last = exploration.next(false);
  expect(last).toMatchObject({ done: true, value: { verdict: 'incomplete', complete: false } });
});
