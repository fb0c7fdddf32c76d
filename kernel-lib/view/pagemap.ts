import { checkWhole } from '../base/argument.js';
import { run } from '../step/step.js';
import type { Process } from '../sys/process.js';
import { pagemapRead } from '../walk/pagemap.js';
import { checkPlace } from './process-argument.js';
import { Table } from './table.js';

/** Bits of an entry with a name, as Documentation/admin-guide/mm/pagemap.rst has them. */
const bits: readonly (readonly [bit: number, name: string])[] = [
  [63, 'present'],
  [62, 'swapped'],
  [61, 'file or shared'],
  [57, 'uffd-wp'],
  [56, 'exclusive'],
  [55, 'soft-dirty'],
];

/** The bits of an entry that hold a frame, or swap type and offset. */
const FRAME_BITS = 55;
/** Of those, the bits of the swap type. */
const SWAP_TYPE_BITS = 5n;

/**
 * /proc/PID/pagemap of some pages: the 64 bits that a reader gets for each, and what they say.
 *
 * @param address of any byte of the first page
 * @param nrPages how many pages; absent: one
 * @param options.privileged whether the reader may see frames (CAP_SYS_ADMIN); absent: yes
 * @throws InputError when the process has exited, or nrPages is no whole number from 1
 */
export function pagemap(
  process: Process,
  address: number,
  nrPages = 1,
  { privileged = true }: { readonly privileged?: boolean } = {},
): Table {
  checkPlace('view.pagemap', process, address);
  checkWhole('view.pagemap', 'nrPages', nrPages, 1);
  const { mm } = process;
  const { pageSize } = mm.k;
  const start = Math.floor(address / pageSize) * pageSize;
  const entries = run(pagemapRead(mm.k, mm, start, start + nrPages * pageSize, privileged));
  return new Table({
    columns: ['address', 'entry', 'flags', 'frame or swap'],
    rows: entries.map((entry, n) => [
      `0x${(start + n * pageSize).toString(16)}`,
      `0x${entry.toString(16).padStart(16, '0')}`,
      flagsOf(entry),
      privileged ? frameOf(entry) : '',
    ]),
  });
}

const has = (entry: bigint, bit: number): boolean => ((entry >> BigInt(bit)) & 1n) === 1n;

function flagsOf(entry: bigint): string {
  return bits
    .filter(([bit]) => has(entry, bit))
    .map(([, name]) => name)
    .join(', ');
}

function frameOf(entry: bigint): string {
  const frame = BigInt.asUintN(FRAME_BITS, entry);
  if (has(entry, 63)) return `frame ${frame}`;
  if (!has(entry, 62)) return '';
  return `type ${BigInt.asUintN(Number(SWAP_TYPE_BITS), frame)}, offset ${frame >> SWAP_TYPE_BITS}`;
}
