import { vmNormalPage } from '../rmap/map.js';
import { lruAddDrain } from '../folio/lru.js';
import { mlockFolio, munlockPage } from '../folio/mlock.js';
import type { Machine } from '../machine/machine.js';
import { ptePresent } from '../pgtable/pte.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import type { Vma } from '../vma/vma.js';
import { VM_IO, VM_LOCKED } from '../vma/vm-flags.js';
import { walkPageRange } from './walk-page-range.js';

/**
 * Sets the VMA's flags and counts its pages as locked, or no longer.
 *
 * @kernel mm/mlock.c mlock_vma_pages_range v6.2
 * @param newflags with VM_LOCKED to lock, without to unlock
 */
export function* mlockVmaPagesRange(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  newflags: number,
): Step<void> {
  // VM_IO is impossible on locked memory, so it tells others who map a page here that this walk will count it.
  vma.vmFlags = newflags & VM_LOCKED ? newflags | VM_IO : newflags;
  yield* lruAddDrain(k);
  yield* walkPageRange(k, vma, start, end, mlockPteRange, undefined);
  yield* lruAddDrain(k);
  vma.vmFlags = newflags;
}

/** @kernel mm/mlock.c mlock_pte_range v6.2 */
function* mlockPteRange(k: Machine, vma: Vma, table: number, start: number, end: number): Step<void> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const pte = yield* ptepGet(k, pteOffset(k, table, at));
    const page = ptePresent(k, pte) ? vmNormalPage(k, pte) : 0;
    if (page === 0) continue;
    if (vma.vmFlags & VM_LOCKED) yield* mlockFolio(k, page);
    else yield* munlockPage(k, page);
  }
  ptlUnlock(k, table);
}
