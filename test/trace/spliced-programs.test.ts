import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { makeCheckedModel, makeModel } from '../../kernel-lib/trace/model.js';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';
import { type Operation, parseOperation } from '../../kernel-lib/trace/operation.js';
import type { ProgramHeader } from '../../kernel-lib/trace/program.js';

/** Kernels as in the recordings, each of which meets the operations of all others, too. */
const targets = [
  { release: '6.1.187', arch: 'x86_64' },
  { release: '6.1.176', arch: 'x86_32_pae' },
  { release: '6.1.176', arch: 'x86_32' },
  { release: '6.5.10', arch: 'x86_32_pae' },
  { release: '6.12.111', arch: 'x86_64' },
  { release: '7.2.13', arch: 'x86_64' },
];

const numRuns = process.env.FAULTBOOK_SLOW ? 400 : 16;

/** Recordings that hold every operation of the format, and every mix. */
const files = ['amd64-7.2', 'amd64-7.2-extra', 'amd64-7.2-pins', 'i386-pae-6.1'].map(
  (name) => `recordings/${name}.jsonl.gz`,
);

/** A recorded program: its header, and its operations as they stand in it. */
interface Original {
  readonly header: ProgramHeader;
  readonly lines: readonly string[];
}

let originals: Original[];
beforeAll(async () => {
  originals = [];
  for await (const { program } of recordings.programs({ file: files })) {
    const lines = program.operations.map(({ op }) => op);
    if (lines.length > 0) originals.push({ header: program.header, lines });
  }
});

/** A piece of a program, by shares of the whole, and what becomes of some numbers in it. */
interface Piece {
  readonly program: number;
  readonly from: number;
  readonly to: number;
  readonly changes: readonly (readonly [line: number, word: number, value: number])[];
  /** Of the format's operations only msync is in no recording: here it ends a piece. */
  readonly msync: readonly [process: number, region: number];
}

const share = fc.double({ min: 0, max: 0.999, noNaN: true });
const small = fc.oneof(fc.nat(4), fc.nat(16), fc.nat(600));
const pieces: fc.Arbitrary<readonly Piece[]> = fc.array(
  fc.record({
    program: share,
    from: share,
    to: share,
    changes: fc.array(fc.tuple(share, share, small), { maxLength: 8 }),
    msync: fc.tuple(fc.nat(2), fc.nat(11)),
  }),
  { minLength: 2, maxLength: 4 },
);

function pick<T>(list: readonly T[], at: number): T {
  return list[Math.floor(at * list.length)]!;
}

/** One program of several: the settings of the first, the objects of all, the operations one after another. */
function splice(parts: readonly Piece[]): { header: ProgramHeader; operations: Operation[] } {
  const chosen = parts.map(({ program }) => pick(originals, program));
  const objects = new Map(
    chosen.flatMap(({ header }) => header.objects.map((object) => [object.object, object])),
  );
  const operations = parts.flatMap((piece, i) => cut(chosen[i]!.lines, piece));
  return { header: { ...chosen[0]!.header, objects: [...objects.values()] }, operations };
}

function cut(lines: readonly string[], { from, to, changes, msync }: Piece): Operation[] {
  const [start, end] = [from, to].sort((a, b) => a - b).map((at) => Math.floor(at * lines.length)) as [
    number,
    number,
  ];
  const piece = lines.slice(start, end + 1);
  for (const [line, word, value] of changes) {
    const at = Math.floor(line * piece.length);
    piece[at] = withNumber(piece[at]!, word, value);
  }
  return [...piece, `msync ${msync.join(' ')} 0 4`].flatMap((line) => readable(line) ?? []);
}

function withNumber(line: string, word: number, value: number): string {
  const words = line.split(' ');
  const at = Math.floor(word * words.length);
  return words.map((text, i) => (i === at && /^\d+$/.test(text) ? String(value) : text)).join(' ');
}

/** Undefined for what the format does not allow. */
function readable(line: string): Operation | undefined {
  try {
    return parseOperation(line);
  } catch (err) {
    if (err instanceof InputError) return undefined;
    throw err;
  }
}

describe.each(targets)('pieces of recorded programs, put together, on $release $arch', (target) => {
  test('are supported, raise no warning of the kernel and break no invariant', () => {
    const property = fc.property(pieces, (parts) => {
      const { header, operations } = splice(parts);
      // Invariants over machines with huge pages take long.
      const model = (header.thp === 'never' ? makeCheckedModel : makeModel)({ ...target, program: header });
      for (const operation of operations) {
        // A changed number may name an object that the program does not have.
        if ('object' in operation && !model.world.objects.has(operation.object)) continue;
        expect(model.execute(operation).warnings ?? [], operation.line).toEqual([]);
        model.snapshot();
      }
    });
    fc.assert(property, { seed: 4, numRuns });
  });
});
