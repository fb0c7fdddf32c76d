import { InputError } from '../base/error.js';
import { FAULT_FLAG_UNSHARE, FAULT_FLAG_USER, FAULT_FLAG_WRITE } from '../fault/flags.js';
import { FOLL_FORCE, FOLL_GET, FOLL_LONGTERM, FOLL_PIN, FOLL_WRITE } from '../gup/flags.js';

/** How one word of an operation's line is read, and what it may be. */
interface Word<T> {
  readonly allowed: string;
  readonly read: (text: string) => T | undefined;
}

function integer(max: number): Word<number> {
  return {
    allowed: `an integer from 0 to ${max}`,
    read: (text) => (/^\d{1,9}$/.test(text) && Number(text) <= max ? Number(text) : undefined),
  };
}

function oneOf<const T extends string>(...names: readonly T[]): Word<T> {
  return { allowed: names.join(' or '), read: (text) => names.find((name) => name === text) };
}

/** A word that says yes or no by one of two spellings; the empty spelling is an absent last word. */
function yesOrNo(yes: string, no: string): Word<boolean> {
  return {
    allowed: no === '' ? `${yes} or nothing` : `${no} or ${yes}`,
    read: (text) => (text === yes ? true : text === no ? false : undefined),
  };
}

/** What a mapping maps: fresh memory, /dev/zero, or the object of that number. */
export type Source = 'anon' | 'zero' | { readonly object: number };

const source: Word<Source> = {
  allowed: 'anon, zero or oK with K an object',
  read: (text) => {
    if (text === 'anon' || text === 'zero') return text;
    return /^o\d{1,4}$/.test(text) ? { object: Number(text.slice(1)) } : undefined;
  },
};

const hex: Word<number> = {
  allowed: 'a hexadecimal number such as 0x81',
  read: (text) => (/^0x[\da-f]{1,8}$/i.test(text) ? Number(text) : undefined),
};

const name: Word<string> = {
  allowed: 'an advice in capitals, without MADV_',
  read: (text) => (/^[A-Z][A-Z_]*$/.test(text) ? text : undefined),
};

const modes: Word<string> = {
  allowed: 'm (missing), w (write-protect) or both',
  read: (text) => (/^(m|w|mw|wm)$/.test(text) ? text : undefined),
};

/** Not a FOLL_ flag: look the pages up by GUP-fast first. */
export const GUP_FAST = 1 << 30;

/** Some of the given names, joined by commas, each with the bit that it stands for. */
function bitsOf(bits: Readonly<Record<string, number>>): Word<number> {
  const names = Object.keys(bits);
  return {
    allowed: `some of ${names.join(', ')}, joined by commas`,
    read: (text) => {
      const given = text.split(',');
      return given.every((name) => names.includes(name))
        ? given.reduce((all, name) => all | bits[name]!, 0)
        : undefined;
    },
  };
}

/** Processes of a program, regions of a process, pages of a region. */
export const NR_PROCESSES = 8;
export const NR_REGIONS = 12;
export const REGION_BASE = 0x2000_0000;
export const REGION_SIZE = 0x0100_0000;
/** Index of the last page of a region: of four of the largest huge pages, 8192 pages each. */
export const LAST_PAGE = 0x7fff;

/** Every kind of word that a line can hold. The kinds' names are the names of an operation's fields. */
const words = {
  process: integer(NR_PROCESSES - 1),
  child: integer(NR_PROCESSES - 1),
  target: integer(NR_PROCESSES - 1),
  region: integer(NR_REGIONS - 1),
  toRegion: integer(NR_REGIONS - 1),
  index: integer(LAST_PAGE),
  toIndex: integer(LAST_PAGE),
  nrPages: integer(0xff_ffff),
  offset: { ...integer(0xff_ffff), absent: 0 },
  prot: oneOf('n', 'r', 'w'),
  visibility: oneOf('p', 's'),
  source,
  advice: name,
  value: integer(255),
  pipe: integer(9999),
  buffer: integer(9999),
  pin: integer(9999),
  page: integer(0xff_ffff),
  object: integer(9999),
  features: hex,
  modes,
  protect: yesOrNo('1', '0'),
  failing: yesOrNo('1', '0'),
  dontunmap: { ...yesOrNo('dontunmap', ''), absent: false },
  wp: { ...yesOrNo('wp', ''), absent: false },
  on: yesOrNo('1', '0'),
  faultFlags: bitsOf({
    read: 0,
    write: FAULT_FLAG_WRITE,
    unshare: FAULT_FLAG_UNSHARE,
    user: FAULT_FLAG_USER,
  }),
  gupFlags: bitsOf({
    get: FOLL_GET,
    pin: FOLL_PIN,
    write: FOLL_WRITE,
    force: FOLL_FORCE,
    longterm: FOLL_LONGTERM,
    fast: GUP_FAST,
  }),
} satisfies Record<string, Word<unknown> & { readonly absent?: unknown }>;

const range = ['process', 'region', 'index', 'nrPages'] as const;
const place = ['process', 'region', 'index'] as const;
const move = ['process', 'region', 'index', 'nrPages', 'toRegion', 'toIndex'] as const;

/**
 * What other parts of a kernel do to memory management, and what hardware does. No recording holds these: no process
 * can ask for them. Scenarios use them.
 */
const probes = {
  /** handle_mm_fault() with these flags; the result is VM_FAULT_*. */
  fault: [...place, 'faultFlags'],
  /** The process stores a byte to each page of a range. */
  fill: [...range, 'value'],
  /** A driver takes pages of a process and keeps them as a pin of this number. */
  gup: [...range, 'pin', 'gupFlags'],
  /** It lets them go, reads or writes the first byte of one. */
  unpin: ['pin'],
  pinread: ['pin', 'page'],
  pinwrite: ['pin', 'page', 'value'],
  /** Another CPU takes a page off the LRU, with a reference, as its batches do; and puts all such pages back. */
  isolate: place,
  putback: [],
  /** A store just after this CPU has put the page into its batch for the LRU, which holds a reference. */
  writebatched: [...place, 'value'],
  /** Another CPU begins to move a page to another frame, and ends the moves that it began. */
  movebegin: place,
  moveend: [],
  /** Another CPU locks a page, and unlocks it. */
  pagelock: [...place, 'on'],
  /** A driver moves pages to its device's memory; the result is how many. And it takes one for its device alone. */
  devmigrate: range,
  devexclusive: place,
  /** mincore() of one page. */
  mincore: place,
  /** move_pages() takes each, or the huge page that it is of, to another frame, whoever maps it (MPOL_MF_MOVE_ALL). */
  movepages: range,
  /** 1: writes of the swap device stay under way until 0. */
  slowswap: ['on'],
  /** 1: the swap device wants pages unchanged while it writes them. */
  stableswap: ['on'],
  /** An open file is one that was opened for reading only, to whoever maps it from now on. */
  openedreadonly: ['object'],
  /** fsync() of a file on a disk; what the disk holds of a page; the flusher writes what is dirty, and waits for nothing. */
  ofsync: ['object'],
  odisk: ['object', 'index'],
  flush: [],
  /** 1: writes of the disk stay under way until 0, or until somebody waits for them. */
  slowdisk: ['on'],
  /** A bug: an entry and its page forget that they are dirty. */
  dropdirty: place,
  /** A driver takes a mapping for its own: nobody may ever write to it. */
  nomaywrite: place,
} as const satisfies Record<string, readonly (keyof typeof words)[]>;

/** The words behind each operation's name, in their order. Words with a value when absent come last. */
const grammar = {
  mmap: ['process', 'region', 'nrPages', 'prot', 'visibility', 'source', 'offset'],
  munmap: range,
  mprotect: [...range, 'prot'],
  mremap: [...move, 'dontunmap'],
  madvise: [...range, 'advice'],
  mlock: range,
  mlock2: range,
  munlock: range,
  msync: range,
  read: place,
  write: [...place, 'value'],
  readall: range,
  fork: ['process', 'child'],
  exit: ['process'],
  vmsplice: [...range, 'pipe'],
  pipepeek: ['pipe'],
  piperead: ['pipe'],
  ioreg: [...range, 'buffer'],
  iounreg: ['buffer'],
  ioread: ['buffer', 'page'],
  iowrite: ['buffer', 'page', 'value'],
  lpin: [...range, 'pin'],
  lpinw: [...range, 'pin'],
  lunpin: ['process', 'pin', 'nrPages'],
  pvread: ['process', 'target', 'region', 'index'],
  pvwrite: ['process', 'target', 'region', 'index', 'value'],
  memread: ['process', 'target', 'region', 'index'],
  memwrite: ['process', 'target', 'region', 'index', 'value'],
  odwrite: place,
  odread: [...place, 'value'],
  uffd: ['process', 'features'],
  ureg: [...range, 'modes'],
  uunreg: range,
  uwp: [...range, 'protect'],
  ucopy: [...place, 'value', 'wp'],
  uzero: place,
  upoison: place,
  pmove: move,
  umove: move,
  uclose: ['process'],
  clearrefs: ['process'],
  swapoff: [],
  swapon: [],
  swaperr: ['failing'],
  reclaim: [],
  dropcaches: [],
  ksm: [],
  otrunc: ['object', 'nrPages'],
  opunch: ['object', 'index', 'nrPages'],
  owrite: ['object', 'index', 'value'],
  oread: ['object', 'index'],
  ...probes,
} as const satisfies Record<string, readonly (keyof typeof words)[]>;

type Grammar = typeof grammar;
type Field<W extends keyof typeof words> = (typeof words)[W] extends Word<infer T> ? T : never;

/** The names of the operations, as the first word of a line. */
export type OperationName = keyof Grammar;
export const operationNames = Object.keys(grammar) as readonly OperationName[];

/**
 * One operation of a recorded program, by its name: `{ name: 'write', process, region, index, value, line }`.
 * Fields bear the names in the format's description; `line` is the text. Pages count 4 KiB, values are bytes.
 */
export type Operation<N extends OperationName = OperationName> = {
  [K in N]: { readonly name: K; readonly line: string } & {
    readonly [W in Grammar[K][number]]: Field<W>;
  };
}[N];

/**
 * Reads one line of a program, `write 0 3 1 17`.
 *
 * @throws InputError naming the word, its value and what is allowed
 */
export function parseOperation(line: string): Operation {
  const [first = '', ...rest] = line.split(' ');
  if (!Object.hasOwn(grammar, first)) {
    throw new InputError(
      `operation "${line}": no operation is called "${first}"; known: ${operationNames.join(', ')}`,
    );
  }
  const kinds: readonly (keyof typeof words)[] = grammar[first as OperationName];
  const operation: Record<string, unknown> = { name: first, line };
  kinds.forEach((kind, at) => (operation[kind] = readWord(line, kind, rest[at])));
  if (rest.length > kinds.length) {
    throw new InputError(`operation "${line}": "${rest[kinds.length]}" is one word too many for ${first}`);
  }
  return operation as unknown as Operation;
}

function readWord(line: string, kind: keyof typeof words, text: string | undefined): unknown {
  const word: Word<unknown> & { readonly absent?: unknown } = words[kind];
  if (text === undefined && 'absent' in word) return word.absent;
  const value = text === undefined ? undefined : word.read(text);
  if (value !== undefined) return value;
  const found = text === undefined ? 'is missing' : `is "${text}"`;
  throw new InputError(`operation "${line}": ${kind} ${found}; allowed: ${word.allowed}`);
}
