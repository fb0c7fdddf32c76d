import { pageMapcount } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize, pmdAt, pmdPte } from '../pgtable/pmd.js';
import { type Pte, ptePfn, ptePresent } from '../pgtable/pte.js';
import { pteToSwpEntry } from '../swap/entry.js';
import { isPfnSwapEntry, swpOffsetPfn } from '../swap/pfn-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';
import type { MemSizeStats } from './mem-size-stats.js';

/**
 * Adds up the huge pages of a hugetlb mapping: they count neither as resident nor to Pss.
 *
 * @kernel fs/proc/task_mmu.c smaps_hugetlb_range v6.2
 */
export function smapsHugetlbRange(k: Machine, vma: Vma, mss: MemSizeStats): void {
  const size = hpagePmdSize(k);
  const { pgd } = Mm.at(k, vma.vmMm);
  for (let address = vma.vmStart; address < vma.vmEnd; address += size) {
    const pte = pmdPte(k, pmdAt(k, pgd, address));
    const page = pageBehind(k, pte);
    if (page === 0) continue;
    // Who maps a page that is moving, nobody can tell: since 3689c3ebdd54 it counts as shared.
    const maybeShared = !ptePresent(k, pte) && k.patched.smapsNonpresentShared;
    if (maybeShared || pageMapcount(k, page) >= 2) mss.sharedHugetlb += size;
    else mss.privateHugetlb += size;
  }
}

/** The page that an entry maps or stands for, 0 for none. */
function pageBehind(k: Machine, pte: Pte): number {
  if (ptePresent(k, pte)) return ptePfn(k, pte);
  if (!pteHasSwapEntry(k, pte)) return 0;
  const entry = pteToSwpEntry(k, pte);
  return isPfnSwapEntry(k, entry) ? swpOffsetPfn(entry) : 0;
}
