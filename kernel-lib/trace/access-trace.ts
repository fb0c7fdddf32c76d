import { InputError } from '../base/error.js';

/** What a process does in an access trace, by the number that stands in the binary form. */
export const accessKinds = ['read', 'write', 'zap', 'fork', 'exit'] as const;
export type AccessKind = (typeof accessKinds)[number];

export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;
export const ACCESS_ZAP = 2;
export const ACCESS_FORK = 3;
export const ACCESS_EXIT = 4;

/** One operation of a trace. */
export interface Access {
  readonly op: AccessKind;
  /** Number of the process that acts; process 0 is there from the start. */
  readonly process: number;
  /** Page of the mapping, from 0; of a fork the number of the child, of an exit 0. */
  readonly page: number;
}

/**
 * What processes did to one mapping, in the order in which they did it.
 *
 * The words are those of the binary form, two for each operation: its kind in the low 8 bits of the first with the
 * process above, and the page. In a file two words stand before them: `MAGIC` and how many operations follow.
 */
export interface AccessTrace {
  readonly length: number;
  readonly words: Int32Array;
}

/** `FBAT`, as the bytes of a little-endian word. */
const MAGIC = 0x54414246;
const HEADER_WORDS = 2;
const ACCESS_WORDS = 2;
/** Processes and pages of a trace are numbered below this. */
const MAX_PROCESS = 2 ** 23;
const MAX_PAGE = 2 ** 31;

/** Puts operations into a trace. @throws InputError naming the operation whose numbers do not fit */
export function accessTrace(accesses: readonly Access[]): AccessTrace {
  const words = new Int32Array(accesses.length * ACCESS_WORDS);
  accesses.forEach(({ op, process, page }, i) => {
    const kind = accessKinds.indexOf(op);
    if (kind < 0) throw bad(i, 'op', op, accessKinds.join(', '));
    if (!isBelow(process, MAX_PROCESS)) throw bad(i, 'process', process, `0 to ${MAX_PROCESS - 1}`);
    if (!isBelow(page, MAX_PAGE)) throw bad(i, 'page', page, `0 to ${MAX_PAGE - 1}`);
    words[ACCESS_WORDS * i] = kind | (process << 8);
    words[ACCESS_WORDS * i + 1] = page;
  });
  return { length: accesses.length, words };
}

/** The `i`-th operation of a trace. */
export function accessAt({ words }: AccessTrace, i: number): Access {
  const word = words[ACCESS_WORDS * i]!;
  return { op: accessKinds[word & 0xff]!, process: word >>> 8, page: words[ACCESS_WORDS * i + 1]! };
}

/** A trace as a binary file. */
export function accessTraceBytes({ length, words }: AccessTrace): Uint8Array {
  const file = new Int32Array(HEADER_WORDS + words.length);
  file.set([MAGIC, length]);
  file.set(words, HEADER_WORDS);
  return new Uint8Array(file.buffer);
}

/** Reads a binary file: nothing is copied where the bytes lie on a word's border. @throws InputError when it is none */
export function accessTraceFromBytes(bytes: Uint8Array): AccessTrace {
  const { buffer, byteOffset, byteLength } = byteLength4(bytes);
  const file = new Int32Array(buffer, byteOffset, byteLength / 4);
  const [magic, length = 0] = file;
  if (magic !== MAGIC) throw new InputError('access trace: the file does not begin with FBAT');
  if (file.length !== HEADER_WORDS + ACCESS_WORDS * length) {
    throw new InputError(
      `access trace: ${length} operations are announced, the file holds ${(file.length - HEADER_WORDS) / ACCESS_WORDS}`,
    );
  }
  const words = file.subarray(HEADER_WORDS);
  for (let i = 0; i < length; i++) {
    const kind = words[ACCESS_WORDS * i]! & 0xff;
    if (kind >= accessKinds.length) throw bad(i, 'op', kind, `0 to ${accessKinds.length - 1}`);
    if (words[ACCESS_WORDS * i + 1]! < 0)
      throw bad(i, 'page', words[ACCESS_WORDS * i + 1], `0 to ${MAX_PAGE - 1}`);
  }
  return { length, words };
}

function byteLength4(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength % 4 !== 0 || bytes.byteLength < 4 * HEADER_WORDS) {
    throw new InputError(`access trace: ${bytes.byteLength} bytes are no whole trace`);
  }
  return bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
}

/** A trace as lines of JSON, such as `{"op":"write","process":0,"page":7}`. */
export function accessTraceLines(trace: AccessTrace): string {
  const lines = Array.from({ length: trace.length }, (_, i) => `${JSON.stringify(accessAt(trace, i))}\n`);
  return lines.join('');
}

/** Reads lines of JSON; empty ones are passed over. @throws InputError naming the line that is no operation */
export function accessTraceFromLines(text: string): AccessTrace {
  const accesses: Access[] = [];
  let line = 0;
  for (let start = 0; start < text.length; line++) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    if (end > start) accesses.push(parsedLine(text.slice(start, end), line));
    start = end + 1;
  }
  return accessTrace(accesses);
}

function parsedLine(text: string, line: number): Access {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new InputError(`access trace, line ${line + 1}: no JSON`);
  }
  if (typeof value !== 'object' || value === null)
    throw new InputError(`access trace, line ${line + 1}: no object`);
  return value as Access;
}

function isBelow(value: unknown, limit: number): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < limit;
}

function bad(i: number, field: string, value: unknown, allowed: string): InputError {
  return new InputError(
    `access trace, operation ${i}: ${field} is ${JSON.stringify(value)}; allowed: ${allowed}`,
  );
}
