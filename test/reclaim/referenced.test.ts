import { expect, test } from 'vitest';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { ptePfn } from '../../kernel-lib/pgtable/pte.js';
import { folioReferenced } from '../../kernel-lib/reclaim/referenced.js';
import { run } from '../../kernel-lib/step/step.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { Layout } from '../mmap/layout.js';

test.each([
  ['MADV_NORMAL', 1],
  ['MADV_SEQUENTIAL', 0],
] as const)('to folio_referenced() a young page under %s is used in %i mappings', (advice, ptes) => {
  const p = new Layout('6.1');
  p.mmap(0, 1);
  p.write(0);
  p.madvise(0, 1, advice);
  run(lruAddDrain(p.k));
  const page = ptePfn(p.k, [...ptesOf(p.k, p.vma(0))][0]!.pte);
  expect(run(folioReferenced(p.k, page)).ptes).toBe(ptes);
});
