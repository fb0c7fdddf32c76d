import { expect, test } from 'vitest';
import { arches } from '../../kernel-lib/arch/variants.js';
import { pteCodec } from '../../kernel-lib/arch/codec.js';
import { compileHuge } from '../../kernel-lib/arch/huge.js';
import { loongarch64_16k, loongarch64_4k } from '../../kernel-lib/arch/loongarch.js';
import { decodeMachinePte } from '../../kernel-lib/pgtable/decode.js';
import { isSwapPmd, pmdPresent, swpEntryToPmd } from '../../kernel-lib/pgtable/pmd.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { entryToPte, pteToSwpEntry, swpOffset } from '../../kernel-lib/swap/entry.js';
import {
  isMigrationEntryDirty,
  isMigrationEntryYoung,
  makeMigrationEntryDirty,
  makeMigrationEntryYoung,
  makeWritableMigrationEntry,
  migrationPtePage,
} from '../../kernel-lib/swap/migration-entry.js';

const PAGE = 0x123;

const migrating = arches.filter(({ kconfig }) => kconfig.MIGRATION).map(({ id }) => id);

test.each(migrating)('%s notes young and dirty above the frame, where the decoder looks for them', (arch) => {
  const { machine: k } = boot({ release: '6.12', arch });
  const offset = makeMigrationEntryDirty(k, makeMigrationEntryYoung(k, PAGE));
  const pte = entryToPte(k, makeWritableMigrationEntry(k, offset));
  const entry = pteToSwpEntry(k, pte);
  expect([swpOffset(entry), migrationPtePage(k, pte)]).toEqual([offset, PAGE]);
  expect([isMigrationEntryYoung(k, entry), isMigrationEntryDirty(k, entry)]).toEqual(
    Array(2).fill(k.swapMigrationAdSupported),
  );
  const { kind, pfn, text } = decodeMachinePte(k, (BigInt(pte.hi >>> 0) << 32n) | BigInt(pte.lo >>> 0));
  expect([kind, pfn]).toEqual(['migration-write', '0x123']);
  expect(text.includes('young, dirty')).toBe(k.swapMigrationAdSupported);
});

test('on x86-64 a frame takes the 34 bits that 46 bits of address leave', () => {
  expect(boot({ release: '6.1' }).machine.swpPfnBits).toBe(34);
});

/** The entry of a huge page on its way, young and dirty. */
function noted(k: Machine) {
  const offset = makeMigrationEntryDirty(k, makeMigrationEntryYoung(k, PAGE));
  return swpEntryToPmd(k, entryToPte(k, makeWritableMigrationEntry(k, offset)));
}

const movesHuge = arches.filter(({ huge }) => huge?.migration !== undefined).map(({ id }) => id);

test.each(movesHuge)(
  '%s does not take the entry of a huge page on its way for one that is mapped',
  (arch) => {
    const { machine: k } = boot({ release: '6.12', arch });
    expect([isSwapPmd(k, noted(k)), migrationPtePage(k, noted(k))]).toEqual([true, PAGE]);
  },
);

test('LoongArch with 4 KiB pages would: young, above 36 bits of frame, is _PAGE_PRESENT_INVALID', () => {
  const { machine } = boot({ release: '6.12', arch: 'loongarch64_4k' });
  const arch = { ...loongarch64_4k, huge: loongarch64_16k.huge! };
  const { masks, ...codec } = pteCodec(arch, 'after');
  const k = { ...machine, pte: { ...codec, masks, huge: compileHuge(arch, { ...codec, masks }) } };
  expect(pmdPresent(k, noted(k))).toBe(true);
});
