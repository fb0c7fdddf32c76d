/** The plain build's side of `memory.ts`, where the names are explained. */

import type { Mem } from './mem.js';

export type { Mem };

export function ld(mem: Mem, i: number): number {
  return (mem as Int32Array)[i];
}

export function st(mem: Mem, i: number, value: number): void {
  (mem as Int32Array)[i] = value;
}

export function fill(mem: Mem, i: number, n: number, value: number): void {
  (mem as Int32Array).fill(value, i, i + n);
}

export function copy(to: Mem, toIndex: number, from: Mem, fromIndex: number, n: number): void {
  const words = from as Int32Array;
  // A short copy is quicker word by word than through a view of its own.
  if (n < 32) for (let k = 0; k < n; k++) (to as Int32Array)[toIndex + k] = words[fromIndex + k];
  else (to as Int32Array).set(words.subarray(fromIndex, fromIndex + n), toIndex);
}

export function outcomeOf<T>(touch: () => T): T {
  return touch();
}

export const ldText = (mem: string, i: string): string => `${mem}[${i}]`;
export const stText = (mem: string, i: string, value: string): string => `${mem}[${i}] = ${value}`;
