import { expect, test } from 'vitest';
import { __collapseHugePageSwapin } from '../../kernel-lib/khugepaged/scan.js';
import { run } from '../../kernel-lib/step/step.js';
import { HUGE, HugeLayout } from '../huge/huge-layout.js';

test('a table that was freed while khugepaged waited for memory is not read for swapped pages', () => {
  const p = new HugeLayout({ release: '6.1' });
  p.mmap(0, HUGE);
  expect(run(__collapseHugePageSwapin(p.k, p.vma(0), p.address(0)))).toMatch(/^SCAN_PMD_N/);
  p.write(0);
  expect(run(__collapseHugePageSwapin(p.k, p.vma(0), p.address(0)))).toBe('SCAN_PMD_MAPPED');
});
