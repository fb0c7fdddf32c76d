/**
 * The barrier between kernel code and machine state. All state that kernel code shares lies in `Mem`; it is read by
 * `ld` and written by `st` and by nothing else, so that the explorer can watch, hash and undo. This is the stepped
 * build's side; in the plain one (`memory.fast.ts`) they are an indexed read and an indexed write.
 */
import type { Mem } from './mem.js';
import { type Result, currentWatcher } from './watch.js';

export type { Mem };

/** Reads word `i`, as a signed 32-bit number. */
export function ld(mem: Mem, i: number): number {
  const watcher = currentWatcher();
  return watcher === null ? (mem as Int32Array)[i] : watcher.load(mem, i);
}

/** Writes word `i`; `value` is taken modulo 2^32. */
export function st(mem: Mem, i: number, value: number): void {
  const watcher = currentWatcher();
  if (watcher === null) (mem as Int32Array)[i] = value;
  else watcher.store(mem, i, value | 0);
}

/** Writes `n` words from `i` on. */
export function fill(mem: Mem, i: number, n: number, value: number): void {
  for (let k = 0; k < n; k++) st(mem, i + k, value);
}

/** Copies `n` words within or between memories; the ranges do not overlap. */
export function copy(to: Mem, toIndex: number, from: Mem, fromIndex: number, n: number): void {
  for (let k = 0; k < n; k++) st(to, toIndex + k, ld(from, fromIndex + k));
}

/**
 * Runs code of which nothing but its outcome stays behind: a thread then knows no more than that, and not which words
 * gave it. See `resultOf` of step.ts, which is the same for a Step.
 *
 * @param touch changes nothing but `Mem`; an expression, which the plain build puts in place of the call
 */
export function outcomeOf<T extends Result>(touch: () => T): T {
  const watcher = currentWatcher();
  if (watcher === null) return touch();
  const known = watcher.enter();
  if (known !== undefined) return known.result as T;
  const outcome = touch();
  watcher.leave(outcome);
  return outcome;
}

/** The texts of ld() and st(), for accessors that are written as text: whoever evaluates them gives `ld` and `st`. */
export const ldText = (mem: string, i: string): string => `ld(${mem}, ${i})`;
export const stText = (mem: string, i: string, value: string): string => `st(${mem}, ${i}, ${value})`;
