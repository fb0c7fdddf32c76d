import type { Machine } from './machine.js';

/**
 * Something that should never be seen was seen, and the kernel goes on: WARN_ON_ONCE() of asm-generic/bug.h.
 *
 * MODEL: tells of it every time, so that each run can be judged alone.
 *
 * @param where the function, as in a kernel log
 * @param what in plain words
 */
export function warnOnOnce(k: Machine, where: string, what: string): void {
  k.onWarning?.(`${where}: ${what}`);
}
