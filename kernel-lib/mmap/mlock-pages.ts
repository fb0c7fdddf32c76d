import { vmNormalPage } from '../rmap/map.js';
import { folioNrPages, folioTestLarge } from '../folio/compound.js';
import { pageFolio } from '../folio/frame.js';
import { lruAddDrain } from '../folio/lru.js';
import { mlockFolio, munlockPage } from '../folio/mlock.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { folioPteBatch } from '../huge/pte-batch.js';
import { isHugeZeroPmd } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { pmdPfn, pmdPresent, pmdpGet } from '../pgtable/pmd.js';
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
  yield* walkPageRange(k, vma, start, end, mlockPteRange, undefined, mlockHugePmd);
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
    const folio = pageFolio(k, page);
    let step = 1;
    if (folioTestLarge(k, folio)) {
      if (!k.patched.mlockLargeFolios) continue;
      step = folioPteBatch(k, table, at, end, pte);
      at += (step - 1) * k.pageSize;
      // Part of a large folio is not worth keeping all of it; but who unlocks a part lets go of all.
      if ((vma.vmFlags & VM_LOCKED) !== 0 && step !== folioNrPages(k, folio)) continue;
    }
    yield* mlockOrMunlock(k, vma, folio);
  }
  ptlUnlock(k, table);
}

function* mlockOrMunlock(k: Machine, vma: Vma, folio: number): Step<void> {
  if (vma.vmFlags & VM_LOCKED) yield* mlockFolio(k, folio);
  else yield* munlockPage(k, folio);
}

/** A huge page is locked as a whole. */
function* mlockHugePmd(k: Machine, vma: Vma, start: number): Step<boolean> {
  const at = yield* __pmdTransHugeLock(k, vma, start);
  if (at === null) return false;
  const pmd = yield* pmdpGet(k, at.pmdp);
  if (pmdPresent(k, pmd) && !isHugeZeroPmd(k, pmd)) yield* mlockOrMunlock(k, vma, pmdPfn(k, pmd));
  ptlUnlock(k, at.table);
  return true;
}
