import { spinLock, spinUnlock } from '../step/lock.js';
import { ld, st, type Mem } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { plainLock, plainUnlock } from './plain-lock.js';

/*
 * One path of kernel code in two spellings: as all of the library is written, and as one would write it if it were
 * never explored. Per entry four calls, of which three are points where another CPU may run.
 */

const PRESENT = 1;
const WRITE = 2;
const SPECIAL = 0x200;

function* getEntry(table: Mem, i: number): Step<number> {
  yield;
  return ld(table, i);
}

function* setEntry(table: Mem, i: number, entry: number): Step<void> {
  yield;
  st(table, i, entry);
}

function* protectEntry(table: Mem, locks: Mem, i: number): Step<number> {
  yield* spinLock(locks, 0);
  const entry = yield* getEntry(table, i);
  const writable = (entry & PRESENT) !== 0 && (entry & SPECIAL) === 0;
  yield* setEntry(table, i, writable ? entry ^ WRITE : entry);
  spinUnlock(locks, 0);
  return entry & PRESENT;
}

/** Toggles the write bit of every present entry; gives how many there are. */
export function* protectTable(table: Mem, locks: Mem): Step<number> {
  let present = 0;
  for (let i = 0; i < table.length; i++) present += yield* protectEntry(table, locks, i);
  return present;
}

/** Where somebody may look on, as at a machine's faults. */
export interface Looked {
  onEntry: ((i: number, present: number) => void) | undefined;
}

/** The same, telling of every entry whoever looks on. */
export function* protectTableLooked(table: Mem, locks: Mem, looked: Looked): Step<number> {
  let present = 0;
  for (let i = 0; i < table.length; i++) {
    const one = yield* protectEntry(table, locks, i);
    looked.onEntry?.(i, one);
    present += one;
  }
  return present;
}

function plainGetEntry(table: Int32Array, i: number): number {
  return table[i]!;
}

function plainSetEntry(table: Int32Array, i: number, entry: number): void {
  table[i] = entry;
}

function plainProtectEntry(table: Int32Array, locks: Int32Array, i: number): number {
  plainLock(locks, 0);
  const entry = plainGetEntry(table, i);
  const writable = (entry & PRESENT) !== 0 && (entry & SPECIAL) === 0;
  plainSetEntry(table, i, writable ? entry ^ WRITE : entry);
  plainUnlock(locks, 0);
  return entry & PRESENT;
}

/** The same, written plainly. */
export function plainProtectTable(table: Int32Array, locks: Int32Array): number {
  let present = 0;
  for (let i = 0; i < table.length; i++) present += plainProtectEntry(table, locks, i);
  return present;
}
