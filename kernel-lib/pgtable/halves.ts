import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import type { Pte } from './pte.js';

/**
 * Entries that are wider than the words of the machine, 64 bits on a 32-bit CPU: two loads or stores each, between
 * which other CPUs run. The half with the present bit is the low one, so who writes keeps an order: the low half is
 * the last to come and the first to go.
 */

/** Loads an entry once, as the compiler sees fit: whole only where a word holds it. `READ_ONCE()` of include/asm-generic/rwonce.h. */
export function* readOnce(k: Machine, entry: number): Step<Pte> {
  if (k.entryHalves === undefined) return yield* loadWhole(k, entry);
  return k.entryHalves === 'low half first' ? yield* lowThenHigh(k, entry) : yield* highThenLow(k, entry);
}

function* loadWhole(k: Machine, entry: number): Step<Pte> {
  yield;
  return { lo: ld(k.ptes, entry), hi: ld(k.ptes, entry + 1) };
}

function* lowThenHigh(k: Machine, entry: number): Step<Pte> {
  const lo = yield* loadHalf(k, entry);
  return { lo, hi: yield* loadHalf(k, entry + 1) };
}

function* highThenLow(k: Machine, entry: number): Step<Pte> {
  const hi = yield* loadHalf(k, entry + 1);
  return { lo: yield* loadHalf(k, entry), hi };
}

/** The low half, and unless that is zero the high one behind it: a present entry's, or that of one that came later. */
export function* lowThenHighIfAny(k: Machine, entry: number): Step<Pte> {
  const lo = yield* loadHalf(k, entry);
  return { lo, hi: lo === 0 ? 0 : yield* loadHalf(k, entry + 1) };
}

/** Loads low, high and low again, until the low half has not changed meanwhile. */
export function* lowHighLow(k: Machine, entry: number): Step<Pte> {
  if (k.entryHalves === undefined) return yield* readOnce(k, entry);
  for (;;) {
    const lo = yield* loadHalf(k, entry);
    const hi = yield* loadHalf(k, entry + 1);
    if ((yield* loadHalf(k, entry)) === lo) return { lo, hi };
  }
}

function* loadHalf(k: Machine, half: number): Step<number> {
  yield;
  return ld(k.ptes, half);
}

/** Stores an entry at once: a word holds it, or `set_64bit()` does. */
export function* storeWhole(k: Machine, entry: number, pte: Pte): Step<void> {
  yield;
  st(k.ptes, entry, pte.lo);
  st(k.ptes, entry + 1, pte.hi);
}

/** Stores an entry and gives the one that was there, in one atomic step: `atomic64_xchg()`. */
export function* exchangeWhole(k: Machine, entry: number, pte: Pte): Step<Pte> {
  yield;
  const old = { lo: ld(k.ptes, entry), hi: ld(k.ptes, entry + 1) };
  // Said to be integers: of an entry that lies in memory, as the empty one does, V8 does not know it.
  st(k.ptes, entry, pte.lo | 0);
  st(k.ptes, entry + 1, pte.hi | 0);
  return old;
}

/** Stores an entry where none was. @kernel arch/x86/include/asm/pgtable-3level.h native_set_pte v6.2 */
export function* nativeSetPte(k: Machine, entry: number, pte: Pte): Step<void> {
  yield;
  st(k.ptes, entry + 1, pte.hi);
  yield;
  st(k.ptes, entry, pte.lo);
}

/**
 * Stores an entry that is not present, and gives the one that was there: `native_pte_clear()`,
 * `native_pmdp_get_and_clear()` and `pmdp_establish()` of arch/x86/include/asm/pgtable-3level.h.
 */
export function* exchangeLowFirst(k: Machine, entry: number, pte: Pte): Step<Pte> {
  yield;
  const lo = ld(k.ptes, entry);
  st(k.ptes, entry, pte.lo);
  yield;
  const hi = ld(k.ptes, entry + 1);
  st(k.ptes, entry + 1, pte.hi);
  return { lo, hi };
}
