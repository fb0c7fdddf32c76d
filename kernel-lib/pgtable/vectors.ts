import { type Pgprot, type PteCodec, pteCodec, pteVal, setPteVal } from '../arch/codec.js';
import { type PteWords } from '../arch/predicate.js';
import { archById } from '../arch/variants.js';
import { fromWords } from '../base/bitfield.js';
import { InputError } from '../base/error.js';
import { pteToSwpEntry, pteToSwpOffset } from './swapops.js';

/**
 * PTE vectors: what a compiler made of the kernel's own headers. One file a variant; rows are arrays in the order
 * of their columns, values hexadecimal strings, answers 0 or 1, null where that was not asked.
 */
export interface VectorFile {
  readonly variant: string;
  readonly before: VectorSet;
  readonly after: VectorSet;
}

/** The vectors of one state; `present` may come in several sections, such as `present_sun4v`. */
export interface VectorSet {
  readonly exclusive_supported: boolean;
  readonly swap_columns: readonly string[];
  readonly swap: readonly VectorRow[];
  readonly present_columns: readonly string[];
  readonly [present: `present${string}`]: readonly VectorRow[] | readonly string[];
}

export type VectorRow = readonly (string | number | null | readonly string[])[];

/** One vector, its cells under their columns' names. */
type Vector = Readonly<Record<string, VectorRow[number]>>;

/** The first cell of a vector that the records contradict. */
export interface VectorMismatch {
  readonly variant: string;
  readonly state: string;
  readonly vector: string;
  readonly column: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export interface VectorReport {
  readonly vectors: number;
  readonly agree: number;
  readonly disagree: number;
  readonly unsupported: number;
  /** At most `limit` of the mismatches. */
  readonly first: readonly VectorMismatch[];
}

type Cell = VectorRow[number];

/** Leaves in `w` what the column speaks of, and answers it. */
type Column = (codec: PteCodec, w: PteWords, vector: Vector) => Cell;

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const bit = (answer: boolean): number => (answer ? 1 : 0);
const wholeValue: Column = (_codec, w) => hex(pteVal(w, 0));

function exactOffset(codec: PteCodec, w: PteWords): string {
  codec.pteSwpOffsetWords(w, 0, w, 2);
  return hex(pteVal(w, 2));
}

function marked(column: Column): Column {
  return (codec, w, vector) => {
    codec.pteSwpMkexclusive(w, 0);
    return column(codec, w, vector);
  };
}

/** What each column of the swap vectors asks of a fresh swap PTE. */
const swapColumns: Readonly<Record<string, Column>> = {
  pte: wholeValue,
  none: (codec, w) => bit(codec.pteNone(w, 0)),
  present: (codec, w) => bit(codec.ptePresent(w, 0)),
  dec_type: (codec, w) => codec.pteSwpType(w, 0),
  dec_offset: exactOffset,
  exclusive: (codec, w) => bit(codec.pteSwpExclusive(w, 0)),
  mkexclusive: marked(wholeValue),
  mkexclusive_is_exclusive: marked((codec, w) => bit(codec.pteSwpExclusive(w, 0))),
  mkexclusive_none: marked((codec, w) => bit(codec.pteNone(w, 0))),
  mkexclusive_present: marked((codec, w) => bit(codec.ptePresent(w, 0))),
  mkexclusive_raw_type: marked((codec, w) => codec.pteSwpType(w, 0)),
  mkexclusive_raw_offset: marked(exactOffset),
  mkexclusive_type: marked((codec, w) => pteToSwpEntry(codec, w, 0).type),
  mkexclusive_offset: marked((codec, w) => hex(pteToSwpOffset(codec, w, 0))),
  clear_exclusive: marked((codec, w, vector) => {
    codec.pteSwpClearExclusive(w, 0);
    return wholeValue(codec, w, vector);
  }),
  mksoft_dirty: (codec, w, vector) => {
    codec.pteSwpMksoftDirty(w, 0);
    return wholeValue(codec, w, vector);
  },
  mkexclusive_mksoft_dirty: marked((codec, w, vector) => {
    codec.pteSwpMksoftDirty(w, 0);
    return wholeValue(codec, w, vector);
  }),
  mkuffd_wp: (codec, w, vector) => {
    codec.pteSwpMkuffdWp(w, 0);
    return wholeValue(codec, w, vector);
  },
};

/** What each column of the present vectors asks of the composed PTE. */
const presentColumns: Readonly<Record<string, Column>> = {
  protval: (codec, _w, vector) => {
    const prot = namedProt(codec, String(vector.prot));
    return codec.arch.pgprotIsLong ? hex(fromWords(prot.lo | prot.hi, 0)) : hex(fromWords(prot.lo, prot.hi));
  },
  pte: wholeValue,
  present: (codec, w) => bit(codec.ptePresent(w, 0)),
  none: (codec, w) => bit(codec.pteNone(w, 0)),
  write: (codec, w) => bit(codec.pteWrite(w, 0)),
  dirty: (codec, w) => bit(codec.pteDirty(w, 0)),
  young: (codec, w) => bit(codec.pteYoung(w, 0)),
  special: (codec, w) => bit(codec.pteSpecial(w, 0)),
  pte_pfn: (codec, w) => hex(BigInt(codec.ptePfn(w, 0))),
};

const operations: Readonly<Record<string, (codec: PteCodec, w: PteWords) => void>> = {
  mkwrite: (codec, w) => codec.pteMkwrite(w, 0),
  wrprotect: (codec, w) => codec.pteWrprotect(w, 0),
  mkdirty: (codec, w) => codec.pteMkdirty(w, 0),
  mkclean: (codec, w) => codec.pteMkclean(w, 0),
  mkyoung: (codec, w) => codec.pteMkyoung(w, 0),
  mkold: (codec, w) => codec.pteMkold(w, 0),
  mkspecial: (codec, w) => codec.pteMkspecial(w, 0),
};

/** A protection by its macro, or as `MAP_shared_rw`, `MAP_rx`, `MAP_readonly` for an entry of `protection_map[]`. */
function namedProt(codec: PteCodec, name: string): Pgprot {
  const [, shared, access] = /^MAP_(shared_|)(none|readonly|readonly_exec|[rwx]+)$/.exec(name) ?? [];
  if (access === undefined) return codec.pgprot(name);
  const letters = { none: '', readonly: 'r', readonly_exec: 'rx' }[access] ?? access;
  const flags = [...letters].reduce((sum, letter) => sum | (1 << 'rwx'.indexOf(letter)), shared ? 8 : 0);
  return codec.protectionMap[flags]!;
}

function freshSwapPte(codec: PteCodec, w: PteWords, vector: Vector): void {
  setPteVal(w, 2, BigInt(String(vector.offset)));
  codec.swpEntryToPteWords(w, 0, Number(vector.type), w[2]!, w[3]!);
}

/** @throws InputError on an operation that the vectors' description does not name */
function composedPte(codec: PteCodec, w: PteWords, vector: Vector): void {
  codec.pfnPte(w, 0, Number(vector.pfn), namedProt(codec, String(vector.prot)));
  for (const op of vector.ops as readonly string[]) {
    const [name, prot] = op.split(':');
    if (prot !== undefined) codec.pteModify(w, 0, namedProt(codec, prot));
    else if (operations[name!]) operations[name!]!(codec, w);
    else
      throw new InputError(
        `unknown operation '${op}'; there are ${Object.keys(operations).join(', ')}, modify:PROT`,
      );
  }
}

/** The columns that say what a vector is about, not what came of it. */
const inputs = new Set(['kind', 'type', 'offset', 'pfn', 'prot', 'ops']);

/** Vectors of one kind under one codec. */
interface Section {
  readonly codec: PteCodec;
  readonly columns: readonly string[];
  readonly rows: readonly VectorRow[];
  readonly answers: Readonly<Record<string, Column>>;
  readonly prepare: (codec: PteCodec, w: PteWords, vector: Vector) => void;
}

/**
 * Compares every cell of a vector file with what the architecture's record makes of it. Vectors of a
 * protection, an operation or a column that the records do not know count as unsupported.
 *
 * @param limit how many mismatches to describe
 * @throws InputError if the file is not of this format or of an unknown variant
 */
export function verifyVectors(file: VectorFile, limit: number): VectorReport {
  const first: VectorMismatch[] = [];
  const count = { vectors: 0, agree: 0, disagree: 0, unsupported: 0 };
  for (const section of sections(file)) {
    for (const row of section.rows) {
      const result = verifyIfKnown(section, row);
      count.vectors++;
      count[typeof result === 'string' ? result : 'disagree']++;
      if (typeof result !== 'string' && first.length < limit)
        first.push({ variant: file.variant, ...result });
    }
  }
  return { ...count, first };
}

function* sections(file: VectorFile): Generator<Section> {
  for (const which of ['before', 'after'] as const) {
    const set = file[which];
    if (!Array.isArray(set?.swap)) throw new InputError(`no vectors: '${which}.swap' is missing`);
    for (const [name, rows] of Object.entries(set)) {
      if (!Array.isArray(rows) || name.endsWith('_columns')) continue;
      const codec = codecOf(file.variant, which, name);
      yield name === 'swap'
        ? { codec, rows, columns: set.swap_columns, answers: swapColumns, prepare: freshSwapPte }
        : { codec, rows, columns: set.present_columns, answers: presentColumns, prepare: composedPte };
    }
  }
}

/**
 * The record that a section speaks of. A section such as `present_sun4v` belongs to a variant of that name; the
 * vectors before the series come from a stable kernel, for which some records have a state of its own.
 */
function codecOf(variant: string, which: 'before' | 'after', section: string): PteCodec {
  const machine = section.replace(/^(swap|present)(_sun4u|)/, '');
  const arch = archById(variant + machine);
  const stable = which === 'before' && arch.states['before-stable'] ? 'before-stable' : which;
  return pteCodec(arch, stable);
}

type Verdict = 'agree' | 'unsupported' | Omit<VectorMismatch, 'variant'>;

function verifyIfKnown(section: Section, row: VectorRow): Verdict {
  try {
    return verifyRow(section, row);
  } catch (err) {
    if (err instanceof InputError) return 'unsupported';
    throw err;
  }
}

function verifyRow(section: Section, row: VectorRow): Verdict {
  const { codec, columns, answers, prepare } = section;
  const vector = Object.fromEntries(columns.map((column, n) => [column, row[n] ?? null]));
  const w = new Int32Array(4);
  for (const column of columns) {
    const expected = vector[column] ?? null;
    if (inputs.has(column) || expected === null) continue;
    const answer = answers[column];
    if (!answer) return 'unsupported';
    prepare(codec, w, vector);
    const got = answer(codec, w, vector);
    if (got === expected) continue;
    const about = columns.filter((name) => inputs.has(name)).map((name) => `${name} ${String(vector[name])}`);
    return { state: codec.stateName, vector: about.join(', '), column, expected, got };
  }
  return 'agree';
}
