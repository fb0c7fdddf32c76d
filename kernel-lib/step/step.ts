/**
 * Kernel code is written once, as generator functions in which `yield*` says "another CPU may run here". This file
 * is the stepped build's side; `step.fast.ts` is what stands in its place in the plain build, from which the strip
 * pass (build/strip.mjs) takes every star and yield.
 */
import { currentWatcher, type Result, WouldBlock } from './watch.js';

/** Kernel code that gives a `T` in the end: a generator in the stepped build, the `T` itself in the plain one. */
export type Step<T> = Generator<undefined, T, undefined>;

/** Which of the two builds this code belongs to. */
export const BUILD: 'stepped' | 'fast' = 'stepped';

/**
 * Runs a Step to its end with nothing in between: what the plain build does by itself.
 *
 * @throws WouldBlock where Linux would sleep or spin
 */
export function run<T>(step: Step<T>): T {
  for (;;) {
    const { done, value } = step.next();
    if (done) return value;
  }
}

/**
 * The condition just read does not let this CPU go on: `while (ld(…) !== 0) yield* blocked('spinlock')`. Stands in a
 * loop that reads the condition again, first thing after its leaf's `yield`, before any store of the same step.
 *
 * @param what the thing waited for, for people
 * @throws WouldBlock when nobody else could run
 */
export function* blocked(what: string): Step<void> {
  const watcher = currentWatcher();
  if (watcher === null) throw new WouldBlock(what);
  watcher.block(what);
  yield;
}

/**
 * A choice that the program does not make: the hardware or a user does. The explorer takes every one in turn,
 * a sequential run takes the first.
 *
 * @param n how many there are, at least 1
 * @returns 0 … n-1
 */
export function* choose(n: number): Step<number> {
  yield;
  return currentWatcher()?.choose(n) ?? 0;
}

/**
 * Runs a call of which nothing but its result stays behind. Once it has ended, the thread is where every other way
 * through the call that gives the same would have brought it, so the explorer forgets what the call has read: states
 * that differ in nothing else are one.
 *
 * @param call changes no object that anybody else holds: what it leaves is its result and what it wrote to `Mem`
 */
export function* resultOf<T extends Result>(call: Step<T>): Step<T> {
  const known = currentWatcher()?.enter();
  if (known !== undefined) return known.result as T;
  const result = yield* call;
  currentWatcher()?.leave(result);
  return result;
}
