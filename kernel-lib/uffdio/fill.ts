import { EAGAIN, EEXIST, EFAULT, EINVAL, EIO, ENOENT, ENOMEM, ESRCH } from '../base/errno.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import { PG_hwpoison, PG_uptodate } from '../folio/flags.js';
import { ZERO_PFN, setFlag, setPageContent, testFlag } from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import type { Machine } from '../machine/machine.js';
import { shmemAddNewFolio, shmemDropNewFolio, shmemGetFolioGfp } from '../pagecache/shmem.js';
import { type Pte, pfnPte, pteMkspecial, pteNone } from '../pgtable/pte.js';
import { pteAlloc, pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { PTE_MARKER_POISONED, makePteMarker } from '../swap/entry.js';
import { type UserfaultfdCtx, ctxOf } from '../uffd/ctx.js';
import { userfaultfdWp } from '../uffd/markers.js';
import { wakeUserfault } from '../uffd/message.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { vmaMapping } from '../vma/file.js';
import { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_SHARED } from '../vma/vm-flags.js';
import { vmaLookup } from '../vma/vma-list.js';
import { type Vma, isVmHugetlbPage, linearPageIndex, vmaIsAnonymous, vmaIsShmem } from '../vma/vma.js';
import { validateRange } from './api.js';
import { mfillAtomicHugetlb } from './fill-hugetlb.js';
import { mfillAtomicInstallPte, mfillFileOverSize } from './install-pte.js';

/** What a place is filled with. @kernel include/linux/userfaultfd_k.h MFILL_ATOMIC_COPY 6.12 */
export type Fill =
  /** A new page of this content, see pageContent(). */
  | { readonly mode: 'copy'; readonly content: number; readonly wp: boolean }
  | { readonly mode: 'zeropage' }
  /** The page that the object has there. */
  | { readonly mode: 'continue' }
  /** A marker that stops every access as poisoned memory does (v6.6). */
  | { readonly mode: 'poison' };

/**
 * UFFDIO_COPY, UFFDIO_ZEROPAGE, UFFDIO_CONTINUE and UFFDIO_POISON: fills empty places and wakes who waits for them.
 *
 * MODEL: these four ioctls differ in nothing but what they fill with; every page gets the same.
 *
 * @returns 0, -EINVAL, -ENOENT for a range that no registered VMA holds, -EEXIST for a place that is not empty, -EFAULT
 *     behind the end of the file, -EIO for a poisoned page, -EAGAIN during an event or when some places were filled,
 *     -ESRCH when the process has exited
 */
export function* userfaultfdFill(
  k: Machine,
  ctx: UserfaultfdCtx,
  start: number,
  len: number,
  fill: Fill,
): Step<number> {
  if (fill.mode === 'poison' && !k.patched.uffdPoison) return -EINVAL;
  if (ctx.mmapChanging !== 0) return -EAGAIN;
  if (validateRange(k, start, len) !== 0) return -EINVAL;
  if (Mm.at(k, ctx.mm).mmUsers === 0) return -ESRCH;
  const filled = yield* mfillAtomic(k, ctx, start, len, fill);
  if (filled < 0) return filled;
  wakeUserfault(k, ctx, start, filled);
  return filled === len ? 0 : -EAGAIN;
}

/**
 * Fills the places one by one.
 *
 * @kernel mm/userfaultfd.c mfill_atomic 6.12
 * @returns how many bytes, or a negative error number when the first place fails
 */
function* mfillAtomic(k: Machine, ctx: UserfaultfdCtx, start: number, len: number, fill: Fill): Step<number> {
  const mm = Mm.at(k, ctx.mm);
  yield* mmapReadLock(k, mm);
  const vma = vmaLookup(k, mm, start);
  if (k.patched.uffdPerVmaLocks && vma !== null) prepareAnon(k, vma);
  const error = vma === null ? -ENOENT : refusal(k, ctx, vma, start + len, fill);
  const fillRange = vma !== null && isVmHugetlbPage(vma) ? mfillAtomicHugetlb : mfillAtomicPtes;
  const filled = error !== 0 ? error : yield* fillRange(k, vma!, start, len, fill);
  mmapReadUnlock(k, mm);
  return filled;
}

function* mfillAtomicPtes(k: Machine, vma: Vma, start: number, len: number, fill: Fill): Step<number> {
  for (let filled = 0; filled < len; filled += k.pageSize) {
    const error = yield* mfillAtomicPte(k, vma, start + filled, fill);
    if (error !== 0) return filled > 0 ? filled : error;
  }
  return len;
}

function refusal(k: Machine, ctx: UserfaultfdCtx, vma: Vma, end: number, fill: Fill): number {
  if (end > vma.vmEnd || ctxOf(k, vma) === null) return -ENOENT;
  if (ctx.mmapChanging !== 0) return -EAGAIN;
  if (fill.mode === 'copy' && fill.wp && !userfaultfdWp(vma)) return -EINVAL;
  if (vmaIsShmem(vma) || isVmHugetlbPage(vma)) return 0;
  return fill.mode !== 'continue' && vmaIsAnonymous(vma) ? 0 : -EINVAL;
}

function prepareAnon(k: Machine, vma: Vma): void {
  if ((vma.vmFlags & VM_SHARED) === 0) anonVmaPrepare(k, vma);
}

/**
 * What a private mapping is filled with is its own, also where the object has a hole.
 *
 * @kernel mm/userfaultfd.c mfill_atomic_pte 6.12
 */
function* mfillAtomicPte(k: Machine, vma: Vma, address: number, fill: Fill): Step<number> {
  const shared = (vma.vmFlags & VM_SHARED) !== 0;
  prepareAnon(k, vma);
  if (fill.mode === 'continue') return yield* mfillAtomicPteContinue(k, vma, address);
  if (fill.mode === 'poison') return yield* mfillAtomicPtePoison(k, vma, address);
  const content = fill.mode === 'copy' ? fill.content : 0;
  const wp = fill.mode === 'copy' && fill.wp;
  if (shared) return yield* shmemMfillAtomicPte(k, vma, address, content, wp);
  if (fill.mode === 'copy') return yield* mfillAtomicPteCopy(k, vma, address, content, wp);
  return yield* mfillAtomicPteZeropage(k, vma, address);
}

/** @kernel mm/userfaultfd.c mfill_atomic_pte_copy 6.12 */
function* mfillAtomicPteCopy(
  k: Machine,
  vma: Vma,
  address: number,
  content: number,
  wp: boolean,
): Step<number> {
  const page = allocPage(k);
  if (page === 0) return -ENOMEM;
  setPageContent(k, page, content);
  setFlag(k, page, PG_uptodate);
  const error = yield* mfillAtomicInstallPte(k, vma, address, page, true, wp);
  if (error !== 0) yield* folioPut(k, page);
  return error;
}

/** @kernel mm/userfaultfd.c mfill_atomic_pte_zeropage 6.12 */
function* mfillAtomicPteZeropage(k: Machine, vma: Vma, address: number): Step<number> {
  const zero = pteMkspecial(k, pfnPte(k, ZERO_PFN, k.pte.protectionMap[vma.vmPageProt]!));
  return yield* setIfNone(k, vma, address, zero);
}

/** @kernel mm/userfaultfd.c mfill_atomic_pte_poison 6.12 */
function* mfillAtomicPtePoison(k: Machine, vma: Vma, address: number): Step<number> {
  return yield* setIfNone(k, vma, address, makePteMarker(k, PTE_MARKER_POISONED));
}

/** Only where nothing stands, not even a marker. */
function* setIfNone(k: Machine, vma: Vma, address: number, pte: Pte): Step<number> {
  if (mapsHugePage(k, vma, address)) return -EEXIST;
  const table = pteAlloc(k, Mm.at(k, vma.vmMm).pgd, address);
  const ptep = pteOffset(k, table, address);
  yield* ptlLock(k, table);
  const over = mfillFileOverSize(k, vma, address);
  const occupied = !over && !pteNone(k, yield* ptepGet(k, ptep));
  if (!over && !occupied) yield* setPteAt(k, ptep, pte);
  ptlUnlock(k, table);
  return over ? -EFAULT : occupied ? -EEXIST : 0;
}

/** @kernel mm/userfaultfd.c mfill_atomic_pte_continue 6.12 */
function* mfillAtomicPteContinue(k: Machine, vma: Vma, address: number): Step<number> {
  const index = linearPageIndex(vma, address);
  const { page, error } = yield* shmemGetFolioGfp(k, vmaMapping(k, vma)!, index, 'SGP_NOALLOC');
  if (page === 0) return error === 0 ? -EFAULT : error;
  const refused = testFlag(k, page, PG_hwpoison)
    ? -EIO
    : yield* mfillAtomicInstallPte(k, vma, address, page, false, false);
  folioUnlock(k, page);
  if (refused !== 0) yield* folioPut(k, page);
  return refused;
}

/** A shared mapping's new page is the object's. @kernel mm/shmem.c shmem_mfill_atomic_pte v6.2 */
function* shmemMfillAtomicPte(
  k: Machine,
  vma: Vma,
  address: number,
  content: number,
  wp: boolean,
): Step<number> {
  const mapping = vmaMapping(k, vma)!;
  const index = linearPageIndex(vma, address);
  if (index * k.pageSize >= mapping.iSize) return -EFAULT;
  const page = yield* shmemAddNewFolio(k, mapping, index);
  if (page <= 0) return page === 0 ? -ENOMEM : page;
  setPageContent(k, page, content);
  const error = yield* mfillAtomicInstallPte(k, vma, address, page, true, wp);
  if (error !== 0) {
    yield* shmemDropNewFolio(k, page);
    return error;
  }
  mapping.alloced++;
  mapping.iBlocks++;
  folioUnlock(k, page);
  return 0;
}
