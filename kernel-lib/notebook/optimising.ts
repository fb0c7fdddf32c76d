import { setFlagsFromString } from 'node:v8';

/**
 * What V8 may inline, in bytes of bytecode: into one function altogether, small functions among them or not, and of a
 * function that is small; from how many calls for each run of the caller on. Its own limits (4600, 920, 27 and 0.15) are
 * meant for web pages.
 */
const INLINING = [
  '--max-inlined-bytecode-size-absolute=20000',
  '--max-inlined-bytecode-size-cumulative=8000',
  '--max-inlined-bytecode-size-small=120',
  '--min-inlining-frequency=0.01',
];

/** Through how many bytes of bytecode a function runs before V8 optimises it, from 67584. */
const OPTIMISE_LATER = '--interrupt-budget=500000';

/**
 * Lets V8 inline what a path of the kernel calls. Kernel functions are many and small: a fault goes through 300, and
 * fork and zap need half the time where calls of such functions cost nothing. For millions of faults alone: V8 compiles
 * longer for it, and workbooks, searches and conformance runs, which are over in seconds, take a fifth more.
 */
export function inlineKernelFunctions(): void {
  INLINING.forEach((limit) => setFlagsFromString(limit));
}

/**
 * Lets V8 optimise only what runs for long. A workbook spends its seconds in very much code, TypeScript's compiler above
 * all, and optimising it took a fifth of all its time; what runs a hundred thousand times still is optimised in no time.
 */
export function optimiseLater(): void {
  setFlagsFromString(OPTIMISE_LATER);
}
