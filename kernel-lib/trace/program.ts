import { InputError } from '../base/error.js';

const fields = {
  swap: ['dm', 'brd', 'none'],
  thp: ['never', 'always'],
  umiss: ['copy', 'zero', 'copywp'],
} as const;

/** A file that lives on tmpfs, as a memfd or in huge pages; `nrPages` long when the program starts, all holes. */
export interface ProgramObject {
  readonly object: number;
  readonly kind: 'memfd' | 'tmpfs' | 'hugetlb' | 'disk' | 'dax' | 'daxremap' | 'pfnmap';
  readonly nrPages: number;
}

/** What a program asks of its machine before the first operation: its `prog` line and its `obj` lines. */
export interface ProgramHeader {
  readonly id: string;
  /** The mix that a generated program was drawn from, or `hand-written`. */
  readonly profile: string;
  /** Swap device: asynchronous (`dm`), synchronous (`brd`) or none. Switched on before the first operation. */
  readonly swap: (typeof fields.swap)[number];
  readonly thp: (typeof fields.thp)[number];
  /** What the monitor answers to a missing page. */
  readonly umiss: (typeof fields.umiss)[number];
  /** Whether processes may pin pages for a device. */
  readonly vfio: boolean;
  /** Whether the kernel counts flushes of TLBs. */
  readonly debugTlbflush: boolean;
  /** Pages of a device's own memory. */
  readonly devicePages: number;
  /** Huge pages of hugetlb that are put aside. */
  readonly hugepages: number;
  readonly objects: readonly ProgramObject[];
}

/**
 * Reads a program's header line and its object lines.
 *
 * @throws InputError naming the word and what is allowed
 */
export function parseHeader(header: string, objects: readonly string[]): ProgramHeader {
  const given = new Map<string, string>();
  const [first, ...rest] = header.split(' ').filter((word) => word !== '');
  if (first !== 'prog') throw new InputError(`header "${header}": must begin with "prog"`);
  for (const word of rest) {
    const at = word.indexOf('=');
    if (at < 1) throw new InputError(`header "${header}": "${word}" is not of the form NAME=VALUE`);
    given.set(word.slice(0, at), word.slice(at + 1));
  }
  const known = new Set(['id', 'profile', 'vfio', 'tlbflush', 'hugepages', 'device', ...Object.keys(fields)]);
  for (const name of given.keys()) {
    if (!known.has(name)) {
      throw new InputError(
        `header "${header}": no field is called "${name}"; known: ${[...known].join(', ')}`,
      );
    }
  }
  const id = given.get('id');
  if (!id) throw new InputError(`header "${header}": id is missing`);
  return {
    id,
    profile: given.get('profile') ?? 'hand-written',
    swap: choose(header, given, 'swap'),
    thp: choose(header, given, 'thp'),
    umiss: choose(header, given, 'umiss'),
    vfio: given.get('vfio') === '1',
    debugTlbflush: given.get('tlbflush') === '1',
    hugepages: countOf(header, given, 'hugepages'),
    devicePages: countOf(header, given, 'device'),
    objects: objects.map(parseObject),
  };
}

function choose<F extends keyof typeof fields>(
  header: string,
  given: ReadonlyMap<string, string>,
  field: F,
): (typeof fields)[F][number] {
  const allowed: readonly string[] = fields[field];
  const value = given.get(field) ?? allowed[0]!;
  if (!allowed.includes(value)) {
    throw new InputError(`header "${header}": ${field} is "${value}"; allowed: ${allowed.join(', ')}`);
  }
  return value as (typeof fields)[F][number];
}

function countOf(header: string, given: ReadonlyMap<string, string>, field: string): number {
  const value = given.get(field) ?? '0';
  if (/^\d{1,3}$/.test(value)) return Number(value);
  throw new InputError(`header "${header}": ${field} is "${value}"; allowed: an integer from 0 to 999`);
}

function parseObject(line: string): ProgramObject {
  const match = /^obj (\d{1,4}) (memfd|tmpfs|hugetlb|disk|dax|daxremap|pfnmap) (\d{1,9})$/.exec(line);
  if (!match)
    throw new InputError(
      `object line "${line}": must be "obj NUMBER memfd|tmpfs|hugetlb|disk|dax|daxremap|pfnmap PAGES"`,
    );
  return { object: Number(match[1]), kind: match[2] as ProgramObject['kind'], nrPages: Number(match[3]) };
}
