import { type PteCodec, pteCodec, pteVal } from '../arch/codec.js';
import { type Pgprot } from '../arch/entry.js';
import { archById } from '../arch/variants.js';
import { fromWords } from '../base/bitfield.js';
import { InputError } from '../base/error.js';
import { pteToSwpEntry, pteToSwpOffset } from './swapops.js';
import { type Question, type Step, TrialPte } from './trial-pte.js';

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

/** What a column asks of the vector's entry, which it may change. */
type Column = (pte: TrialPte, vector: Vector) => Cell;

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const bit = (answer: boolean): number => (answer ? 1 : 0);
const value: Column = (pte) => hex(pte.value);
const asks =
  (question: Question): Column =>
  (pte) =>
    bit(pte.is(question));
const rawType: Column = ({ codec, w }) => codec.pteSwpType(w, 0);
const rawOffset: Column = ({ codec, w }) => {
  codec.pteSwpOffsetWords(w, 0, w, 2);
  return hex(pteVal(w, 2));
};

/** The column asked after these operations. */
function after(steps: readonly Step[], column: Column): Column {
  return (pte, vector) => column(pte.do(...steps), vector);
}

const marked = (column: Column): Column => after(['pteSwpMkexclusive'], column);

/** What each column of the swap vectors asks of a fresh swap PTE. */
const swapColumns: Readonly<Record<string, Column>> = {
  pte: value,
  none: asks('pteNone'),
  present: asks('ptePresent'),
  dec_type: rawType,
  dec_offset: rawOffset,
  exclusive: asks('pteSwpExclusive'),
  mkexclusive: marked(value),
  mkexclusive_is_exclusive: marked(asks('pteSwpExclusive')),
  mkexclusive_none: marked(asks('pteNone')),
  mkexclusive_present: marked(asks('ptePresent')),
  mkexclusive_raw_type: marked(rawType),
  mkexclusive_raw_offset: marked(rawOffset),
  mkexclusive_type: marked(({ codec, w }) => pteToSwpEntry(codec, w, 0).type),
  mkexclusive_offset: marked(({ codec, w }) => hex(pteToSwpOffset(codec, w, 0))),
  clear_exclusive: after(['pteSwpMkexclusive', 'pteSwpClearExclusive'], value),
  mksoft_dirty: after(['pteSwpMksoftDirty'], value),
  mkexclusive_mksoft_dirty: after(['pteSwpMkexclusive', 'pteSwpMksoftDirty'], value),
  mkuffd_wp: after(['pteSwpMkuffdWp'], value),
};

/** What each column of the present vectors asks of the composed PTE. */
const presentColumns: Readonly<Record<string, Column>> = {
  protval({ codec }, vector) {
    const { lo, hi } = namedProt(codec, String(vector.prot));
    return hex(codec.arch.pgprotIsLong ? fromWords(lo | hi, 0) : fromWords(lo, hi));
  },
  pte: value,
  present: asks('ptePresent'),
  none: asks('pteNone'),
  write: asks('pteWrite'),
  dirty: asks('pteDirty'),
  young: asks('pteYoung'),
  special: asks('pteSpecial'),
  pte_pfn: (pte) => hex(BigInt(pte.pfn)),
};

/** A protection by its macro, or as `MAP_shared_rw`, `MAP_rx`, `MAP_readonly` for an entry of `protection_map[]`. */
function namedProt(codec: PteCodec, name: string): Pgprot {
  const [, shared, access] = /^MAP_(shared_|)(none|readonly|readonly_exec|[rwx]+)$/.exec(name) ?? [];
  if (access === undefined) return codec.pgprot(name);
  const letters = { none: '', readonly: 'r', readonly_exec: 'rx' }[access] ?? access;
  const flags = [...letters].reduce((sum, letter) => sum | (1 << 'rwx'.indexOf(letter)), shared ? 8 : 0);
  return codec.protectionMap[flags]!;
}

function freshSwapPte(codec: PteCodec, vector: Vector): TrialPte {
  return TrialPte.swap(codec, { type: Number(vector.type), offset: BigInt(String(vector.offset)) });
}

/** @throws InputError on an operation that there is not */
function composedPte(codec: PteCodec, vector: Vector): TrialPte {
  const pgprot = (name: string): Pgprot => namedProt(codec, name);
  const pte = TrialPte.present(codec, { pfn: Number(vector.pfn), prot: pgprot(String(vector.prot)) });
  for (const op of vector.ops as readonly string[]) pte.operation(op, pgprot);
  return pte;
}

/** The columns that say what a vector is about, not what came of it. */
const inputs = new Set(['kind', 'type', 'offset', 'pfn', 'prot', 'ops']);

/** Vectors of one kind under one codec. */
interface Section {
  readonly codec: PteCodec;
  readonly columns: readonly string[];
  readonly rows: readonly VectorRow[];
  readonly answers: Readonly<Record<string, Column>>;
  readonly entry: (codec: PteCodec, vector: Vector) => TrialPte;
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
        ? { codec, rows, columns: set.swap_columns, answers: swapColumns, entry: freshSwapPte }
        : { codec, rows, columns: set.present_columns, answers: presentColumns, entry: composedPte };
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
  const { codec, columns, answers, entry } = section;
  const vector = Object.fromEntries(columns.map((column, n) => [column, row[n] ?? null]));
  for (const column of columns) {
    const expected = vector[column] ?? null;
    if (inputs.has(column) || expected === null) continue;
    const answer = answers[column];
    if (!answer) return 'unsupported';
    const got = answer(entry(codec, vector), vector);
    if (got === expected) continue;
    const about = columns.filter((name) => inputs.has(name)).map((name) => `${name} ${String(vector[name])}`);
    return { state: codec.stateName, vector: about.join(', '), column, expected, got };
  }
  return 'agree';
}
