import { hpagePmdNr } from '../folio/compound.js';
import { pageFolio } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pteAdvancePfn,
  pteClearSoftDirty,
  pteMkclean,
  pteMkold,
  ptePfn,
  pteSame,
  pteWrprotect,
} from '../pgtable/pte.js';
import { pteOffset, readPte } from '../pgtable/table.js';

/**
 * How many entries from `address` on map neighbouring pages of one large folio with equal protection. What the MMU and
 * soft-dirty tracking note does not count. The table is locked.
 *
 * @kernel mm/internal.h folio_pte_batch 6.12
 * @differs FPB_IGNORE_DIRTY and FPB_IGNORE_SOFT_DIRTY only
 * @returns at least 1
 */
export function folioPteBatch(k: Machine, table: number, address: number, end: number, first: Pte): number {
  const page = ptePfn(k, first);
  const left = pageFolio(k, page) + hpagePmdNr(k) - page;
  const max = Math.min((end - address) / k.pageSize, left);
  const expected = clearIgnored(k, first);
  for (let nr = 1; nr < max; nr++) {
    const pte = readPte(k, pteOffset(k, table, address + nr * k.pageSize));
    if (!pteSame(clearIgnored(k, pte), pteAdvancePfn(k, expected, nr))) return nr;
  }
  return max;
}

function clearIgnored(k: Machine, pte: Pte): Pte {
  return pteWrprotect(k, pteMkold(k, pteMkclean(k, pteClearSoftDirty(k, pte))));
}
