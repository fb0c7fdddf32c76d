import type { Pgprot } from '../arch/codec.js';
import { vmNormalPage } from '../rmap/map.js';
import { PageAnon, PageAnonExclusive } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pteDirty,
  pteMkwrite,
  pteModify,
  pteNone,
  ptePresent,
  pteProtnone,
  pteSame,
  pteSoftDirty,
  pteUffdWp,
  pteWrite,
} from '../pgtable/pte.js';
import { pmdAddrEnd, pteOffset, pteTable, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { vmaSoftDirtyEnabled } from '../vma/page-prot.js';
import type { Vma } from '../vma/vma.js';
import { VM_SHARED, VM_UFFD_WP } from '../vma/vm-flags.js';

/** For changeProtection: entries that need no fault may become writable at once. */
export const MM_CP_TRY_CHANGE_WRITABLE = 1;

/**
 * Gives the pages of [start, end) the VMA's protection.
 *
 * @kernel mm/mprotect.c change_protection v6.2
 * @differs no NUMA hinting; what is not present keeps what it has, as no migration or device entry is writable
 * @param cpFlags MM_CP_…
 */
export function* changeProtection(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  cpFlags: number,
): Step<void> {
  const { pgd } = Mm.at(k, vma.vmMm);
  const newprot = k.pte.protectionMap[vma.vmPageProt]!;
  for (let at = start; at < end;) {
    const next = pmdAddrEnd(k, at, end);
    const table = pteTable(k, pgd, at);
    if (table !== 0) yield* changePteRange(k, vma, table, at, next, newprot, cpFlags);
    at = next;
  }
}

/** @kernel mm/mprotect.c change_pte_range v6.2 */
function* changePteRange(
  k: Machine,
  vma: Vma,
  table: number,
  start: number,
  end: number,
  newprot: Pgprot,
  cpFlags: number,
): Step<void> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const ptep = pteOffset(k, table, at);
    const oldpte = yield* ptepGet(k, ptep);
    if (pteNone(k, oldpte) || !ptePresent(k, oldpte)) continue;
    let ptent = pteModify(k, oldpte, newprot);
    const upgrade = (cpFlags & MM_CP_TRY_CHANGE_WRITABLE) !== 0 && !pteWrite(k, ptent);
    if (upgrade && canChangePteWritable(k, vma, ptent)) ptent = pteMkwrite(k, ptent);
    if (!pteSame(oldpte, ptent)) yield* setPteAt(k, ptep, ptent);
  }
  ptlUnlock(k, table);
}

/**
 * Whether the write fault on an entry would do nothing but make it writable.
 *
 * @kernel mm/mprotect.c can_change_pte_writable v6.2
 */
export function canChangePteWritable(k: Machine, vma: Vma, pte: Pte): boolean {
  if (pteProtnone(k, pte)) return false;
  if (vmaSoftDirtyEnabled(k, vma) && !pteSoftDirty(k, pte)) return false;
  if ((vma.vmFlags & VM_UFFD_WP) !== 0 && pteUffdWp(k, pte)) return false;
  if (vma.vmFlags & VM_SHARED) return pteDirty(k, pte);
  if (!k.patched.cleanExclusiveUpgrade && !pteDirty(k, pte)) return false;
  const page = vmNormalPage(k, pte);
  return page !== 0 && PageAnon(k, page) && PageAnonExclusive(k, page);
}
