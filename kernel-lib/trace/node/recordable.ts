import { InputError } from '../../base/error.js';
import { parseOperation, type Operation, type OperationName } from '../operation.js';
import { parseHeader, type ProgramHeader } from '../program.js';
import type { RecordedProgram } from '../recording.js';

/** A program that the guest can run. */
export interface RecordableProgram {
  readonly id: string;
  /** Its `prog` line and its `obj` lines, as a recording holds them. */
  readonly hdr: string;
  readonly objs: readonly string[];
  /** The lines of its operations. */
  readonly ops: readonly string[];
  readonly header: ProgramHeader;
  readonly operations: readonly Operation[];
}

/** What the guest has of each kind, numbered from 0. */
const KEPT = 16;
const LONGEST_READ = 4096;

/** Numbers of advices: the kernel's uapi/asm-generic/mman-common.h. */
const advices: Readonly<Record<string, number>> = {
  ...{ NORMAL: 0, RANDOM: 1, SEQUENTIAL: 2, WILLNEED: 3, DONTNEED: 4, FREE: 8, REMOVE: 9, DONTFORK: 10 },
  ...{ DOFORK: 11, MERGEABLE: 12, UNMERGEABLE: 13, HUGEPAGE: 14, NOHUGEPAGE: 15, DONTDUMP: 16, DODUMP: 17 },
  ...{ WIPEONFORK: 18, KEEPONFORK: 19, COLD: 20, PAGEOUT: 21, POPULATE_READ: 22, POPULATE_WRITE: 23 },
  ...{ DONTNEED_LOCKED: 24, COLLAPSE: 25, HWPOISON: 100, SOFT_OFFLINE: 101 },
  ...{ GUARD_INSTALL: 102, GUARD_REMOVE: 103 },
};

/** The operations that the guest knows. */
const known: ReadonlySet<OperationName> = new Set<OperationName>([
  ...(['mmap', 'munmap', 'mprotect', 'mremap', 'madvise', 'mlock', 'mlock2', 'munlock', 'msync'] as const),
  ...(['read', 'write', 'readall', 'fork', 'exit', 'vmsplice', 'pipepeek', 'piperead'] as const),
  ...(['pvread', 'pvwrite', 'memread', 'memwrite', 'clearrefs', 'odwrite', 'odread'] as const),
  ...(['ioreg', 'iounreg', 'ioread', 'iowrite', 'otrunc', 'opunch', 'owrite', 'oread'] as const),
  ...(['uffd', 'ureg', 'uunreg', 'uwp', 'ucopy', 'uzero', 'upoison', 'pmove', 'umove', 'uclose'] as const),
  ...(['swapoff', 'swapon', 'swaperr', 'reclaim', 'dropcaches', 'ksm'] as const),
]);

/**
 * Programs from the text of a file: `prog`, `obj` and operation lines and `end`, `#` for comments.
 *
 * @param file its name, for messages
 * @throws InputError naming file and line, for what is no program and for what the recorder does not know
 */
export function readPrograms(file: string, text: string): RecordableProgram[] {
  const programs: RecordableProgram[] = [];
  let open: { line: number; lines: string[] } | undefined;
  text.split('\n').forEach((written, at) => {
    const line = written.trim();
    if (line === '' || line.startsWith('#')) return;
    if (line === 'end' && open !== undefined) {
      const { lines, line: first } = open;
      programs.push(placed(`${file}:${first}`, () => recordableProgram(lines)));
      open = undefined;
    } else if (line.startsWith('prog ') && open === undefined) open = { line: at + 1, lines: [line] };
    else if (open !== undefined && !line.startsWith('prog ')) open.lines.push(line);
    else throw new InputError(`${file}:${at + 1}: "${line}" stands ${strayIn(open?.line)}`);
  });
  if (open !== undefined)
    throw new InputError(`${file}:${open.line}: this program has no end: a line "end" is missing`);
  if (programs.length === 0) throw new InputError(`${file}: no program; one begins with "prog id=NAME"`);
  return checkedIds(file, programs);
}

function strayIn(begun: number | undefined): string {
  return begun === undefined
    ? 'outside a program; one begins with "prog id=NAME"'
    : `inside the program of line ${begun}, whose line "end" is missing`;
}

function checkedIds(file: string, programs: RecordableProgram[]): RecordableProgram[] {
  const ids = programs.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice === undefined) return programs;
  throw new InputError(`${file}: two programs have the id "${twice}"; each needs one of its own`);
}

function placed<T>(place: string, make: () => T): T {
  try {
    return make();
  } catch (err) {
    if (err instanceof InputError) throw new InputError(`${place}: ${err.message}`, { cause: err });
    throw err;
  }
}

/**
 * A recorded program once more: as far as it was recorded.
 *
 * @throws InputError for one of which nothing was recorded, or that the recorder does not know
 */
export function programAgain({ header, operations, dropped }: RecordedProgram): RecordableProgram {
  if (dropped !== undefined) throw new InputError(`program ${header.id} was not recorded: ${dropped}`);
  const { id, profile, swap, thp, umiss, vfio } = header;
  const drawn = profile === 'hand-written' ? '' : ` profile=${profile}`;
  const hdr = `prog id=${id}${drawn} swap=${swap} thp=${thp} umiss=${umiss}${vfio ? ' vfio=1' : ''}`;
  const objs = header.objects.map(({ object, kind, nrPages }) => `obj ${object} ${kind} ${nrPages}`);
  return recordableProgram([hdr, ...objs, ...operations.map(({ op }) => op)]);
}

/**
 * @param lines header, objects, operations
 * @throws InputError
 */
export function recordableProgram(lines: readonly string[]): RecordableProgram {
  const [hdr = '', ...rest] = lines;
  const isObject = (line: string): boolean => line.startsWith('obj ');
  const nrObjects = rest.findIndex((line) => !isObject(line));
  const objs = rest.slice(0, nrObjects === -1 ? rest.length : nrObjects);
  const ops = rest.slice(objs.length);
  const header = parseHeader(hdr, objs);
  checkHeader(header);
  const operations = ops.map(parseOperation);
  for (const operation of operations) checkOperation(header, operation);
  return { id: header.id, hdr, objs, ops, header, operations };
}

function checkHeader({ id, objects, vfio, debugTlbflush, hugepages, devicePages }: ProgramHeader): void {
  if (!/^[\w.+-]{1,100}$/.test(id))
    throw new InputError(`id=${id}: allowed are up to 100 letters, digits, and . + - _`);
  const given = { 'vfio=1': vfio, 'tlbflush=1': debugTlbflush, hugepages, device: devicePages };
  for (const [field, value] of Object.entries(given)) {
    if (Boolean(value)) throw new InputError(`the recorder does not know '${field}' yet, program ${id}`);
  }
  for (const { object, kind } of objects) {
    if (kind !== 'memfd' && kind !== 'tmpfs')
      throw new InputError(
        `the recorder does not know '${kind}' objects yet, program ${id}; known: memfd, tmpfs`,
      );
    checkNumber(id, 'object', object);
  }
}

function checkOperation({ id, objects }: ProgramHeader, operation: Operation): void {
  const { name, line } = operation;
  if (!known.has(name))
    throw new InputError(
      `the recorder does not know '${name}' yet: program ${id}, "${line}"; known: ${[...known].join(', ')}`,
    );
  if ('advice' in operation && advices[operation.advice] === undefined)
    throw new InputError(
      `the recorder does not know the advice '${operation.advice}': program ${id}, "${line}"; ` +
        `known: ${Object.keys(advices).join(', ')}`,
    );
  if (name === 'readall' && operation.nrPages > LONGEST_READ)
    throw new InputError(`"${line}" of program ${id}: readall takes up to ${LONGEST_READ} pages`);
  if ('pipe' in operation) checkNumber(id, 'pipe', operation.pipe);
  if ('buffer' in operation) checkNumber(id, 'buffer', operation.buffer);
  const mapped = 'source' in operation && typeof operation.source === 'object' ? operation.source : operation;
  if ('object' in mapped && !objects.some(({ object }) => object === mapped.object))
    throw new InputError(`"${line}" of program ${id}: no obj line makes object ${mapped.object}`);
}

function checkNumber(id: string, what: string, number: number): void {
  if (number >= KEPT)
    throw new InputError(`program ${id}: ${what} ${number}; the recorder has ${what}s 0 to ${KEPT - 1}`);
}

/** The programs as the guest reads them: with the header's words in their order, and advices by number. */
export function guestText(programs: readonly RecordableProgram[]): string {
  return programs
    .map(({ id, header, objs, operations }) => {
      const { swap, thp, umiss } = header;
      return [`prog ${id} ${swap} ${thp} ${umiss}`, ...objs, ...operations.map(guestLine), 'end', ''].join(
        '\n',
      );
    })
    .join('');
}

function guestLine(operation: Operation): string {
  if (operation.name !== 'madvise') return operation.line;
  return operation.line.replace(operation.advice, String(advices[operation.advice]));
}
