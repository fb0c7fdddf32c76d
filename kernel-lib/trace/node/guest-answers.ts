import type { FileHeader, RecordedMapping, RecordedOperation } from '../recording.js';
import type { OperationName } from '../operation.js';
import {
  pageFlags,
  pagemapBits,
  smapsFields,
  vmCounters,
  vmFlags,
  type Mapping,
  type Page,
  type Snapshot,
} from '../driver.js';
import { pageLeaves } from '../comparison.js';
import { withheldFlags } from '../kernel.js';
import { Naming, type Names } from '../naming.js';
import { REGION_BASE, REGION_SIZE } from '../operation.js';
import { runsOf } from '../runs.js';
import type { RecordableProgram } from './recordable.js';

const PAGE_SIZE = 4096;

/** A run of pages: pagemap entry in hexadecimal and, of a present page, kpageflags, kpagecount and the frames' step. */
type GuestRun =
  | readonly [nrPages: number, entry: string]
  | readonly [nrPages: number, entry: string, flags: string, count: number, step: 0 | 1];

/** A mapping as /proc/PID/smaps has it: addresses and offset in hexadecimal bytes, figures in KiB. */
export interface GuestMapping {
  readonly start: string;
  readonly end: string;
  readonly pr: string;
  readonly off: string;
  readonly sm: Readonly<Record<string, number>>;
  readonly fl: string;
  readonly pg: readonly GuestRun[];
}

/** What the guest tells after an operation: the call as a recording has it, and /proc as it stands there. */
export interface GuestAnswer extends Omit<
  RecordedOperation,
  'op' | 'operation' | 'st' | 'vm' | 'S' | 'masked'
> {
  readonly st?: 'died' | 'timeout';
  readonly vm: Readonly<Record<string, number>>;
  readonly S: Readonly<Record<string, readonly GuestMapping[]>>;
}

/** An operation's line, as a recording holds it. */
export type OperationLine = Omit<RecordedOperation, 'operation'>;

/** Gives one program's answers the form of a recording: names, letters, runs. Answers come in their order. */
export class AnswerReader {
  readonly #program: RecordableProgram;
  readonly #kernel: Pick<FileHeader, 'release'>;
  readonly #naming = new Naming();

  constructor(program: RecordableProgram, kernel: Pick<FileHeader, 'release'>) {
    this.#program = program;
    this.#kernel = kernel;
  }

  read(answer: GuestAnswer): OperationLine {
    const { i, vm, S, O, ev, min, maj, st, vals, ...call } = answer;
    const { name, line } = this.#program.operations[i]!;
    const snapshot = snapshotOf(S, swapTypes(this.#kernel.release));
    const names = this.#naming.next(snapshot, name);
    return {
      ...{ i, op: line, ...call },
      ...(vals && { vals }),
      ...(min !== undefined && { min }),
      ...(maj !== undefined && { maj }),
      ...(ev && { ev }),
      ...(st && { st }),
      vm: watchedCounters(name, vm),
      S: this.#mappings(snapshot, S, names),
      ...(O && { O }),
    };
  }

  #mappings(snapshot: Snapshot, S: GuestAnswer['S'], names: Names): Record<string, RecordedMapping[]> {
    const withheld = withheldFlags(this.#kernel);
    const recorded = [...snapshot.processes].map(([process, mappings]): [string, RecordedMapping[]] => [
      String(process),
      mappings.map((mapping, at) => recordedMapping(mapping, S[process]![at]!, names, withheld)),
    ]);
    return Object.fromEntries(recorded);
  }
}

/** Counters in the order of their names, as recordings have them. */
function watchedCounters(name: OperationName, vm: GuestAnswer['vm']): Record<string, number> {
  // A fork and an exit lock and unlock the memory of the guest's own program.
  const own = name === 'fork' || name === 'exit';
  const watched = vmCounters.filter((counter) => !(own && counter.startsWith('unevictable_')));
  return Object.fromEntries(
    watched.filter((counter) => vm[counter]).map((counter) => [counter, vm[counter]!]),
  );
}

function recordedMapping(
  mapping: Mapping,
  { fl }: GuestMapping,
  names: Names,
  withheld: string,
): RecordedMapping {
  const { region, index, nrPages, perms, pgoff, smaps, pages } = mapping;
  const watched: readonly string[] = vmFlags;
  const flags = fl.split(' ').filter((flag) => watched.includes(flag));
  const shown = smapsFields.filter((field) => smaps[field]).map((field) => [field, smaps[field]!] as const);
  return {
    ...{ r: region, i: index, n: nrPages, pr: perms, o: pgoff, fl: flags.join(' ') },
    sm: Object.fromEntries(shown),
    pg: runsOf(pages.map((page) => pageLeaves(page, names, withheld))),
  };
}

function snapshotOf(S: GuestAnswer['S'], types: SwapTypes): Snapshot {
  const processes = Object.entries(S).map(([process, mappings]): [number, Mapping[]] => [
    Number(process),
    mappings.map((mapping) => mappingOf(mapping, types)),
  ]);
  return { processes: new Map(processes), objects: [] };
}

function mappingOf({ start, end, pr, off, sm, fl, pg }: GuestMapping, types: SwapTypes): Mapping {
  const offset = parseInt(start, 16) - REGION_BASE;
  return {
    region: Math.floor(offset / REGION_SIZE),
    index: (offset % REGION_SIZE) / PAGE_SIZE,
    nrPages: (parseInt(end, 16) - parseInt(start, 16)) / PAGE_SIZE,
    perms: pr,
    pgoff: parseInt(off, 16) / PAGE_SIZE,
    flags: fl.split(' '),
    smaps: sm,
    pages: pg.flatMap((run) => pagesOfRun(run, types)),
  };
}

function pagesOfRun([nrPages, entry, flags, count, step]: GuestRun, types: SwapTypes): Page[] {
  return Array.from({ length: nrPages }, (_, at) =>
    flags === undefined
      ? absentPage(BigInt(`0x${entry}`), types)
      : presentPage(BigInt(`0x${entry}`) + BigInt(step! * at), BigInt(`0x${flags}`), count!),
  );
}

/** Bits 0 to 54 of a pagemap entry: a frame, or a swap entry with its type in the lowest five. */
const VALUE_BITS = 55;
const TYPE_BITS = 5;

function presentPage(entry: bigint, flags: bigint, count: number): Page {
  const letters = lettersOf(pageFlags, flags);
  // The bit that says "exclusive" of anonymous pages says other things of others.
  const shown = letters.includes('a') ? letters : letters.replace('e', '');
  const frame = letters.includes('z') ? 'Z' : Number(BigInt.asUintN(VALUE_BITS, entry));
  return { kind: 'present', bits: lettersOf(pagemapBits, entry), frame, flags: shown, count };
}

function absentPage(entry: bigint, types: SwapTypes): Page {
  const bits = lettersOf(pagemapBits, entry);
  if (!bits.includes('S')) return { kind: 'none', bits };
  const value = BigInt.asUintN(VALUE_BITS, entry);
  const type = Number(BigInt.asUintN(TYPE_BITS, value));
  if (type === types.marker) return { kind: 'marker', bits, marker: Number(value >> BigInt(TYPE_BITS)) };
  if (type === types.error) return { kind: 'swapError', bits };
  if (type >= LEAST_SPECIAL) return { kind: 'hwpoison', bits };
  return { kind: 'swap', bits, entry: Number(value) };
}

function lettersOf(
  table: readonly (readonly [letter: string, bit: number, ...rest: unknown[]])[],
  word: bigint,
): string {
  return table.map(([letter, bit]) => ((word >> BigInt(bit)) & 1n ? letter : '')).join('');
}

/** Types of swap entries that are no swap area's. */
interface SwapTypes {
  readonly marker: number;
  /** Of a page that could not be read; v6.2 made a marker of it. */
  readonly error: number | undefined;
}

/** The special types are the last of 32, and at most ten. */
const LAST_TYPE = 31;
const LEAST_SPECIAL = 22;

/** From the release as `uname -r` has it. Source: include/linux/swap.h. */
function swapTypes(release: string): SwapTypes {
  const [major = 0, minor = 0] = release.split('.').map((part) => parseInt(part, 10));
  const hasErrorType = major < 6 || (major === 6 && minor < 2);
  return hasErrorType ? { marker: LAST_TYPE - 1, error: LAST_TYPE } : { marker: LAST_TYPE, error: undefined };
}
