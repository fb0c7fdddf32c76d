import { expect, test } from 'vitest';
import { pmdDirty, pmdWrite, pmdYoung } from '../../kernel-lib/pgtable/pmd.js';
import { pteDirty, pteWrite } from '../../kernel-lib/pgtable/pte.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { HUGE, HugeLayout } from '../huge/huge-layout.js';
import { pmdOf } from '../huge/moving-huge.js';
import { Layout } from '../mmap/layout.js';

/** What the entry of page 0 is. */
function entryOf(p: Layout) {
  const { pte } = [...ptesOf(p.k, p.vma(0))][0]!;
  return { write: pteWrite(p.k, pte), dirty: pteDirty(p.k, pte) };
}

test('fork leaves private memory dirty in parent and child, and read-only in both', () => {
  const parent = new Layout('6.1');
  parent.mmap(0, 1);
  parent.write(0);
  const child = parent.fork();
  for (const p of [parent, child]) expect(entryOf(p)).toEqual({ write: false, dirty: true });
});

test('a child’s entry of shared memory is clean: the page, or the parent’s entry, knows what was written', () => {
  const parent = new Layout('6.1');
  const file = parent.process.mmap(1, { flags: 'shared anon' });
  parent.process.write(file, 1);
  const child = parent.process.fork('child');
  const bits = [parent.process, child].map((p) => (p.pte(file) & (1n << 6n)) !== 0n);
  // A child maps shared memory by faults of its own where they can find it again.
  expect(bits).toEqual([true, false]);
});

test('fork protects the leaf of a huge page in place; the child’s is dirty as well, but old', () => {
  const parent = new HugeLayout({ release: '6.1' });
  parent.mmap(0, HUGE);
  parent.write(0);
  const child = parent.fork();
  const leaf = (p: Layout) =>
    [pmdWrite, pmdDirty, pmdYoung]
      .map((is) => is(p.k, pmdOf(p)))
      .map(Number)
      .join('');
  expect([leaf(parent), leaf(child)]).toEqual(['011', '010']);
});
