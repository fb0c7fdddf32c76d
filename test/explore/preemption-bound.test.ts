import { expect, test } from 'vitest';
import { ld } from '#stepped/step/memory.js';
import { KernelThreads } from '../../kernel-lib/explore/kernel-threads.js';
import { PreemptionBound } from '../../kernel-lib/explore/preemption-bound.js';
import { search } from '../../kernel-lib/explore/search.js';
import { explore } from '../../kernel-lib/scenario/exploration.js';
import { type Litmus, type Op, litmus, programs } from './litmus.js';

const one: Op = { kind: 'increment', word: 0, lock: null };

function bounded(k: Litmus, limit: number): PreemptionBound {
  return new PreemptionBound(k.arena, limit, () => new KernelThreads(k.arena, programs(k, [[one], [one]])));
}

test('two increments lose one when a thread is preempted once, and not when none is', () => {
  const found = (limit: number) => {
    const k = litmus();
    const system = bounded(k, limit);
    const atEnd = () => (ld(k.words, 0) < 2 ? 'an increment is lost' : null);
    return { lost: search(system, { atEnd }).violations.length, refused: system.refused };
  };
  expect(found(0)).toEqual({ lost: 0, refused: true });
  expect(found(1).lost).toBe(1);
});

test('to leave a thread that waits is no preemption, and a bound that refuses nothing changes nothing', () => {
  const ops: Op[][] = [[{ kind: 'increment', word: 0, lock: 0 }], [{ kind: 'increment', word: 0, lock: 0 }]];
  const k = litmus();
  const system = new PreemptionBound(k.arena, 9, () => new KernelThreads(k.arena, programs(k, ops)));
  const finals = new Set<number>();
  const { violations, complete } = search(system, { onEnd: () => finals.add(ld(k.words, 0)) });
  expect({ violations, complete, refused: system.refused }).toEqual({
    violations: [],
    complete: true,
    refused: false,
  });
  expect([...finals]).toEqual([2]);
});

test('a race that needs preemptions is found with so many, and never called absent with fewer', () => {
  const smallest = { bound: { pages: 1, stores: 1 } };
  const verdicts = [0, 1, 2, 3].map(
    (preemptions) => explore('delayed-rmap', { ...smallest, preemptions }).verdict,
  );
  expect(verdicts[0]).toBe('incomplete');
  expect(verdicts.at(-1)).toBe('found');
  const after = { ...smallest, with: ['5df397dec7c4'] };
  expect(explore('delayed-rmap', { ...after, preemptions: 1 }).verdict).toBe('incomplete');
  expect(explore('delayed-rmap', { ...after, preemptions: 99 }).verdict).toBe('absent');
});
