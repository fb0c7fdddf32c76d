import { setFlagsFromString } from 'node:v8';

/**
 * What V8 may inline, in bytes of bytecode: into one function altogether, and of a function that is always inlined; from
 * how many calls for each run of the caller on. Its own limits (920, 27 and 0.15) are meant for web pages.
 */
const limits = [
  '--max-inlined-bytecode-size-cumulative=4000',
  '--max-inlined-bytecode-size-small=120',
  '--min-inlining-frequency=0.01',
];

/**
 * Lets V8 inline what a path of the kernel calls. Kernel functions are many and small: a fault goes through 300, and
 * fork and zap need half the time where calls of such functions cost nothing. For millions of faults alone: V8 compiles
 * longer for it, and workbooks, searches and conformance runs, which are over in seconds, take a fifth more.
 */
export function inlineKernelFunctions(): void {
  limits.forEach((limit) => setFlagsFromString(limit));
}
