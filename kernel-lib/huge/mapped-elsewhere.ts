import { pageFolio } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { pmdAt, pmdPfn, pmdTransHuge } from '../pgtable/pmd.js';
import { ptePfn, ptePresent } from '../pgtable/pte.js';
import { pmdAddrEnd, pteOffset, pteTable, readPte } from '../pgtable/table.js';
import { type FolioPlace, rmapWalkLarge } from '../rmap/walk.js';
import { Mm } from '../vma/mm.js';

/**
 * Whether an address space beside `mm` maps pages of a large anonymous folio.
 *
 * MODEL: folio_test_large_maybe_mapped_shared(), whose answer Linux keeps ready in the folio; here the page tables of
 * those are looked at who could.
 */
export function folioMappedElsewhere(k: Machine, folio: number, mm: number): boolean {
  return rmapWalkLarge(k, folio).some((place) => place.vma.vmMm !== mm && mapsSome(k, folio, place));
}

function mapsSome(k: Machine, folio: number, { vma, start, end }: FolioPlace): boolean {
  const { pgd } = Mm.at(k, vma.vmMm);
  for (let from = start; from < end; from = pmdAddrEnd(k, from, end)) {
    const table = pteTable(k, pgd, from);
    const pmd = pmdAt(k, pgd, from);
    if (table === 0 && pmdTransHuge(k, pmd) && pmdPfn(k, pmd) === folio) return true;
    for (let at = from; table !== 0 && at < pmdAddrEnd(k, from, end); at += k.pageSize) {
      const pte = readPte(k, pteOffset(k, table, at));
      if (ptePresent(k, pte) && pageFolio(k, ptePfn(k, pte)) === folio) return true;
    }
  }
  return false;
}
