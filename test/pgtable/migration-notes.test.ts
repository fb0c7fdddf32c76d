import { expect, test } from 'vitest';
import { arches } from '../../kernel-lib/arch/variants.js';
import { decodeMachinePte } from '../../kernel-lib/pgtable/decode.js';
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
