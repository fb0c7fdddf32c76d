/** The plain build's side of `step.ts`, where the names are explained. */
import { WouldBlock } from './watch.js';

/** Kernel code that gives a `T`: here it has already run when it is named. */
export type Step<T> = T;

export const BUILD: 'stepped' | 'fast' = 'fast';

export function run<T>(step: Step<T>): T {
  return step;
}

export function blocked(what: string): Step<void> {
  throw new WouldBlock(what);
}

export function choose(_n: number): Step<number> {
  return 0;
}

export function resultOf<T>(call: Step<T>): Step<T> {
  return call;
}
