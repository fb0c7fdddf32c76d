import fc from 'fast-check';
import { spinLock, spinUnlock } from '#stepped/step/lock.js';
import { ld, st, type Mem } from '#stepped/step/memory.js';
import { choose, type Step } from '#stepped/step/step.js';
import type { ThreadProgram } from '../../kernel-lib/explore/program.js';
import { Arena } from '../../kernel-lib/step/arena.js';

/** The smallest kernel: a few words and a few locks. */
export interface Litmus {
  readonly arena: Arena;
  readonly words: Mem;
  readonly locks: Mem;
}

export function litmus(): Litmus {
  const arena = new Arena(64);
  return { arena, words: arena.words('word', 4), locks: arena.words('lock', 2) };
}

export function* readWord(k: Litmus, i: number): Step<number> {
  yield;
  return ld(k.words, i);
}

export function* writeWord(k: Litmus, i: number, value: number): Step<void> {
  yield;
  st(k.words, i, value);
}

/** x++ as two accesses, with or without a lock around it. */
export function* increment(k: Litmus, i: number, lock: number | null): Step<void> {
  if (lock !== null) yield* spinLock(k.locks, lock);
  const value = yield* readWord(k, i);
  yield* writeWord(k, i, value + 1);
  if (lock !== null) spinUnlock(k.locks, lock);
}

/** One operation of a random program. */
export type Op =
  | { readonly kind: 'increment'; readonly word: number; readonly lock: number | null }
  | { readonly kind: 'copy'; readonly from: number; readonly to: number }
  | { readonly kind: 'ifSet'; readonly word: number; readonly to: number; readonly value: number }
  | { readonly kind: 'either'; readonly word: number }
  | { readonly kind: 'twoLocks'; readonly first: number; readonly word: number };

export function* runOp(k: Litmus, op: Op): Step<void> {
  switch (op.kind) {
    case 'increment':
      return yield* increment(k, op.word, op.lock);
    case 'copy':
      return yield* writeWord(k, op.to, yield* readWord(k, op.from));
    case 'ifSet':
      if ((yield* readWord(k, op.word)) !== 0) yield* writeWord(k, op.to, op.value);
      return;
    case 'either':
      return yield* writeWord(k, op.word, 5 + (yield* choose(2)));
    case 'twoLocks':
      yield* spinLock(k.locks, op.first);
      yield* spinLock(k.locks, 1 - op.first);
      yield* writeWord(k, op.word, 9);
      spinUnlock(k.locks, 0);
      spinUnlock(k.locks, 1);
  }
}

/** Threads that run lists of operations. */
export function programs(k: Litmus, threads: readonly (readonly Op[])[]): ThreadProgram[] {
  return threads.map((ops, n) => ({ name: `cpu${n}`, operations: ops.map((op) => () => runOp(k, op)) }));
}

const nat = (max: number) => fc.nat({ max });
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({
    kind: fc.constant('increment' as const),
    word: nat(3),
    lock: fc.option(nat(1), { nil: null }),
  }),
  fc.record({ kind: fc.constant('copy' as const), from: nat(3), to: nat(3) }),
  fc.record({ kind: fc.constant('ifSet' as const), word: nat(3), to: nat(3), value: nat(3) }),
  fc.record({ kind: fc.constant('either' as const), word: nat(3) }),
  fc.record({ kind: fc.constant('twoLocks' as const), first: nat(1), word: nat(3) }),
);
/** Some threads, each with an operation or two. */
export const threadsOfOps = fc.array(fc.array(op, { minLength: 1, maxLength: 2 }), {
  minLength: 2,
  maxLength: 3,
});
