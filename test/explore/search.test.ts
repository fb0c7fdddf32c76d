import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ld, outcomeOf } from '#stepped/step/memory.js';
import { type Step, resultOf } from '#stepped/step/step.js';
import { KernelThreads } from '../../kernel-lib/explore/kernel-threads.js';
import { RebuiltThreads } from '../../kernel-lib/explore/rebuilt-threads.js';
import { replay } from '../../kernel-lib/explore/replay.js';
import { search, type SearchOptions, type SearchResult } from '../../kernel-lib/explore/search.js';
import type { TransitionSystem } from '../../kernel-lib/explore/system.js';
import {
  increment,
  litmus,
  programs,
  readWord,
  threadsOfOps,
  writeWord,
  type Litmus,
  type Op,
} from './litmus.js';

/** What every way of exploring must agree on: how it can end. */
interface Ends {
  readonly finals: readonly string[];
  readonly problems: readonly string[];
  readonly result: SearchResult;
}

function ends(k: Litmus, system: TransitionSystem, options: SearchOptions): Ends {
  const finals = new Set<string>();
  const result = search(system, {
    maxViolations: 1_000_000,
    onEnd: () => finals.add(system.state.words.slice(0, k.words.length + k.locks.length).join(' ')),
    ...options,
  });
  const problems = new Set(result.violations.map((violation) => violation.what));
  return { finals: [...finals].sort(), problems: [...problems].sort(), result };
}

function explored(threads: readonly (readonly Op[])[], options: SearchOptions): Ends {
  const k = litmus();
  return ends(k, new KernelThreads(k.arena, programs(k, threads)), options);
}

function rebuilt(threads: readonly (readonly Op[])[], options: SearchOptions): Ends {
  const k = litmus();
  return ends(k, new RebuiltThreads(k.arena, programs(k, threads)), options);
}

test('two increments without a lock can lose one, with a lock they cannot', () => {
  const twice = (lock: number | null) => {
    const one: Op = { kind: 'increment', word: 0, lock };
    return explored([[one], [one]], {});
  };
  expect(twice(null).finals.map((final) => final[0])).toEqual(['1', '2']);
  expect(twice(0).finals.map((final) => final[0])).toEqual(['2']);
});

test('locks taken in opposite orders are a deadlock, with its schedule', () => {
  const { result } = explored(
    [[{ kind: 'twoLocks', first: 0, word: 0 }], [{ kind: 'twoLocks', first: 1, word: 0 }]],
    {},
  );
  expect(result.violations[0]).toMatchObject({
    what: 'deadlock: cpu0, cpu1 would wait for ever',
    schedule: 'ab',
  });
});

test('the plain enumeration of all interleavings, the search and the reduced search agree on every end', () => {
  fc.assert(
    fc.property(threadsOfOps, (program) => {
      const all = explored(program, { visited: false, reduction: false });
      const full = explored(program, { reduction: false });
      const reduced = explored(program, {});
      for (const { finals, problems } of [full, reduced]) {
        expect(finals).toEqual(all.finals);
        expect(problems).toEqual(all.problems);
      }
      expect(reduced.result.states).toBeLessThanOrEqual(full.result.states);
      expect(full.result.states).toBeLessThanOrEqual(all.result.states);
    }),
    { numRuns: 300 },
  );
});

test('looking steps up gives the states and transitions of rebuilding threads from what they have read', () => {
  fc.assert(
    fc.property(threadsOfOps, (program) => {
      const options = { reduction: false };
      const looked = explored(program, options);
      const defined = rebuilt(program, options);
      expect(looked.finals).toEqual(defined.finals);
      expect(looked.problems).toEqual(defined.problems);
      const { reduction: _, ...counts } = defined.result;
      expect(looked.result).toMatchObject(counts);
    }),
    { numRuns: 100 },
  );
});

test('reduction follows fewer states where threads do not meet', () => {
  const program: Op[][] = [0, 1, 2].map((word) => [{ kind: 'increment', word, lock: null }]);
  expect(explored(program, { reduction: false }).result.states).toBe(27);
  expect(explored(program, {}).result.states).toBe(7);
});

test('a state is memory and what each thread has read: with memory alone, different states are merged', () => {
  // Both threads have read 0: whether the first did so before or after the second wrote 0 again decides the end.
  const program: Op[][] = [
    [{ kind: 'increment', word: 0, lock: null }],
    [{ kind: 'increment', word: 0, lock: null }],
  ];
  const finals = (memoryOnly: boolean) => {
    const k = litmus();
    const system = new KernelThreads(k.arena, programs(k, program), { memoryOnly });
    return ends(k, system, { reduction: false }).finals;
  };
  expect(finals(false)).toEqual(['1 0 0 0 0 0', '2 0 0 0 0 0']);
  expect(finals(true)).not.toEqual(finals(false));
});

/** Whether a word is odd; what else it holds is the reader's business. */
function* oddWord(k: Litmus, i: number): Step<boolean> {
  return ((yield* readWord(k, i)) & 1) === 1;
}

test('of a call that has ended its result alone is left: states that differ in what it read are one', () => {
  const counted = (forgets: boolean) => {
    const k = litmus();
    const odd = function* (): Step<void> {
      const call = oddWord(k, 0);
      if (yield* forgets ? resultOf(call) : call) yield* increment(k, 1, null);
      else yield* increment(k, 2, null);
    };
    const even = function* (): Step<void> {
      yield* increment(k, 0, null);
      yield* increment(k, 0, null);
    };
    const threads = [odd, even].map((does, n) => ({ name: `cpu${n}`, operations: [does] }));
    return ends(k, new KernelThreads(k.arena, threads), { reduction: false });
  };
  const [all, results] = [counted(false), counted(true)];
  expect(results.finals).toEqual(all.finals);
  expect(results.result.states).toBeLessThan(all.result.states);
});

test('plain code leaves its outcome alone', () => {
  const counted = (outcome: <T extends number>(touch: () => T) => T) => {
    const k = litmus();
    const sign = function* (): Step<void> {
      yield;
      const positive = outcome(() => Math.sign(ld(k.words, 0)));
      yield* writeWord(k, 1, positive);
    };
    const threads = [sign, () => increment(k, 0, null), () => increment(k, 0, null)];
    const programs = threads.map((does, n) => ({ name: `cpu${n}`, operations: [does] }));
    return ends(k, new KernelThreads(k.arena, programs), { reduction: false });
  };
  const [all, outcomes] = [counted((touch) => touch()), counted(outcomeOf)];
  expect(outcomes.finals).toEqual(all.finals);
  expect(outcomes.result.states).toBeLessThan(all.result.states);
});

test('a call that leaves something in an object of its caller is found out where the thread is rebuilt', () => {
  const finals = (Threads: typeof KernelThreads | typeof RebuiltThreads) => {
    const k = litmus();
    const careless = function* (): Step<void> {
      const kept: number[] = [];
      const keep = function* (): Step<void> {
        kept.push(yield* readWord(k, 0));
      };
      yield* resultOf(keep());
      yield* writeWord(k, 1, kept.length);
      yield* writeWord(k, 2, kept.length);
    };
    return ends(k, new Threads(k.arena, [{ name: 'cpu0', operations: [careless] }]), {}).finals;
  };
  expect(finals(KernelThreads)).not.toEqual(finals(RebuiltThreads));
});

test('a schedule leads to the same state again, in a new system', () => {
  const build = () => {
    const k = litmus();
    const one: Op = { kind: 'increment', word: 0, lock: null };
    return { k, system: new KernelThreads(k.arena, programs(k, [[one], [one]])) };
  };
  const found = build();
  const { violations } = search(found.system, {
    atEnd: () => (ld(found.k.words, 0) < 2 ? 'an increment is lost' : null),
  });
  expect(violations[0]?.what).toBe('an increment is lost');
  const again = build();
  const steps = replay(again.system, violations[0]!.schedule);
  expect(steps).toHaveLength(violations[0]!.steps);
  expect(ld(again.k.words, 0)).toBe(1);
  again.system.state.rewind();
  expect(ld(again.k.words, 0)).toBe(0);
});

test('kernel code that breaks a promise ends the search with its schedule', () => {
  const k = litmus();
  const system = new KernelThreads(k.arena, [
    { name: 'cpu0', operations: [() => increment(k, 0, null)] },
    {
      name: 'cpu1',
      operations: [
        function* () {
          yield;
          if (ld(k.words, 0) === 1) throw new Error('the word is one');
        },
      ],
    },
  ]);
  expect(search(system).violations).toEqual([{ what: 'cpu1: the word is one', schedule: 'a2b', steps: 3 }]);
});

test('a search that gave up says that it is incomplete', () => {
  const one: Op = { kind: 'increment', word: 0, lock: null };
  expect(explored([[one], [one]], { maxStates: 5 }).result).toMatchObject({ complete: false, states: 6 });
});

test('a thread that keeps something outside memory is found out', () => {
  const k = litmus();
  let calls = 0;
  const system = new KernelThreads(k.arena, [
    { name: 'writer', operations: [() => increment(k, 0, null)] },
    {
      name: 'forgetful',
      operations: [
        function* () {
          const word = calls++ % 4;
          yield;
          ld(k.words, word);
          yield;
          ld(k.words, 0);
        },
      ],
    },
  ]);
  expect(() => search(system, { reduction: false })).toThrow('it keeps something outside Mem');
});
