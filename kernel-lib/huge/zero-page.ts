import { allocHugeFolio } from '../folio/alloc.js';
import type { Machine } from '../machine/machine.js';
import { type Pmd, pmdPfn, pmdTransHuge } from '../pgtable/pmd.js';

/**
 * The huge page of zeros, 0 when memory for it is lacking.
 *
 * @kernel mm/huge_memory.c mm_get_huge_zero_page v6.2
 * @differs once there it stays: nobody counts its users
 */
export function mmGetHugeZeroPage(k: Machine): number {
  if (k.globals.hugeZeroFolio !== 0) return k.globals.hugeZeroFolio;
  const folio = allocHugeFolio(k);
  k.count(folio === 0 ? 'thp_zero_page_alloc_failed' : 'thp_zero_page_alloc');
  k.globals.hugeZeroFolio = folio;
  return folio;
}

/** @kernel include/linux/huge_mm.h is_huge_zero_page v6.2 */
export function isHugeZeroPage(k: Machine, folio: number): boolean {
  return folio !== 0 && folio === k.globals.hugeZeroFolio;
}

/** @kernel include/linux/huge_mm.h is_huge_zero_pmd v6.2 */
export function isHugeZeroPmd(k: Machine, pmd: Pmd): boolean {
  return pmdTransHuge(k, pmd) && isHugeZeroPage(k, pmdPfn(k, pmd));
}
