import { expect, test } from 'vitest';
import { ld } from '#stepped/step/memory.js';
import { KernelThreads } from '../../kernel-lib/explore/kernel-threads.js';
import { replay } from '../../kernel-lib/explore/replay.js';
import { type SamplingOptions, sampling } from '../../kernel-lib/explore/sampling.js';
import { type SearchResult, drained } from '../../kernel-lib/explore/search.js';
import { litmus, type Op, programs } from './litmus.js';

const increment: Op = { kind: 'increment', word: 0, lock: null };

function lostUpdate() {
  const k = litmus();
  const system = new KernelThreads(k.arena, programs(k, [[increment], [increment]]));
  return { system, atEnd: () => (ld(k.words, 0) < 2 ? 'an increment is lost' : null) };
}

function sampled(options: Partial<SamplingOptions>): SearchResult {
  const { system, atEnd } = lostUpdate();
  const given = { mode: 'random', seed: 1, depth: 2, executions: 100, atEnd, ...options } as const;
  return drained(sampling(system, given));
}

test.each(['random', 'pct'] as const)(
  '%s scheduling meets the lost update, with a schedule that replays',
  (mode) => {
    const [violation] = sampled({ mode }).violations;
    expect(violation?.what).toBe('an increment is lost');
    const { system, atEnd } = lostUpdate();
    expect(replay(system, violation!.schedule)).toHaveLength(violation!.steps);
    expect(atEnd()).toBe('an increment is lost');
  },
);

test('priorities alone, a depth of 1, run one thread after the other and lose nothing', () => {
  expect(sampled({ mode: 'pct', depth: 1 })).toMatchObject({ violations: [], executions: 100, states: 8 });
});

test.each(['random', 'pct'] as const)(
  '%s: a seed gives the same executions again, another seed others',
  (mode) => {
    const first = (seed: number) => sampled({ mode, seed, onePerKind: true, executions: 8 });
    expect(first(1)).toEqual(first(1));
    const schedules = [1, 2, 3, 4, 5].map((seed) => first(seed).violations[0]?.schedule);
    expect(new Set(schedules).size).toBeGreaterThan(1);
  },
);

test('a sample is never complete', () => {
  expect(sampled({ onePerKind: true, executions: 1000 }).complete).toBe(false);
});

test('shards draw the executions of one sample, each some of them', () => {
  const one = sampled({ onePerKind: true, keys: true });
  const parts = [0, 1, 2].map((index) => sampled({ onePerKind: true, keys: true, shard: { index, of: 3 } }));
  expect(parts.map(({ executions }) => executions)).toEqual([34, 33, 33]);
  expect(parts.reduce((sum, { transitions }) => sum + transitions, 0)).toBe(one.transitions);
});

test('threads that wait for each other end an execution, as a deadlock', () => {
  const k = litmus();
  const twoLocks = (first: number): Op => ({ kind: 'twoLocks', first, word: 0 });
  const system = new KernelThreads(k.arena, programs(k, [[twoLocks(0)], [twoLocks(1)]]));
  const options = { mode: 'random', seed: 1, depth: 2, executions: 50, atEnd: () => null } as const;
  expect(drained(sampling(system, options)).violations[0]?.what).toMatch(/^deadlock: cpu0, cpu1/);
});
