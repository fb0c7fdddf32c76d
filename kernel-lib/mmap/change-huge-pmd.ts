import type { Pgprot } from '../arch/entry.js';
import { PageAnon, PageAnonExclusive } from '../folio/frame.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { isHugeZeroPmd } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pmd,
  hugeAddress,
  isSwapPmd,
  pmdClearUffdWp,
  pmdDirty,
  pmdMkwrite,
  pmdMkuffdWp,
  pmdModify,
  pmdPfn,
  pmdProtnone,
  pmdSame,
  pmdSoftDirty,
  pmdUffdWp,
  pmdWrite,
  pmdWrprotect,
  pmdpGet,
  pmdpInvalidate,
  setPmdAt,
  swpEntryToPmd,
} from '../pgtable/pmd.js';
import { ptlUnlock } from '../pgtable/table.js';
import { pteSwpClearUffdWp, pteSwpMkuffdWp } from '../pgtable/pte.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { migrationPtePage, wrprotectedMigrationPte } from '../swap/migration-entry.js';
import { flushPmdTlbRange } from '../tlb/tlb.js';
import { userfaultfdWp } from '../uffd/markers.js';
import { vmaSoftDirtyEnabled } from '../vma/page-prot.js';
import { VM_SHARED } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { MM_CP_TRY_CHANGE_WRITABLE, MM_CP_UFFD_WP, MM_CP_UFFD_WP_RESOLVE } from './cp-flags.js';

/**
 * Gives a leaf another protection.
 *
 * @kernel mm/huge_memory.c change_huge_pmd v6.2
 * @differs no NUMA hinting
 * @param cpFlags MM_CP_…
 */
export function* changeHugePmd(
  k: Machine,
  vma: Vma,
  address: number,
  newprot: Pgprot,
  cpFlags: number,
): Step<void> {
  const at = yield* __pmdTransHugeLock(k, vma, address);
  if (at === null) return;
  const pmd = yield* pmdpGet(k, at.pmdp);
  if (isSwapPmd(k, pmd)) yield* changeMovingPmd(k, at, pmd, cpFlags);
  else yield* changeMappedPmd(k, vma, at, address, newprot, cpFlags);
  ptlUnlock(k, at.table);
}

/** A huge page that is moving will be mapped by the VMA's protection, but writable only if the entry says so. */
function* changeMovingPmd(k: Machine, at: PmdMappedAt, pmd: Pmd, cpFlags: number): Step<void> {
  let entry = swpEntryToPmd(k, wrprotectedMigrationPte(k, pmd, PageAnon(k, migrationPtePage(k, pmd))));
  if (k.patched.uffdWpMovingPmd && (cpFlags & MM_CP_UFFD_WP) !== 0) entry = pteSwpMkuffdWp(k, entry);
  else if (k.patched.uffdWpMovingPmd && (cpFlags & MM_CP_UFFD_WP_RESOLVE) !== 0)
    entry = pteSwpClearUffdWp(k, entry);
  if (!pmdSame(pmd, entry)) yield* setPmdAt(k, at.pmdp, entry);
}

function* changeMappedPmd(
  k: Machine,
  vma: Vma,
  at: PmdMappedAt,
  address: number,
  newprot: Pgprot,
  cpFlags: number,
): Step<void> {
  // Never none in between: MADV_DONTNEED, which holds the mmap lock for reading as well, would pass it over.
  const old = yield* pmdpInvalidate(k, at.pmdp);
  let entry = pmdModify(k, old, newprot);
  if ((cpFlags & MM_CP_UFFD_WP) !== 0) entry = pmdMkuffdWp(k, pmdWrprotect(k, entry));
  else if ((cpFlags & MM_CP_UFFD_WP_RESOLVE) !== 0) entry = pmdClearUffdWp(k, entry);
  const upgrade = k.patched.pmdWriteUpgrade && (cpFlags & MM_CP_TRY_CHANGE_WRITABLE) !== 0;
  if (upgrade && !pmdWrite(k, entry) && canChangePmdWritable(k, vma, entry)) entry = pmdMkwrite(k, entry);
  yield* setPmdAt(k, at.pmdp, entry);
  yield* flushPmdTlbRange(k, vma.vmMm, hugeAddress(k, address));
}

/** @kernel mm/huge_memory.c can_change_pmd_writable 6.12 */
function canChangePmdWritable(k: Machine, vma: Vma, pmd: Pmd): boolean {
  if (pmdProtnone(k, pmd)) return false;
  if (vmaSoftDirtyEnabled(k, vma) && !pmdSoftDirty(k, pmd)) return false;
  if (userfaultfdWp(vma) && pmdUffdWp(k, pmd)) return false;
  if (vma.vmFlags & VM_SHARED) return pmdDirty(k, pmd);
  const folio = pmdPfn(k, pmd);
  return !isHugeZeroPmd(k, pmd) && PageAnon(k, folio) && PageAnonExclusive(k, folio);
}
