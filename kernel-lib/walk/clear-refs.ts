import { vmNormalPage } from '../rmap/map.js';
import { PG_referenced, PG_young } from '../folio/flags.js';
import { clearFlag, folioMaybeDmaPinned, pageFolio } from '../folio/frame.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import type { Machine } from '../machine/machine.js';
import { walkPageRange } from '../mmap/walk-page-range.js';
import {
  type Pte,
  pteClearSoftDirty,
  ptePresent,
  pteSwpClearSoftDirty,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import {
  hugeAddress,
  isSwapPmd,
  pmdClearSoftDirty,
  pmdPfn,
  pmdPresent,
  pmdWrprotect,
  pmdpGet,
  pmdpInvalidate,
  pmdpTestAndClearYoung,
  setPmdAt,
} from '../pgtable/pmd.js';
import {
  pteOffset,
  ptepGet,
  ptepGetAndClear,
  ptepTestAndClearYoung,
  ptlLock,
  ptlUnlock,
  setPteAt,
} from '../pgtable/table.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { flushPmdTlbRange, flushTlbMmRange } from '../tlb/tlb.js';
import { MMF_HAS_PINNED, Mm } from '../vma/mm.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { vmaSetPageProt } from '../vma/page-prot.js';
import type { Vma } from '../vma/vma.js';
import { VM_PFNMAP, VM_SOFTDIRTY, isCowMapping } from '../vma/vm-flags.js';
import { vmasOf } from '../vma/vma-list.js';

/** What is written to /proc/PID/clear_refs: `enum clear_refs_types` of fs/proc/task_mmu.c. */
export const CLEAR_REFS_ALL = 1;
export const CLEAR_REFS_ANON = 2;
export const CLEAR_REFS_MAPPED = 3;
export const CLEAR_REFS_SOFT_DIRTY = 4;

/**
 * Writing to /proc/PID/clear_refs. 1 to 3: the pages look unused, all of them, those of mappings without a file, or
 * those of mappings with one. 4: from now on the first store to each page is noticed, and the page is soft-dirty from
 * then on; without soft-dirty tracking in the kernel nothing happens.
 *
 * @kernel fs/proc/task_mmu.c clear_refs_write v6.2
 * @differs no high-water mark of the resident set
 * @param type CLEAR_REFS_…
 */
export function* clearRefsWrite(k: Machine, mm: Mm, type = CLEAR_REFS_SOFT_DIRTY): Step<void> {
  if (type === CLEAR_REFS_SOFT_DIRTY && !k.softDirty) return;
  yield* mmapWriteLock(k, mm);
  const vmas = vmasOf(k, mm);
  if (type === CLEAR_REFS_SOFT_DIRTY) vmas.forEach((vma) => noteStores(k, vma));
  for (const vma of vmas) {
    if (clearRefsTestWalk(vma, type)) continue;
    yield* walkPageRange(k, vma, vma.vmStart, vma.vmEnd, clearRefsPteRange, type, clearRefsHugePmd);
  }
  // Until now other CPUs may have stored through what they had cached, without a fault.
  if (type === CLEAR_REFS_SOFT_DIRTY) {
    for (const vma of vmas) yield* flushTlbMmRange(k, mm.at, vma.vmStart, vma.vmEnd);
  }
  mmapWriteUnlock(k, mm);
}

function noteStores(k: Machine, vma: Vma): void {
  if ((vma.vmFlags & VM_SOFTDIRTY) === 0) return;
  vma.vmFlags &= ~VM_SOFTDIRTY;
  vmaSetPageProt(k, vma);
}

/** Whether a mapping is left out. @kernel fs/proc/task_mmu.c clear_refs_test_walk v6.2 */
function clearRefsTestWalk(vma: Vma, type: number): boolean {
  if ((vma.vmFlags & VM_PFNMAP) !== 0) return true;
  if (type === CLEAR_REFS_ANON) return vma.vmFile !== 0;
  return type === CLEAR_REFS_MAPPED && vma.vmFile === 0;
}

/** @kernel fs/proc/task_mmu.c clear_refs_pte_range v6.2 */
function* clearRefsPteRange(
  k: Machine,
  vma: Vma,
  table: number,
  start: number,
  end: number,
  type: number,
): Step<void> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const ptep = pteOffset(k, table, at);
    if (type === CLEAR_REFS_SOFT_DIRTY) yield* clearSoftDirty(k, vma, ptep);
    else yield* clearReferenced(k, ptep);
  }
  ptlUnlock(k, table);
}

/** The page behind an entry looks unused. MODEL: the second half of clear_refs_pte_range(). */
function* clearReferenced(k: Machine, ptep: number): Step<void> {
  const pte = yield* ptepGet(k, ptep);
  const page = ptePresent(k, pte) ? vmNormalPage(k, pte) : 0;
  if (page === 0) return;
  yield* ptepTestAndClearYoung(k, ptep);
  clearFlag(k, pageFolio(k, page), PG_young | PG_referenced);
}

/** @param type CLEAR_REFS_… */
function* clearRefsHugePmd(k: Machine, vma: Vma, start: number, _end: number, type: number): Step<boolean> {
  const at = yield* __pmdTransHugeLock(k, vma, start);
  if (at === null) return false;
  if (type === CLEAR_REFS_SOFT_DIRTY) yield* clearSoftDirtyPmd(k, vma, at, start);
  else yield* clearReferencedPmd(k, at);
  ptlUnlock(k, at.table);
  return true;
}

function* clearReferencedPmd(k: Machine, at: PmdMappedAt): Step<void> {
  const pmd = yield* pmdpGet(k, at.pmdp);
  if (!pmdPresent(k, pmd)) return;
  yield* pmdpTestAndClearYoung(k, at.pmdp);
  clearFlag(k, pmdPfn(k, pmd), PG_young | PG_referenced);
}

/** @kernel fs/proc/task_mmu.c clear_soft_dirty_pmd v6.2 */
function* clearSoftDirtyPmd(k: Machine, vma: Vma, at: PmdMappedAt, address: number): Step<void> {
  if (isSwapPmd(k, yield* pmdpGet(k, at.pmdp))) {
    yield* setPmdAt(k, at.pmdp, pteSwpClearSoftDirty(k, yield* pmdpGet(k, at.pmdp)));
    return;
  }
  const pmd = yield* pmdpInvalidate(k, at.pmdp);
  yield* setPmdAt(k, at.pmdp, pmdClearSoftDirty(k, pmdWrprotect(k, pmd)));
  yield* flushPmdTlbRange(k, vma.vmMm, hugeAddress(k, address));
}

/** @kernel fs/proc/task_mmu.c clear_soft_dirty v6.2 */
function* clearSoftDirty(k: Machine, vma: Vma, ptep: number): Step<void> {
  const pte = yield* ptepGet(k, ptep);
  if (ptePresent(k, pte)) {
    if (yield* pteIsPinned(k, vma, pte)) return;
    // Taken away first: what the MMU notes in it meanwhile is not lost.
    const old = yield* ptepGetAndClear(k, ptep);
    yield* setPteAt(k, ptep, pteClearSoftDirty(k, pteWrprotect(k, old)));
  } else if (pteHasSwapEntry(k, pte)) {
    yield* setPteAt(k, ptep, pteSwpClearSoftDirty(k, pte));
  }
}

/**
 * Whether a device may write to the page behind the MMU's back: it must stay mapped as it is, or the next store
 * would copy it away from the device.
 *
 * @kernel fs/proc/task_mmu.c pte_is_pinned v6.2
 */
function* pteIsPinned(k: Machine, vma: Vma, pte: Pte): Step<boolean> {
  // What is read-only already cannot lose its page by becoming so.
  if (!pteWrite(k, pte) || !isCowMapping(vma.vmFlags)) return false;
  if ((Mm.at(k, vma.vmMm).flags & MMF_HAS_PINNED) === 0) return false;
  const page = vmNormalPage(k, pte);
  return page !== 0 && (yield* folioMaybeDmaPinned(k, pageFolio(k, page)));
}
