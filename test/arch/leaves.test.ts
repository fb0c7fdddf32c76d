import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type PteCodec, entriesOf, pteCodec, pteVal, setPteVal } from '../../kernel-lib/arch/codec.js';
import { archById, arches } from '../../kernel-lib/arch/variants.js';

type PmdRow = readonly [
  pfn: string,
  prot: string,
  ops: readonly string[],
  ...result: readonly (string | number)[],
];

/** What functions of the kernel made: `datasets/pte/README.md` says how. */
const vectors = JSON.parse(readFileSync('datasets/pte/leaves/s390.json', 'utf8')) as {
  readonly pmd: readonly PmdRow[];
  readonly hugetlb: readonly (readonly [pte: string, pmd: string, pud: string, pudWrite: number])[];
};

const codec = pteCodec(archById('s390'), 'after');
const huge = codec.huge!;
const { leaf } = huge;
const { leafToPte, pteToLeaf } = huge.seenAs!;
const w = new Int32Array(2);

const hex = (value: bigint) => `0x${value.toString(16)}`;

function apply(op: string): void {
  const [name, prot] = op.split(':') as [string, string?];
  if (prot !== undefined) huge.pmdModify(w, 0, codec.pgprot(prot));
  else if (name === 'mkinvalid') huge.pmdMkinvalid(w, 0);
  else leaf[`pte${name[0]!.toUpperCase()}${name.slice(1)}` as 'pteMkdirty'](w, 0);
}

function made([pfn, prot, ops]: PmdRow): PmdRow {
  huge.pfnPmd(w, 0, Number(pfn), codec.pgprot(prot));
  huge.pmdMkhuge(w, 0);
  ops.forEach(apply);
  const { pteWrite, pteDirty, pteYoung, pteSoftDirty, pteProtnone } = leaf;
  const asked = [huge.pmdPresent, pteWrite, pteDirty, pteYoung, pteSoftDirty, pteProtnone];
  const answers = asked.map((is) => Number(is(w, 0)));
  return [pfn, prot, ops, hex(pteVal(w, 0)), ...answers, hex(BigInt(leaf.ptePfn(w, 0)))];
}

function converted(change: PteCodec['pteMkdirty'], value: string): string {
  setPteVal(w, 0, BigInt(value));
  change(w, 0);
  return hex(pteVal(w, 0));
}

describe('entries of s390’s segment tables', () => {
  test.each([...new Set(vectors.pmd.map(([, prot]) => prot))])(
    'with %s are what pmd_mkdirty() and its kin of the kernel make of them',
    (prot) => {
      const rows = vectors.pmd.filter((row) => row[1] === prot);
      expect(rows.map(made)).toEqual(rows);
    },
  );

  test('mean something else to PTEs: large is invalid there, readable is present', () => {
    expect(leaf.masks.value('_SEGMENT_ENTRY_LARGE')).toBe(codec.masks.value('_PAGE_INVALID'));
    expect(leaf.masks.value('_SEGMENT_ENTRY_READ')).toBe(codec.masks.value('_PAGE_PRESENT'));
  });

  test('are to hugetlb the PTEs that __rste_to_pte() makes of them, and back', () => {
    for (const [pte, pmd] of vectors.hugetlb) {
      expect([converted(pteToLeaf, pte), converted(leafToPte, pmd)]).toEqual([pmd, pte]);
    }
  });

  test('are empty where hugetlb stores an empty PTE, or a marker', () => {
    const marker = '0x1234600';
    expect([converted(pteToLeaf, '0x400'), converted(pteToLeaf, marker)]).toEqual(['0x20', '0x20']);
    expect(converted(leafToPte, '0x20')).toBe('0x400');
    setPteVal(w, 0, 0x20n);
    expect([leaf.pteNone(w, 0), huge.pmdPresent(w, 0), huge.pmdTransHuge(w, 0)]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

test('of a region-third table, pud_write() takes what hugetlb may only read for writable', () => {
  const puds = entriesOf(codec, 'pud');
  for (const [, , pud, pudWrite] of vectors.hugetlb) {
    setPteVal(w, 0, BigInt(pud));
    expect(Number(puds.pteWrite(w, 0))).toBe(pudWrite);
  }
  const [read, write] = [codec.masks.value('_PAGE_READ'), codec.masks.value('_PAGE_WRITE')];
  const readOnly = vectors.hugetlb.filter(([pte]) => (BigInt(pte) & (read | write)) === read);
  expect(new Set(readOnly.map(([, , , pudWrite]) => pudWrite))).toEqual(new Set([1]));
});

test.each(['pmd', 'pud'] as const)(
  'no two bits of a %s share a place, nor with the frame number',
  (level) => {
    const { layout, masks } = entriesOf(codec, level);
    let seen = masks.value(`[${layout.pfn.at}]`);
    for (const name of Object.keys(layout.bits)) {
      expect(seen & masks.value(name), name).toBe(0n);
      seen |= masks.value(name);
    }
  },
);

test('on every other architecture a leaf is encoded like a PTE', () => {
  const own = arches.filter((arch) => arch.huge?.leaf !== undefined);
  expect(own.map(({ id }) => id)).toEqual(['s390']);
  for (const arch of arches.filter((other) => other.huge !== undefined && !own.includes(other))) {
    const { huge: of, pteMkdirty, ptePfn } = pteCodec(arch, 'after');
    expect([of!.seenAs, of!.leaf.pteMkdirty, of!.leaf.ptePfn]).toEqual([undefined, pteMkdirty, ptePfn]);
  }
});
