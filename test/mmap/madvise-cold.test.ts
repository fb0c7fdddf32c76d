import { expect, test } from 'vitest';
import { PG_referenced, PG_young } from '../../kernel-lib/folio/flags.js';
import { pageFolio, setFlag, testFlag } from '../../kernel-lib/folio/frame.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { ptePfn } from '../../kernel-lib/pgtable/pte.js';
import { run } from '../../kernel-lib/step/step.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { HUGE, HugeLayout } from '../huge/huge-layout.js';
import { pmdOf } from '../huge/moving-huge.js';
import { pmdPfn } from '../../kernel-lib/pgtable/pmd.js';

test.each([
  ['a page', 1],
  ['a huge page', HUGE],
] as const)('MADV_COLD takes from %s what page_idle had set aside of its use, as well', (_, nrPages) => {
  const p = new HugeLayout({ release: '6.1', thp: nrPages === 1 ? 'never' : 'always' });
  p.mmap(0, nrPages);
  p.write(0);
  run(lruAddDrain(p.k));
  const page = nrPages === 1 ? ptePfn(p.k, [...ptesOf(p.k, p.vma(0))][0]!.pte) : pmdPfn(p.k, pmdOf(p));
  setFlag(p.k, pageFolio(p.k, page), PG_young | PG_referenced);
  p.madvise(0, nrPages, 'MADV_COLD');
  expect(testFlag(p.k, page, PG_young | PG_referenced)).toBe(false);
});
