import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KernelThreads } from '../../kernel-lib/explore/kernel-threads.js';
import { countsOf, unionOfKeys } from '../../kernel-lib/explore/keys.js';
import { type SearchResult, drained, search } from '../../kernel-lib/explore/search.js';
import { searchingShard } from '../../kernel-lib/explore/shard.js';
import { litmus, type Op, programs, threadsOfOps } from './litmus.js';

type Program = readonly (readonly Op[])[];

function system(program: Program): KernelThreads {
  const k = litmus();
  return new KernelThreads(k.arena, programs(k, program));
}

function whole(program: Program, reduction: boolean): SearchResult {
  return search(system(program), { reduction, onePerKind: true });
}

/** Enough for programs as small as these. */
const FEW_ROOTS = 4;

/** Each shard in a system of its own, as in a process of its own. */
function shards(program: Program, of: number, reduction: boolean): SearchResult[] {
  return Array.from({ length: of }, (_, index) =>
    drained(searchingShard(system(program), { index, of }, { reduction }, FEW_ROOTS)),
  );
}

const kinds = (results: readonly SearchResult[]) =>
  [...new Set(results.flatMap(({ violations }) => violations.map(({ what }) => what)))].sort();

/** Enough to do for several shards. */
const large: Program = [0, 1, 2].map((word) => [
  { kind: 'increment', word: 0, lock: null },
  { kind: 'copy', from: word, to: 3 },
  { kind: 'either', word },
]);

test('without reduction, shards put together have the states, executions and violations of one search', () => {
  fc.assert(
    fc.property(threadsOfOps, fc.integer({ min: 1, max: 4 }), (program, of) => {
      const one = whole(program, false);
      const parts = shards(program, of, false);
      const { states, executions } = countsOf(unionOfKeys(parts.map(({ keys }) => keys!)));
      expect({ states, executions }).toEqual({ states: one.states, executions: one.executions });
      expect(kinds(parts)).toEqual(kinds([one]));
    }),
    { numRuns: 100 },
  );
});

test('with reduction they have its ends and violations', () => {
  fc.assert(
    fc.property(threadsOfOps, fc.integer({ min: 1, max: 4 }), (program, of) => {
      const one = whole(program, true);
      const parts = shards(program, of, true);
      expect(countsOf(unionOfKeys(parts.map(({ keys }) => keys!))).executions).toBe(one.executions);
      expect(kinds(parts)).toEqual(kinds([one]));
    }),
    { numRuns: 100 },
  );
});

test('several shards have something to do each, none has everything, and together they are one search', () => {
  const one = whole(large, false);
  const parts = shards(large, 3, false);
  for (const { states } of parts) {
    expect(states).toBeGreaterThan(0);
    expect(states).toBeLessThan(one.states);
  }
  const together = countsOf(unionOfKeys(parts.map(({ keys }) => keys!)));
  expect(together).toEqual({ states: one.states, executions: one.executions });
});
