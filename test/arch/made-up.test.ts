import { expect, test } from 'vitest';
import { type Arch } from '../../kernel-lib/arch/arch.js';
import { pteCodec, pteVal } from '../../kernel-lib/arch/codec.js';
import { protections, usualKconfig, vaSplit } from '../../kernel-lib/arch/shorthand.js';
import { presentChecks } from '../../kernel-lib/pgtable/sanity-present.js';
import { swapChecks } from '../../kernel-lib/pgtable/sanity-swap.js';
import { genericMaxSwapfileSize, pteToSwpEntry } from '../../kernel-lib/pgtable/swapops.js';

/** A machine that nobody built: 40-bit frame numbers in two parts, inverted write permission, a split swap type. */
const tabula: Arch = {
  id: 'tabula',
  title: 'Tabula Rasa',
  family: 'tabula',
  config: 'defconfig',
  kconfig: usualKconfig,
  pteBits: 64,
  longBits: 64,
  byteOrder: 'little',
  pageShift: 12,
  physBits: 52,
  levels: vaSplit(12, { pgd: 9, pmd: 9, pte: 9 }),
  header: 'arch/tabula/include/asm/pgtable.h',
  bits: {
    _PAGE_VALID: [63, 1, 'the MMU may use the entry'],
    _PAGE_SEALED: [0, 2, 'read-only'],
    _PAGE_TOUCHED: [1, 3, 'accessed'],
    _PAGE_INKED: [2, 4, 'written'],
    _PAGE_NX: [3, 5, 'no execution'],
  },
  masks: { _PAGE_SWP_EXCLUSIVE: '_PAGE_INKED', _PAGE_CHG_MASK: '[62:51] | [35:8] | [2:1]' },
  pfn: { at: '62:51 35:8' },
  predicates: {
    present: '_PAGE_VALID',
    write: { none: '_PAGE_SEALED' },
    dirty: '_PAGE_INKED',
    young: '_PAGE_TOUCHED',
    exec: { none: '_PAGE_NX' },
  },
  operations: {
    mkwrite: { clear: '_PAGE_SEALED' },
    wrprotect: { set: '_PAGE_SEALED' },
    mkdirty: { set: '_PAGE_INKED' },
    mkclean: { clear: '_PAGE_INKED' },
    mkyoung: { set: '_PAGE_TOUCHED' },
    mkold: { clear: '_PAGE_TOUCHED' },
  },
  modify: { keep: '_PAGE_CHG_MASK' },
  pgprots: {
    PAGE_SHARED: '_PAGE_VALID | _PAGE_NX',
    PAGE_READONLY: '_PAGE_VALID | _PAGE_SEALED | _PAGE_NX',
    PAGE_READONLY_EXEC: '_PAGE_VALID | _PAGE_SEALED',
    PAGE_SHARED_EXEC: '_PAGE_VALID',
  },
  protectionMap: protections({
    none: 'PAGE_READONLY',
    read: 'PAGE_READONLY',
    readExec: 'PAGE_READONLY_EXEC',
    copy: 'PAGE_READONLY',
    copyExec: 'PAGE_READONLY_EXEC',
    shared: 'PAGE_SHARED',
    sharedExec: 'PAGE_SHARED_EXEC',
  }),
  hardware: {
    walker: 'hardware',
    young: 'walker',
    dirty: 'walker',
    store: { and: ['_PAGE_VALID', { none: '_PAGE_SEALED' }] },
  },
  states: {
    before: {
      is: 'without a marker',
      release: 'v6.1',
      swap: { source: 'arch/tabula/include/asm/pgtable.h:9', type: '40:39 7:5', offset: '38:8' },
    },
    after: {
      is: 'with a marker',
      release: 'v6.3',
      swap: {
        source: 'arch/tabula/include/asm/pgtable.h:9',
        type: '40:39 7:5',
        offset: '38:8',
        fixed: '[4]',
        exclusive: '_PAGE_SWP_EXCLUSIVE',
      },
    },
  },
};

test('an architecture is one record: a made-up one encodes, decodes and operates', () => {
  const codec = pteCodec(tabula, 'after');
  const w = new Int32Array(2);
  codec.pfnPte(w, 0, 0xabcdef1234, codec.pgprot('PAGE_READONLY'));
  expect(pteVal(w, 0)).toBe((1n << 63n) | (0xabcn << 51n) | (0xdef1234n << 8n) | 0b1001n);
  expect(codec.ptePfn(w, 0)).toBe(0xabcdef1234);
  codec.pteMkwrite(w, 0);
  codec.pteMkdirty(w, 0);
  expect(pteVal(w, 0) & 0xfn).toBe(0b1100n);

  codec.swpEntryToPte(w, 0, 0b10_110, 0x12345);
  expect(pteVal(w, 0)).toBe((0b10n << 39n) | (0b110n << 5n) | (0x12345n << 8n) | (1n << 4n));
  codec.pteSwpMkexclusive(w, 0);
  expect(codec.pteSwpExclusive(w, 0)).toBe(true);
  expect(pteToSwpEntry(codec, w, 0)).toEqual({ type: 0b10_110, offset: 0x12345 });
  expect(genericMaxSwapfileSize(codec)).toBe(1n << 31n);
});

test('the sanity checks hold for a made-up architecture too', () => {
  const codec = pteCodec(tabula, 'after');
  const pages = genericMaxSwapfileSize(codec);
  for (const offset of [0n, 1n, pages - 1n]) {
    for (let type = 0; type < 32; type++) {
      const broken = swapChecks.filter((check) => !check.holds(codec, { type, offset }));
      expect(broken.map(({ name }) => name)).toEqual([]);
    }
  }
  for (const prot of codec.protectionMap) {
    const broken = presentChecks.filter((check) => !check.holds(codec, { pfn: 2 ** 40 - 1, prot }));
    expect(broken.map(({ name }) => name)).toEqual([]);
  }
});

test('before the series its markers are stubs: nothing is set and nothing is seen', () => {
  const codec = pteCodec(tabula, 'before');
  const w = new Int32Array(2);
  codec.swpEntryToPte(w, 0, 3, 7);
  const bare = pteVal(w, 0);
  codec.pteSwpMkexclusive(w, 0);
  expect(pteVal(w, 0)).toBe(bare);
  expect(codec.pteSwpExclusive(w, 0)).toBe(false);
});

test('a record that speaks of a flag it does not declare is refused by name', () => {
  const broken = { ...tabula, hardware: { ...tabula.hardware, store: '_PAGE_RW' } };
  expect(() => pteCodec(broken, 'after')).toThrow("tabula: '_PAGE_RW' is no flag");
});

test('a state that the record lacks is refused with those it has', () => {
  expect(() => pteCodec(tabula, 'v9')).toThrow("tabula has no state 'v9'; it has before, after");
});
