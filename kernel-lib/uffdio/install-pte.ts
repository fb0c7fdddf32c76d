import { pteNoneMostly } from '../swap/special-pte.js';
import { EEXIST, EFAULT } from '../base/errno.js';
import { pageOwner, PageAnon } from '../folio/frame.js';
import { folioAddLru } from '../folio/lru.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import type { Machine } from '../machine/machine.js';
import { type Pte, pfnPte, pteMkdirty, pteMkuffdWp, pteMkwrite, pteWrprotect } from '../pgtable/pte.js';
import { pteAlloc, pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { folioAddLruVma } from '../rmap/lru.js';
import { mmCounter, pageAddFileRmap, pageAddNewAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { vmaMapping } from '../vma/file.js';
import { Mm, addMmCounter } from '../vma/mm.js';
import { VM_SHARED, VM_WRITE } from '../vma/vm-flags.js';
import { type Vma, linearPageIndex, vmaIsShmem } from '../vma/vma.js';

/**
 * Maps a page, whose reference the caller gives, where nothing but perhaps a marker stands.
 *
 * @kernel mm/userfaultfd.c mfill_atomic_install_pte v6.2
 * @param newlyAllocated false for a page that the object had
 * @param wp with userfaultfd's write-protection
 * @returns 0, -EFAULT behind the end of the file, -EEXIST where something stands
 */
export function* mfillAtomicInstallPte(
  k: Machine,
  vma: Vma,
  address: number,
  page: number,
  newlyAllocated: boolean,
  wp: boolean,
): Step<number> {
  if (mapsHugePage(k, vma, address)) return -EEXIST;
  const table = pteAlloc(k, Mm.at(k, vma.vmMm).pgd, address);
  const ptep = pteOffset(k, table, address);
  const checked = k.patched.uffdFileSize || vmaIsShmem(vma);
  yield* ptlLock(k, table);
  const over = checked && mfillFileOverSize(k, vma, address);
  const occupied = !over && !pteNoneMostly(k, yield* ptepGet(k, ptep));
  if (!over && !occupied) {
    const inCache = pageOwner(k, page) !== 0 && !PageAnon(k, page);
    yield* addRmap(k, vma, address, page, inCache, newlyAllocated);
    addMmCounter(k, Mm.at(k, vma.vmMm), mmCounter(k, page), 1);
    yield* setPteAt(k, ptep, filledPte(k, vma, page, inCache, wp));
  }
  ptlUnlock(k, table);
  return over ? -EFAULT : occupied ? -EEXIST : 0;
}

function* addRmap(
  k: Machine,
  vma: Vma,
  address: number,
  page: number,
  inCache: boolean,
  newlyAllocated: boolean,
): Step<void> {
  if (inCache) {
    if (newlyAllocated) yield* folioAddLru(k, page);
    yield* pageAddFileRmap(k, page, vma);
    return;
  }
  yield* pageAddNewAnonRmap(k, page, vma, address);
  yield* folioAddLruVma(k, page, vma);
}

function filledPte(k: Machine, vma: Vma, page: number, inCache: boolean, wp: boolean): Pte {
  const pte = pteMkdirty(k, pfnPte(k, page, k.pte.protectionMap[vma.vmPageProt]!));
  if (wp) return pteWrprotect(k, pteMkuffdWp(k, pte));
  // The object's own page in a private mapping: the first store must copy it.
  const cow = inCache && (vma.vmFlags & VM_SHARED) === 0;
  return (vma.vmFlags & VM_WRITE) !== 0 && !cow ? pteMkwrite(k, pte) : pteWrprotect(k, pte);
}

/**
 * Whether a place lies behind the end of the VMA's file. /dev/zero has no length.
 *
 * @kernel mm/userfaultfd.c mfill_file_over_size 6.12
 */
export function mfillFileOverSize(k: Machine, vma: Vma, address: number): boolean {
  if (vma.vmFile === 0) return false;
  const size = vmaMapping(k, vma)?.iSize ?? 0;
  return linearPageIndex(vma, address) >= Math.ceil(size / k.pageSize);
}
