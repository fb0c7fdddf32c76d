import { folioPut } from '../folio/alloc.js';
import { hpagePmdNr } from '../folio/compound.js';
import { PG_anon_exclusive, PG_dirty } from '../folio/flags.js';
import { PageAnonExclusive, ZERO_PFN, folioRefAdd, setFlag } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import type { SplitOperator } from '../patches/thp-split-order.js';
import { pgtableTransHugeWithdraw } from '../pgtable/deposit.js';
import {
  type Pmd,
  hugeAddress,
  hpagePmdSize,
  pmdDevmap,
  pmdPfn,
  pmdPopulate,
  pmdpGet,
  pmdpInvalidate,
  pmdDirty,
  pmdPte,
  pmdSoftDirty,
  pmdUffdWp,
  pmdWrite,
  pmdYoung,
} from '../pgtable/pmd.js';
import {
  type Pte,
  pfnPte,
  pteAdvancePfn,
  pteMkdirty,
  pteMkold,
  pteMksoftDirty,
  pteMkspecial,
  pteMkuffdWp,
  pteMkwrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import { pteOffset, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { folioRemoveRmapPmd, mapped, pageRemoveRmap, pageTryShareAnonRmap } from '../rmap/map.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { isPmdMigrationEntry, pageOfPmd } from '../swap/migration-entry.js';
import { flushPmdTlbRange, pmdpHugeClearFlush } from '../tlb/tlb.js';
import { VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { migrationPte } from './migration-ptes.js';
import { __pmdTransHugeLock } from './pmd-lock.js';
import { isHugeZeroPmd } from './zero-page.js';

/**
 * Maps what a leaf maps by a table of its own, page by page.
 *
 * @kernel mm/huge_memory.c __split_huge_pmd v6.2
 * @param address any in the huge page
 */
export function* __splitHugePmd(k: Machine, vma: Vma, address: number): Step<void> {
  const at = yield* __pmdTransHugeLock(k, vma, address);
  if (at === null) return;
  yield* __splitHugePmdLocked(k, vma, at, hugeAddress(k, address), false);
  ptlUnlock(k, at.table);
}

/**
 * The same with the PMD's table locked.
 *
 * @kernel mm/huge_memory.c __split_huge_pmd_locked v6.2
 * @differs no page cache in huge pages
 * @param freeze leave migration entries, for nobody may use the pages for now
 */
export function* __splitHugePmdLocked(
  k: Machine,
  vma: Vma,
  at: PmdMappedAt,
  haddr: number,
  freeze: boolean,
): Step<void> {
  k.count('thp_split_pmd');
  const pmd = yield* pmdpGet(k, at.pmdp);
  // Of a file nothing is mapped in its place: faults will do that. A device has put no table aside.
  if (pmdDevmap(k, pmd)) return void (yield* pmdpHugeClearFlush(k, vma.vmMm, haddr, at.pmdp));
  if (isHugeZeroPmd(k, pmd)) {
    return yield* __splitHugeZeroPagePmd(k, vma, at, haddr);
  }
  if (isPmdMigrationEntry(k, yield* pmdpGet(k, at.pmdp))) return yield* splitMoving(k, at, haddr);
  // Invalid first: no CPU may hold a large and a small translation of one address.
  const old = yield* pmdpInvalidate(k, at.pmdp);
  yield* flushPmdTlbRange(k, vma.vmMm, haddr);
  const folio = pmdPfn(k, old);
  if (pmdDirty(k, old)) setFlag(k, folio, PG_dirty);
  const exclusive = PageAnonExclusive(k, folio);
  // A page that may be pinned stays exclusive, and mapped.
  const frozen = freeze && !(exclusive && !(yield* pageTryShareAnonRmap(k, folio)));
  const table = pgtableTransHugeWithdraw(k, at.table);
  if (frozen) yield* fillWithMigration(k, { table, haddr, folio, old, exclusive });
  else yield* fillWithPages(k, vma, { table, haddr, folio, old, exclusive });
  if (frozen && !k.patched.simpleCompoundMapcount) yield* unmapPageByPage(k, vma, folio);
  else yield* folioRemoveRmapPmd(k, folio, vma);
  if (frozen) yield* folioPut(k, folio);
  // Who walks the tables finds the entries only when all of them are there.
  yield* pmdPopulate(k, at.pmdp, table);
}

/** Each page of a huge page that is moving gets an entry of the same kind. */
function* splitMoving(k: Machine, at: PmdMappedAt, haddr: number): Step<void> {
  const old = yield* pmdpGet(k, at.pmdp);
  const table = pgtableTransHugeWithdraw(k, at.table);
  for (let i = 0; i < hpagePmdNr(k); i++) {
    yield* setPteAt(k, pteOffset(k, table, haddr + i * k.pageSize), pageOfPmd(k, old, i));
  }
  yield* pmdPopulate(k, at.pmdp, table);
}

/** A leaf and the table that takes its place. */
interface Split {
  readonly table: number;
  readonly haddr: number;
  readonly folio: number;
  readonly old: Pmd;
  readonly exclusive: boolean;
}

function* fillWithPages(k: Machine, vma: Vma, { table, haddr, folio, old, exclusive }: Split): Step<void> {
  const nr = hpagePmdNr(k);
  yield* folioRefAdd(k, folio, nr - 1);
  const first = splitPte(k, vma, folio, old);
  for (let i = 0; i < nr; i++) {
    if (exclusive) setFlag(k, folio + i, PG_anon_exclusive);
    yield* mapped(k, folio + i);
    yield* setPteAt(k, pteOffset(k, table, haddr + i * k.pageSize), pteAdvancePfn(k, first, i));
  }
}

/**
 * The entry of the first page of a huge one that is split.
 *
 * @param folio its page
 * @param old the leaf
 */
export function splitPte(k: Machine, vma: Vma, folio: number, old: Pmd): Pte {
  let entry = pfnPte(k, folio, k.pte.protectionMap[vma.vmPageProt]!);
  for (const operator of k.variant.thpSplitOrder.operators) entry = applied(k, vma, old, operator, entry);
  if (pmdSoftDirty(k, old)) entry = pteMksoftDirty(k, entry);
  return pmdUffdWp(k, old) ? pteMkuffdWp(k, entry) : entry;
}

function applied(k: Machine, vma: Vma, old: Pmd, operator: SplitOperator, entry: Pte): Pte {
  switch (operator) {
    case 'mkwrite if the VMA may':
      return (vma.vmFlags & VM_WRITE) !== 0 ? pteMkwrite(k, entry) : entry;
    case 'mkwrite if written':
      return pmdWrite(k, old) ? pteMkwrite(k, entry) : entry;
    case 'wrprotect unless written':
      return pmdWrite(k, old) ? entry : pteWrprotect(k, entry);
    case 'mkold unless young':
      return pmdYoung(k, old) ? entry : pteMkold(k, entry);
    case 'mkdirty if dirty':
      return pmdDirty(k, old) ? pteMkdirty(k, entry) : entry;
  }
}

function* fillWithMigration(k: Machine, { table, haddr, folio, old, exclusive }: Split): Step<void> {
  for (let i = 0; i < hpagePmdNr(k); i++) {
    const entry = migrationPte(k, folio + i, pmdPte(k, old), exclusive);
    yield* setPteAt(k, pteOffset(k, table, haddr + i * k.pageSize), entry);
  }
}

/** Each page was counted as mapped for a moment, and so the folio as partly mapped, before cb67f4282bf9. */
function* unmapPageByPage(k: Machine, vma: Vma, folio: number): Step<void> {
  const nr = hpagePmdNr(k);
  for (let i = 0; i < nr; i++) yield* mapped(k, folio + i);
  yield* folioRemoveRmapPmd(k, folio, vma);
  for (let i = 0; i < nr; i++) yield* pageRemoveRmap(k, folio + i, vma);
}

/** The huge zero page becomes as many small ones. @kernel mm/huge_memory.c __split_huge_zero_page_pmd v6.2 */
function* __splitHugeZeroPagePmd(k: Machine, vma: Vma, at: PmdMappedAt, haddr: number): Step<void> {
  const old = yield* pmdpHugeClearFlush(k, vma.vmMm, haddr, at.pmdp);
  const table = pgtableTransHugeWithdraw(k, at.table);
  let entry = pteMkspecial(k, pfnPte(k, ZERO_PFN, k.pte.protectionMap[vma.vmPageProt]!));
  if (pmdUffdWp(k, old)) entry = pteMkuffdWp(k, entry);
  for (let i = 0; i < hpagePmdNr(k); i++) {
    yield* setPteAt(k, pteOffset(k, table, haddr + i * k.pageSize), entry);
  }
  yield* pmdPopulate(k, at.pmdp, table);
}

/**
 * A VMA is about to begin or end at an address: no leaf may reach over it.
 *
 * @kernel mm/huge_memory.c split_huge_pmd_if_needed v6.2
 */
export function* splitHugePmdIfNeeded(k: Machine, vma: Vma, address: number): Step<void> {
  const haddr = hugeAddress(k, address);
  if (haddr === address || haddr < vma.vmStart || haddr + hpagePmdSize(k) > vma.vmEnd) return;
  yield* __splitHugePmd(k, vma, address);
}

/**
 * [start, end) of a VMA is about to become one of its own.
 *
 * @kernel mm/huge_memory.c vma_adjust_trans_huge v6.2
 * @differs the neighbour that would be shortened cannot have leaves there, for it ends where this VMA begins
 */
export function* vmaAdjustTransHuge(k: Machine, vma: Vma, start: number, end: number): Step<void> {
  if (k.pte.huge === undefined) return;
  yield* splitHugePmdIfNeeded(k, vma, start);
  yield* splitHugePmdIfNeeded(k, vma, end);
}
