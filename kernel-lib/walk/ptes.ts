import type { Machine } from '../machine/machine.js';
import { PTE_NONE, type Pte } from '../pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../pgtable/table.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/** One place of a mapping. */
export interface PteAt {
  readonly address: number;
  readonly pte: Pte;
}

/** Every entry of a VMA in the order of addresses, none where there is no table. Looking changes nothing. */
export function* ptesOf(k: Machine, vma: Vma): Generator<PteAt, void, undefined> {
  const { pgd } = Mm.at(k, vma.vmMm);
  for (let address = vma.vmStart; address < vma.vmEnd; address += k.pageSize) {
    const table = pteTable(k, pgd, address);
    yield { address, pte: table === 0 ? PTE_NONE : readPte(k, pteOffset(k, table, address)) };
  }
}
