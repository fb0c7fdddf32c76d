import { expect, test } from 'vitest';
import { PG_referenced } from '../../kernel-lib/folio/flags.js';
import { clearFlag, testFlag } from '../../kernel-lib/folio/frame.js';
import { folioTrylock } from '../../kernel-lib/folio/lock.js';
import { tryToMigrate } from '../../kernel-lib/huge/migration-ptes.js';
import { __shmemFileSetup } from '../../kernel-lib/pagecache/shmem-file.js';
import { pteNone, ptePfn, ptePresent } from '../../kernel-lib/pgtable/pte.js';
import { run } from '../../kernel-lib/step/step.js';
import { vmaMapping } from '../../kernel-lib/vma/file.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { unmapMappingPages } from '../../kernel-lib/zap/unmap-mapping.js';
import { Layout } from '../mmap/layout.js';

/** A process that has written to the one page of a file in memory that it maps. */
function fileMapping() {
  const p = new Layout('6.1');
  p.mmap(0, 1, 'rw', __shmemFileSetup(p.k, 1), true);
  p.write(0);
  return { p, page: ptePfn(p.k, entryOf(p)) };
}

function entryOf(p: Layout) {
  return [...ptesOf(p.k, p.vma(0))][0]!.pte;
}

test('a page of a file that is moving is unmapped with the others where private copies are spared', () => {
  const { p, page } = fileMapping();
  expect(run(folioTrylock(p.k, page))).toBe(true);
  run(tryToMigrate(p.k, page));
  expect([ptePresent(p.k, entryOf(p)), pteNone(p.k, entryOf(p))]).toEqual([false, false]);
  run(unmapMappingPages(p.k, vmaMapping(p.k, p.vma(0))!, 0, 1, false));
  expect([...ptesOf(p.k, p.vma(0))].every(({ pte }) => pteNone(p.k, pte))).toBe(true);
  expect(p.process.mm.rssShmem).toBe(0);
});

test.each([
  ['MADV_NORMAL', true],
  ['MADV_SEQUENTIAL', false],
] as const)(
  'a young entry of a file under %s leaves its page referenced when it goes: %s',
  (advice, referenced) => {
    const { p, page } = fileMapping();
    p.madvise(0, 1, advice);
    clearFlag(p.k, page, PG_referenced);
    p.madvise(0, 1, 'MADV_DONTNEED');
    expect(testFlag(p.k, page, PG_referenced)).toBe(referenced);
  },
);
