import { vmNormalPage } from '../rmap/map.js';
import { folioMaybeDmaPinned } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { walkPageRange } from '../mmap/walk-page-range.js';
import {
  type Pte,
  pteClearSoftDirty,
  pteNone,
  ptePresent,
  pteSwpClearSoftDirty,
  pteWrprotect,
} from '../pgtable/pte.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { MMF_HAS_PINNED, Mm } from '../vma/mm.js';
import { mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { vmaSetPageProt } from '../vma/page-prot.js';
import type { Vma } from '../vma/vma.js';
import { VM_PFNMAP, VM_SOFTDIRTY, isCowMapping } from '../vma/vm-flags.js';
import { vmasOf } from '../vma/vma-list.js';

/**
 * Writing 4 to /proc/PID/clear_refs: from now on the first store to each page is noticed, and the page is
 * soft-dirty from then on. Without soft-dirty tracking in the kernel nothing happens.
 *
 * @kernel fs/proc/task_mmu.c clear_refs_write v6.2
 * @differs CLEAR_REFS_SOFT_DIRTY only
 */
export function* clearRefsWrite(k: Machine, mm: Mm): Step<void> {
  if (!k.softDirty) return;
  yield* mmapWriteLock(k, mm);
  const vmas = vmasOf(k, mm);
  for (const vma of vmas) {
    if ((vma.vmFlags & VM_SOFTDIRTY) === 0) continue;
    vma.vmFlags &= ~VM_SOFTDIRTY;
    vmaSetPageProt(k, vma);
  }
  for (const vma of vmas) {
    if (vma.vmFlags & VM_PFNMAP) continue;
    yield* walkPageRange(k, vma, vma.vmStart, vma.vmEnd, clearRefsPteRange, undefined);
  }
  mmapWriteUnlock(k, mm);
}

/** @kernel fs/proc/task_mmu.c clear_refs_pte_range v6.2 */
function* clearRefsPteRange(k: Machine, vma: Vma, table: number, start: number, end: number): Step<void> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) yield* clearSoftDirty(k, vma, pteOffset(k, table, at));
  ptlUnlock(k, table);
}

/** @kernel fs/proc/task_mmu.c clear_soft_dirty v6.2 */
function* clearSoftDirty(k: Machine, vma: Vma, ptep: number): Step<void> {
  const pte = yield* ptepGet(k, ptep);
  if (pteNone(k, pte)) return;
  if (!ptePresent(k, pte)) {
    yield* setPteAt(k, ptep, pteSwpClearSoftDirty(k, pte));
  } else if (!(yield* pteIsPinned(k, vma, pte))) {
    yield* setPteAt(k, ptep, pteClearSoftDirty(k, pteWrprotect(k, pte)));
  }
}

/**
 * Whether a device may write to the page behind the MMU's back: it must stay mapped as it is, or the next store
 * would copy it away from the device.
 *
 * @kernel fs/proc/task_mmu.c pte_is_pinned v6.2
 */
function* pteIsPinned(k: Machine, vma: Vma, pte: Pte): Step<boolean> {
  if (!isCowMapping(vma.vmFlags)) return false;
  if ((Mm.at(k, vma.vmMm).flags & MMF_HAS_PINNED) === 0) return false;
  const page = vmNormalPage(k, pte);
  return page !== 0 && (yield* folioMaybeDmaPinned(k, page));
}
