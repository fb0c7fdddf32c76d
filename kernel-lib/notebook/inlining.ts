import { setFlagsFromString } from 'node:v8';

/** Bytes of bytecode that V8 may inline into one function; its own limit, 920, is meant for web pages. */
const BUDGET = 4000;

/**
 * Lets V8 inline what a path of the kernel calls. Kernel functions are many and small: a fault goes through 300, and
 * fork and zap need half the time where calls of such functions cost nothing.
 */
export function inlineKernelFunctions(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${BUDGET}`);
}
