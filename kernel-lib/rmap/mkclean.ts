import { pageOwner } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { pteDirty, pteMkclean, pteWrite, pteWrprotect } from '../pgtable/pte.js';
import { ptepGet, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { ptepClearFlush } from '../tlb/tlb.js';
import { AddressSpace, iMmapLockRead, iMmapUnlockRead } from '../vma/file.js';
import { VM_SHARED } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { folioMapped } from './map.js';
import { type Place, pageVmaMappedWalk, rmapWalk } from './walk.js';

/**
 * Makes every mapping of a locked page clean and read-only, so that the next store faults and tells.
 *
 * @kernel mm/rmap.c folio_mkclean v6.2
 * @returns how many entries were dirty or writable
 */
export function* folioMkclean(k: Machine, page: number): Step<number> {
  if (!(yield* folioMapped(k, page)) || pageOwner(k, page) === 0) return 0;
  const mapping = AddressSpace.at(k, pageOwner(k, page));
  let cleaned = 0;
  yield* iMmapLockRead(k, mapping);
  for (const place of rmapWalk(k, page)) {
    if (!invalidMkcleanVma(place.vma) && (yield* pageMkcleanOne(k, page, place))) cleaned++;
  }
  iMmapUnlockRead(k, mapping);
  return cleaned;
}

/**
 * The table is locked before the entry is looked at (PVMW_SYNC), never after a glance: an unmapping under way may have
 * cleared the entry and not yet flushed the TLBs, and only its lock says when it has.
 *
 * @kernel mm/rmap.c page_mkclean_one v6.2
 */
function* pageMkcleanOne(k: Machine, page: number, place: Place): Step<boolean> {
  const at = yield* pageVmaMappedWalk(k, page, place);
  if (at === null) return false;
  const cleaned = yield* pageVmaMkcleanOne(k, place, at.ptep);
  ptlUnlock(k, at.table);
  return cleaned;
}

/** @kernel mm/rmap.c page_vma_mkclean_one v6.2 */
function* pageVmaMkcleanOne(k: Machine, { vma, address }: Place, ptep: number): Step<boolean> {
  const seen = yield* ptepGet(k, ptep);
  if (!pteDirty(k, seen) && !pteWrite(k, seen)) return false;
  const entry = yield* ptepClearFlush(k, vma.vmMm, address, ptep);
  yield* setPteAt(k, ptep, pteMkclean(k, pteWrprotect(k, entry)));
  return true;
}

/** Private mappings write to copies of their own. @kernel mm/rmap.c invalid_mkclean_vma v6.2 */
function invalidMkcleanVma(vma: Vma): boolean {
  return (vma.vmFlags & VM_SHARED) === 0;
}
