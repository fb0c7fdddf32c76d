import fc from 'fast-check';
import { expect, test } from 'vitest';
import { pteCodec } from '../../kernel-lib/arch/codec.js';
import { archById, arches } from '../../kernel-lib/arch/variants.js';
import { decodePte } from '../../kernel-lib/pgtable/decode.js';
import { encodePresentPte, encodeSwapPte } from '../../kernel-lib/pgtable/encode.js';
import { rankPte } from '../../kernel-lib/pgtable/rank.js';
import { genericMaxSwapfileSize, swapTypes } from '../../kernel-lib/pgtable/swapops.js';

const x86 = pteCodec(archById('x86_64'), 'after');

test('a present entry is told by its flags and its frame', () => {
  expect(decodePte(x86, 0x8000000012345867n)).toMatchObject({
    kind: 'present',
    text: 'present: writable, dirty, young, soft-dirty; frame 0x12345 (address 0x12345000)',
    pfn: '0x12345',
    writable: true,
    flags: [
      '_PAGE_PRESENT',
      '_PAGE_RW',
      '_PAGE_USER',
      '_PAGE_ACCESSED',
      '_PAGE_DIRTY',
      '_PAGE_SOFT_DIRTY',
      '_PAGE_NX',
    ],
    unexplained: '0x0',
  });
});

test('a PROT_NONE entry of x86-64 is told with its frame turned back', () => {
  expect(decodePte(x86, 0xfffffedcba120n)).toMatchObject({
    kind: 'present',
    text: 'present: PROT_NONE, clean, young; frame 0x12345 (address 0x12345000)',
  });
});

test('a swap entry is told by area, page and markers', () => {
  expect(decodePte(x86, 0x17ffffffffdb9608n)).toMatchObject({
    kind: 'swap',
    text: 'swap: area 2, page 0x1234, exclusive',
    type: 2,
    offset: '0x1234',
    exclusive: true,
  });
});

test('a marker is told by what it marks', () => {
  const marker = encodeSwapPte(x86, { type: 'pte-marker', offset: 3n });
  expect(decodePte(x86, marker).text).toBe('marker: write-protected by userfaultfd, swap-in error');
});

test('a migration entry is told with its frame, and young and dirty where there is room', () => {
  const dirty = (1n << 35n) | 0x1234n;
  const entry = encodeSwapPte(x86, { type: 'migration-read-exclusive', offset: dirty });
  expect(decodePte(x86, entry)).toMatchObject({
    kind: 'migration-read-exclusive',
    text: 'migration, readable, exclusive, old, dirty, frame 0x1234 (address 0x1234000)',
  });
});

test('v6.1 numbers swap-in errors as a type of their own', () => {
  const before = pteCodec(archById('x86_64'), 'before');
  expect(decodePte(before, encodeSwapPte(before, { type: 31, offset: 0n })).kind).toBe('swapin-error');
  expect(decodePte(x86, encodeSwapPte(x86, { type: 31, offset: 1n })).kind).toBe('pte-marker');
});

test('the configuration numbers the special types, downwards from 31', () => {
  const { kconfig } = archById('x86_64');
  const all = { ...kconfig, MEMORY_FAILURE: true, DEVICE_PRIVATE: true };
  expect(swapTypes(all, 'v6.1').MAX_SWAPFILES).toBe(22);
  expect(swapTypes(all, 'v6.3').MAX_SWAPFILES).toBe(23);
  expect(swapTypes(kconfig, 'v6.1')).toEqual({
    MAX_SWAPFILES: 27,
    special: ['migration-read', 'migration-read-exclusive', 'migration-write', 'pte-marker', 'swapin-error'],
  });
});

test('bits that no field explains are told apart', () => {
  const arc = pteCodec(archById('arc'), 'after');
  expect(decodePte(arc, 0x1280n).unexplained).toBe('0x1080');
});

test('what is encoded decodes to itself on every architecture, in every state', () => {
  const codecs = arches.flatMap((arch) => Object.keys(arch.states).map((state) => pteCodec(arch, state)));
  const entries = fc.record({
    type: fc.integer({ min: 0, max: 3 }),
    share: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.nat(codecs.length - 1), entries, (n, { type, share }) => {
      const codec = codecs[n]!;
      const offset = (genericMaxSwapfileSize(codec) * BigInt(Math.floor(share * 1000))) / 1000n;
      const decoded = decodePte(codec, encodeSwapPte(codec, { type, offset }));
      if (decoded.kind !== 'swap') return decoded.kind === 'present' && codec.arch.id === 'm68k_sun3';
      return decoded.type === type && BigInt(decoded.offset!) === offset && decoded.unexplained === '0x0';
    }),
    { numRuns: 2000, seed: 216808 },
  );
});

test('a marker or a type that the entries lack is refused', () => {
  const before = pteCodec(archById('alpha'), 'before');
  expect(() => encodeSwapPte(before, { type: 1, offset: 1n, exclusive: true })).toThrow(
    'swap entries of alpha (before) have no exclusive marker',
  );
  const nios2 = pteCodec(archById('nios2'), 'before');
  expect(() => encodeSwapPte(nios2, { type: 4, offset: 1n })).toThrow(
    'nios2 (before) cannot store swap type 4',
  );
  expect(() => encodeSwapPte(x86, { type: 1, offset: 1n << 50n })).toThrow(
    'cannot store swap offset 0x4000000000000',
  );
  expect(() => encodeSwapPte(x86, { type: 'hwpoison', offset: 1n })).toThrow(/no entries of kind 'hwpoison'/);
});

test('an operation that there is not is refused with those that there are', () => {
  const request = { pfn: 1, prot: 'PAGE_SHARED', ops: ['mkshiny'] };
  expect(() => encodePresentPte(x86, request)).toThrow(
    /no operation 'mkshiny'; there are mkwrite, wrprotect/,
  );
});

test('without an architecture, those under which an entry makes most sense come first', () => {
  const codecs = arches.map((arch) => pteCodec(arch, 'after'));
  const ops = ['mkyoung', 'mkdirty'];
  const ids = [
    'x86_64',
    'arm64_4k',
    'riscv64',
    'ppc_book3s64_4k',
    'alpha',
    'ia64_4k',
    'sparc64_sun4v',
    's390',
  ];
  for (const id of ids) {
    const entry = encodePresentPte(pteCodec(archById(id), 'after'), {
      pfn: 0x12345,
      prot: 'PAGE_SHARED',
      ops,
    });
    const best = rankPte(codecs, entry).slice(0, 3);
    expect(
      best.map(({ arch }) => arch),
      id,
    ).toContain(id);
  }
});

test('zero is empty before it is anything else', () => {
  const ranked = rankPte(
    arches.map((arch) => pteCodec(arch, 'after')),
    0n,
  );
  expect(ranked[0]).toMatchObject({ arch: 'x86_64', kind: 'none' });
  expect(ranked.find(({ arch }) => arch === 's390')!.kind).toBe('swap');
});
