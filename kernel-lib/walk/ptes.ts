import type { Machine } from '../machine/machine.js';
import { pmdAt, pmdEmpty, pmdIsHuge, pmdNone } from '../pgtable/pmd.js';
import { type Pte, pteAdvancePfn } from '../pgtable/pte.js';
import { type Pud, pudAddrEnd, pudAddress, pudAt, pudLeaf } from '../pgtable/pud.js';
import { pmdAddrEnd, pmdAddrStart, pteOffset, pteTable, readPte } from '../pgtable/table.js';
import { pageOfPmd } from '../swap/migration-entry.js';
import { Mm } from '../vma/mm.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';

/** One place of a mapping. */
export interface PteAt {
  readonly address: number;
  /** What an entry above maps or stands for, as the entry that would map this one page. */
  readonly pte: Pte;
  /** Whether it is one above. */
  readonly huge: boolean;
}

/** Every entry of a VMA in the order of addresses, none where there is no table. Looking changes nothing. */
export function* ptesOf(k: Machine, vma: Vma): Generator<PteAt, void, undefined> {
  const { pgd } = Mm.at(k, vma.vmMm);
  for (let start = vma.vmStart; start < vma.vmEnd;) {
    const pud = pudAt(k, pgd, start);
    if (pudLeaf(pud)) {
      yield* pagesOfPud(k, vma, pud, start);
      start = pudAddrEnd(k, start, vma.vmEnd);
      continue;
    }
    const end = pmdAddrEnd(k, start, vma.vmEnd);
    const table = pteTable(k, pgd, start);
    const pmd = table === 0 && k.pte.huge !== undefined ? pmdAt(k, pgd, start) : pmdEmpty(k);
    // What hugetlb has in place of a table stands for all of its pages, also when it is a marker.
    const huge = pmdIsHuge(k, pmd) || (isVmHugetlbPage(vma) && !pmdNone(k, pmd));
    const base = pmdAddrStart(k, start);
    for (let address = start; address < end; address += k.pageSize) {
      const small = table === 0 ? k.pte.pteEmpty : readPte(k, pteOffset(k, table, address));
      const pte = huge ? pageOfPmd(k, pmd, (address - base) / k.pageSize) : small;
      yield { address, pte, huge };
    }
    start = end;
  }
}

function* pagesOfPud(k: Machine, vma: Vma, pud: Pud, start: number): Generator<PteAt, void, undefined> {
  const base = pudAddress(k, start);
  for (let address = start; address < pudAddrEnd(k, start, vma.vmEnd); address += k.pageSize)
    yield { address, pte: pteAdvancePfn(k, pud, (address - base) / k.pageSize), huge: true };
}
