import { expect, test } from 'vitest';
import { EINVAL } from '../../kernel-lib/base/errno.js';
import { PG_swapbacked } from '../../kernel-lib/folio/flags.js';
import { testFlag } from '../../kernel-lib/folio/frame.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { pteDirty, ptePfn, pteYoung } from '../../kernel-lib/pgtable/pte.js';
import { pteOffset, pteTable, ptepGet } from '../../kernel-lib/pgtable/table.js';
import { run } from '../../kernel-lib/step/step.js';
import { Layout } from './layout.js';

function entry(p: Layout, page: number) {
  const table = pteTable(p.k, p.process.mm.pgd, p.address(page));
  return run(ptepGet(p.k, pteOffset(p.k, table, p.address(page))));
}

test('MADV_FREE leaves a clean, old page that no longer belongs to swap', () => {
  const p = new Layout('6.1');
  p.mmap(0, 2);
  p.write(0, 7);
  expect(p.madvise(0, 2, 'MADV_FREE')).toBe(0);
  run(lruAddDrain(p.k));
  const pte = entry(p, 0);
  expect([pteDirty(p.k, pte), pteYoung(p.k, pte)]).toEqual([false, false]);
  expect(testFlag(p.k, ptePfn(p.k, pte), PG_swapbacked)).toBe(false);
  expect(p.read(0)).toBe(7);
});

test('MADV_FREE of a page that a child shares gives it up for both', () => {
  const p = new Layout('6.12');
  p.mmap(0, 1);
  p.write(0, 7);
  const child = p.fork();
  child.madvise(0, 1, 'MADV_FREE');
  run(lruAddDrain(p.k));
  expect(testFlag(p.k, ptePfn(p.k, entry(p, 0)), PG_swapbacked)).toBe(false);
  expect(pteDirty(p.k, entry(p, 0))).toBe(true);
});

test('MADV_FREE is for private anonymous memory', () => {
  const p = new Layout('6.1');
  p.mmap(0, 2, 'rw', null, true);
  expect(p.madvise(0, 2, 'MADV_FREE')).toBe(-EINVAL);
});

test('MADV_COLD makes pages look unused to the MMU, unless others map them', () => {
  const p = new Layout('6.1');
  p.mmap(0, 2);
  p.write(0);
  p.write(1);
  run(lruAddDrain(p.k));
  expect(p.madvise(0, 1, 'MADV_COLD')).toBe(0);
  expect([pteYoung(p.k, entry(p, 0)), pteDirty(p.k, entry(p, 0))]).toEqual([false, true]);
  p.fork();
  p.madvise(1, 2, 'MADV_COLD');
  expect(pteYoung(p.k, entry(p, 1))).toBe(true);
});
