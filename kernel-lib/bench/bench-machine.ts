import { GLOBALS } from '../machine/globals.js';
import type { Machine } from '../machine/machine.js';
import { FRAME_WORDS, pageByte } from '../folio/frame.js';
import { slabWordsInUse } from '../machine/slab.js';
import { type Pte, ptePfn, ptePresent, pteWrite } from '../pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../pgtable/table.js';
import { type BootOptions, type Linux, boot } from '../sys/boot.js';
import type { Process } from '../sys/process.js';

/** A machine with one process that has mapped some pages. */
export interface BenchMachine {
  readonly linux: Linux;
  readonly process: Process;
  /** First byte of the mapping. */
  readonly base: number;
  readonly pages: number;
}

const MIB = 2 ** 20;
/** Room beside the pages that are asked for, and swap beside those that go out. */
const SLACK_MIB = 16;
/** As many pages as the largest machine, of 1 TiB, can have resident at once beside that room. */
export const MOST_PAGES = 2 ** 28 - (SLACK_MIB * MIB) / 4096;

/**
 * Boots a machine whose memory holds `copies` copies of a mapping, and maps it.
 *
 * @param options.traced whether completed faults are noted, as in a notebook; absent: they are not
 */
export function benchMachine(
  pages: number,
  {
    copies = 1,
    swap = false,
    traced = false,
    ...options
  }: { copies?: number; swap?: boolean; traced?: boolean } & Omit<BootOptions, 'swap'> = {},
): BenchMachine {
  const mib = (n: number) => `${Math.ceil((n * 4096) / MIB) + SLACK_MIB}MiB`;
  const linux = boot({ memory: mib(pages * copies), ...(swap && { swap: mib(pages) }), ...options });
  if (!traced) linux.machine.onFault = undefined;
  const process = linux.spawn('bench');
  return { linux, process, base: process.mmap(pages), pages };
}

/** Stores to every page, in ascending order. */
export function writeAll({ base, pages, linux }: BenchMachine, process: Process, value: number): void {
  const { pageSize } = linux.machine;
  const end = base + pages * pageSize;
  for (let address = base; address < end; address += pageSize) process.write(address, value);
}

/** Loads from every page, in ascending order. */
export function readAll({ base, pages, linux, process }: BenchMachine): void {
  const { pageSize } = linux.machine;
  const end = base + pages * pageSize;
  for (let address = base; address < end; address += pageSize) process.read(address);
}

/** How many of the pages have an entry that may be written through. */
export function countWritable(machine: BenchMachine): number {
  return countEntries(machine, (k, pte) => pteWrite(k, pte));
}

/** How many of the pages hold a byte. */
export function countHolding(machine: BenchMachine, value: number): number {
  return countEntries(machine, (k, pte) => ptePresent(k, pte) && pageByte(k, ptePfn(k, pte)) === value);
}

function countEntries(
  { base, pages, linux: { machine: k }, process }: BenchMachine,
  counts: (k: Machine, pte: Pte) => boolean,
): number {
  let found = 0;
  for (let i = 0; i < pages; i++) {
    const address = base + i * k.pageSize;
    const table = pteTable(k, process.mm.pgd, address);
    if (table !== 0 && counts(k, readPte(k, pteOffset(k, table, address)))) found++;
  }
  return found;
}

/** Bytes of the machine's memory that have ever been used: frames, page tables, kernel objects. */
export function touchedBytes(k: Machine): number {
  const { nextFrame, ptesEnd } = k.globals;
  return 4 * (nextFrame * FRAME_WORDS + ptesEnd + slabWordsInUse(k) + GLOBALS.words);
}
