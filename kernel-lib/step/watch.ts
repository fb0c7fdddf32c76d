import type { Mem } from './mem.js';

/** What can stay behind of a call that has ended: a value, no object that could be changed later. */
export type Result = number | bigint | boolean | string | null | undefined | void;

/** Sees what a stepped thread does to memory. The explorer installs one; without it accesses go straight through. */
export interface Watcher {
  /** Gives the value of `mem[i]`. */
  load(mem: Mem, i: number): number;
  /** Takes a store of `value` to `mem[i]`. */
  store(mem: Mem, i: number, value: number): void;
  /** Chooses one of 0 … n-1. */
  choose(n: number): number;
  /** The thread cannot go on before what it has just read changes. */
  block(what: string): void;
  /** A call begins of which its result alone is to stay. @returns that result where the call is not to be run again */
  enter(): { readonly result: Result } | undefined;
  /** The innermost such call ends. */
  leave(result: Result): void;
}

let current: Watcher | null = null;

/** Who watches now; null in sequential runs. */
export function currentWatcher(): Watcher | null {
  return current;
}

/** Runs `body` under a watcher and restores the one before, whatever happens. */
export function watched<T>(watcher: Watcher, body: () => T): T {
  const before = current;
  current = watcher;
  try {
    return body();
  } finally {
    current = before;
  }
}

/** Kernel code would sleep or spin, and nobody else is there who could end the wait. */
export class WouldBlock extends Error {
  override readonly name = 'WouldBlock';
  readonly what: string;

  constructor(what: string) {
    super(`would block on ${what}, and nothing else runs`);
    this.what = what;
  }
}
