import type { Mem } from '../step/mem.js';

/** A kernel operation under way, of the stepped build: what its functions of type `Step` give. */
export type Steps = Generator<undefined, unknown, undefined>;

/**
 * One thread of kernel code: operations (system calls, faults, accesses) that it runs one after another.
 *
 * The explorer starts operations again and again, out of order, with memory as it was: an operation keeps nothing
 * outside `Mem`, and between two of them a thread remembers nothing but where it is.
 */
export interface ThreadProgram {
  readonly name: string;
  /** Each starts its operation anew. */
  readonly operations: readonly (() => Steps)[];
  /** Called before the thread runs: sets what the code takes from "the CPU it runs on". */
  readonly enter?: () => void;
}

/** Global index of a word of an arena. */
export function addressOf(mem: Mem, i: number): number {
  return (mem.byteOffset >> 2) + i;
}
