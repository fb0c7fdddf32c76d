import type { Pgprot } from '../arch/entry.js';
import type { Machine } from '../machine/machine.js';
import { pmdOffset, pmdPte, pmdTable, pmdpGet, pmdpHugeGetAndClear, ptePmd } from '../pgtable/pmd.js';
import {
  type Pte,
  pfnPte,
  pteMkdirty,
  pteMkhuge,
  pteMkwrite,
  pteMkyoung,
  pteModify,
  pteNone,
  pteWrprotect,
} from '../pgtable/pte.js';
import { pmdAlloc } from '../pgtable/table.js';
import { st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { pteNoneMostly } from '../swap/special-pte.js';
import { Mm } from '../vma/mm.js';
import { VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/**
 * An entry one level above the lowest, in the table that locks it. hugetlb sees a PTE in it: none, one that maps a huge
 * page, or a marker.
 */
export interface HugePteAt {
  readonly table: number;
  readonly ptep: number;
}

/** The entry for an address, null where a table above is missing. @kernel mm/hugetlb.c huge_pte_offset v6.2 */
export function hugePteOffset(k: Machine, vma: Vma, address: number): HugePteAt | null {
  const table = pmdTable(k, Mm.at(k, vma.vmMm).pgd, address);
  return table === 0 ? null : { table, ptep: pmdOffset(k, table, address) };
}

/** @kernel mm/hugetlb.c huge_pte_alloc v6.2 @differs tables are not shared between processes */
export function hugePteAlloc(k: Machine, vma: Vma, address: number): HugePteAt {
  const table = pmdAlloc(k, Mm.at(k, vma.vmMm).pgd, address);
  return { table, ptep: pmdOffset(k, table, address) };
}

/** @kernel include/asm-generic/hugetlb.h huge_ptep_get v6.2 */
export function* hugePtepGet(k: Machine, ptep: number): Step<Pte> {
  return pmdPte(k, yield* pmdpGet(k, ptep));
}

/** @kernel include/asm-generic/hugetlb.h huge_ptep_get_and_clear v6.2 */
export function* hugePtepGetAndClear(k: Machine, ptep: number): Step<Pte> {
  return pmdPte(k, yield* pmdpHugeGetAndClear(k, ptep));
}

/** @kernel include/asm-generic/hugetlb.h set_huge_pte_at v6.2 */
export function* setHugePteAt(k: Machine, ptep: number, pte: Pte): Step<void> {
  yield;
  const { lo, hi } = ptePmd(k, pte);
  st(k.ptes, ptep, lo);
  st(k.ptes, ptep + 1, hi);
}

/** None, or a marker. @kernel include/asm-generic/hugetlb.h huge_pte_none_mostly v6.2 */
export function hugePteNoneMostly(k: Machine, pte: Pte): boolean {
  return pteNone(k, pte) || pteNoneMostly(k, pte);
}

/** @kernel include/asm-generic/hugetlb.h mk_huge_pte v6.2 */
export function mkHugePte(k: Machine, vma: Vma, page: number): Pte {
  return pteMkhuge(k, pfnPte(k, page, k.pte.protectionMap[vma.vmPageProt]!));
}

/** @kernel include/asm-generic/hugetlb.h huge_pte_modify v6.2 */
export function hugePteModify(k: Machine, pte: Pte, prot: Pgprot): Pte {
  // Its size is no part of the protection, and stays.
  return pteMkhuge(k, pteModify(k, pte, prot));
}

/** An entry that maps a huge page. @kernel mm/hugetlb.c make_huge_pte v6.2 */
export function makeHugePte(k: Machine, vma: Vma, page: number, writable: boolean): Pte {
  const pte = pteMkyoung(k, mkHugePte(k, vma, page));
  return writable ? pteMkwrite(k, pteMkdirty(k, pte)) : pteWrprotect(k, pte);
}

/** The entry may be written from now on, if the VMA allows it. @kernel mm/hugetlb.c set_huge_ptep_writable v6.2 */
export function* setHugePtepWritable(k: Machine, vma: Vma, ptep: number): Step<void> {
  const pte = pteMkdirty(k, yield* hugePtepGet(k, ptep));
  yield* setHugePteAt(k, ptep, (vma.vmFlags & VM_WRITE) !== 0 ? pteMkwrite(k, pte) : pte);
}
