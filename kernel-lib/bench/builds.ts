import * as stepped from '#stepped/bench/table-walk.js';
import { run as drain } from '#stepped/step/step.js';
import { Arena } from '../step/arena.js';
import { run } from '../step/step.js';
import { inTurn, timed } from './measure.js';
import { type Looked, plainProtectTable, protectTable, protectTableLooked } from './table-walk.js';

/** Nanoseconds for one entry, four calls. */
export interface BuildRow {
  readonly what: string;
  readonly nanoseconds: number;
  /** To the same written plainly. */
  readonly ratio: number;
}

const ENTRIES = 1 << 12;
const REPEAT = 2000;
/** Entries that a trace holds before it begins anew. */
const TRACED = 1 << 10;

/** Times one path in the plain build, written plainly, with somebody to tell of every entry or nobody, and in the stepped build run to its end. */
export function builds(rounds: number): BuildRow[] {
  const arena = new Arena(ENTRIES + 1);
  const table = arena.words('table', ENTRIES);
  const locks = arena.words('locks', 1);
  (table as Int32Array).fill(3);
  const [words, lockWords] = [table as Int32Array, locks as Int32Array];
  const perEntry = (repeat: number, body: () => number) => () =>
    (timed(() => repeated(repeat, body)).seconds * 1e9) / (repeat * ENTRIES);
  const trace = new Int32Array(2 * TRACED);
  const nobody: Looked = { onEntry: undefined };
  const somebody: Looked = {
    onEntry(i, present) {
      const at = 2 * (i & (TRACED - 1));
      trace[at] = i;
      trace[at + 1] = present;
    },
  };
  const [plain, fast, off, on, drained] = inTurn(rounds, [
    perEntry(REPEAT, () => plainProtectTable(words, lockWords)),
    perEntry(REPEAT, () => run(protectTable(table, locks))),
    perEntry(REPEAT, () => run(protectTableLooked(table, locks, nobody))),
    perEntry(REPEAT, () => run(protectTableLooked(table, locks, somebody))),
    perEntry(REPEAT / 100, () => drain(stepped.protectTable(table, locks))),
  ]) as [number, number, number, number, number];
  return [
    { what: 'written plainly', nanoseconds: plain, ratio: 1 },
    { what: 'the plain build of kernel code', nanoseconds: fast, ratio: fast / plain },
    { what: 'the same, where nobody looks on', nanoseconds: off, ratio: off / plain },
    { what: 'the same, every entry noted in a ring', nanoseconds: on, ratio: on / plain },
    { what: 'the stepped build, run to its end', nanoseconds: drained, ratio: drained / plain },
  ];
}

/** Runs a body again and again; the sum keeps the compiler from leaving it out. */
function repeated(n: number, body: () => number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += body();
  return sum;
}
