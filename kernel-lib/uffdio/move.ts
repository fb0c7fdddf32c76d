import { EAGAIN, EBUSY, EEXIST, EFAULT, EINVAL, ENOENT, ESRCH } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { PG_swapcache } from '../folio/flags.js';
import {
  PageAnonExclusive,
  ZERO_PFN,
  folioGet,
  folioMaybeDmaPinned,
  pagePrivate,
  setPageIndex,
  testFlag,
} from '../folio/frame.js';
import { folioLock, folioUnlock } from '../folio/lock.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pfnPte,
  pteDirty,
  pteMkdirty,
  pteMksoftDirty,
  pteMkspecial,
  pteMkwrite,
  pteNone,
  ptePfn,
  ptePresent,
  pteSame,
  pteSwpExclusive,
  pteSwpMksoftDirty,
} from '../pgtable/pte.js';
import {
  pteAlloc,
  pteOffset,
  pteTable,
  ptepGet,
  ptepGetAndClear,
  ptlLock,
  ptlUnlock,
  setPteAt,
} from '../pgtable/table.js';
import { pageMoveAnonRmap, vmNormalPage } from '../rmap/map.js';
import { type Step, blocked } from '../step/step.js';
import { swapHasCache } from '../swap/area.js';
import { swapCacheGetFolio } from '../swap/cache.js';
import { isMigrationEntry, nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { ptepClearFlush } from '../tlb/tlb.js';
import type { UserfaultfdCtx } from '../uffd/ctx.js';
import { wakeUserfault } from '../uffd/message.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import {
  VM_ACCESS_FLAGS,
  VM_HUGETLB,
  VM_IO,
  VM_LOCKED,
  VM_MIXEDMAP,
  VM_PFNMAP,
  VM_SHARED,
  VM_WRITE,
} from '../vma/vm-flags.js';
import { vmaLookup } from '../vma/vma-list.js';
import { type Vma, linearPageIndex, vmaIsAnonymous } from '../vma/vma.js';
import { validateRange } from './api.js';

/**
 * UFFDIO_MOVE of the calling process: its pages change their address without being copied. Since adef440691ba.
 *
 * @kernel fs/userfaultfd.c userfaultfd_move 6.12
 * @differs holes in the source are errors
 * @param dst the range that is filled, empty before; @param src where the pages are
 * @returns 0; -EINVAL for bad arguments, VMAs that do not fit each other and another process's memory; -ENOENT for a hole
 *     in the source; -EEXIST for a place that is not empty; -EBUSY for a page that is not exclusive or is pinned; -EFAULT
 *     for other entries; -EAGAIN during an event or when some pages were moved; -ESRCH
 */
export function* userfaultfdMove(
  k: Machine,
  ctx: UserfaultfdCtx,
  dst: number,
  src: number,
  len: number,
): Step<number> {
  if (!k.patched.uffdMove) return -EINVAL;
  if (ctx.mmapChanging !== 0) return -EAGAIN;
  if (k.current === undefined || k.current.mm !== ctx.mm) return -EINVAL;
  if (validateRange(k, dst, len) !== 0 || validateRange(k, src, len) !== 0) return -EINVAL;
  const mm = Mm.at(k, ctx.mm);
  if (mm.mmUsers === 0) return -ESRCH;
  yield* mmapReadLock(k, mm);
  const moved = yield* movePages(k, ctx, dst, src, len);
  mmapReadUnlock(k, mm);
  if (moved < 0) return moved;
  wakeUserfault(k, ctx, dst, moved);
  return moved === len ? 0 : -EAGAIN;
}

/**
 * @kernel mm/userfaultfd.c move_pages 6.12
 * @returns how many bytes, or a negative error number when the first page fails
 */
function* movePages(k: Machine, ctx: UserfaultfdCtx, dst: number, src: number, len: number): Step<number> {
  const mm = Mm.at(k, ctx.mm);
  const dstVma = vmaLookup(k, mm, dst);
  const srcVma = vmaLookup(k, mm, src);
  if (dstVma === null || srcVma === null) return -ENOENT;
  if ((dstVma.vmFlags & VM_SHARED) === 0) anonVmaPrepare(k, dstVma);
  if (ctx.mmapChanging !== 0) return -EAGAIN;
  if (src + len > srcVma.vmEnd || dst + len > dstVma.vmEnd) return -EINVAL;
  if (validateMoveAreas(ctx, srcVma, dstVma) !== 0) return -EINVAL;
  for (let moved = 0; moved < len;) {
    const error = yield* movePagesPte(k, dstVma, srcVma, dst + moved, src + moved);
    if (error === 0) moved += k.pageSize;
    else if (error !== -EAGAIN) return moved > 0 ? moved : error;
  }
  return len;
}

/** @kernel mm/userfaultfd.c validate_move_areas 6.12 */
function validateMoveAreas(ctx: UserfaultfdCtx, src: Vma, dst: Vma): number {
  const alike = VM_ACCESS_FLAGS | VM_LOCKED;
  const unfit = VM_SHARED | VM_PFNMAP | VM_IO | VM_HUGETLB | VM_MIXEDMAP;
  if (((src.vmFlags ^ dst.vmFlags) & alike) !== 0 || src.vmPageProt !== dst.vmPageProt) return -EINVAL;
  if ((src.vmFlags & VM_WRITE) === 0 || ((src.vmFlags | dst.vmFlags) & unfit) !== 0) return -EINVAL;
  if (dst.vmUserfaultfdCtx !== ctx.at) return -EINVAL;
  return vmaIsAnonymous(src) && vmaIsAnonymous(dst) ? 0 : -EINVAL;
}

/** Where one page is and where it is to be, as seen without its locks. */
interface PageMove {
  readonly dstVma: Vma;
  readonly dstAddr: number;
  readonly srcAddr: number;
  readonly srcTable: number;
  readonly srcPtep: number;
  readonly dstTable: number;
  readonly dstPtep: number;
  readonly origSrcPte: Pte;
  readonly origDstPte: Pte;
}

/** @kernel mm/userfaultfd.c move_pages_pte 6.12 @returns 0, an error, or -EAGAIN when somebody came between */
function* movePagesPte(k: Machine, dstVma: Vma, srcVma: Vma, dstAddr: number, srcAddr: number): Step<number> {
  const { pgd } = Mm.at(k, srcVma.vmMm);
  if (mapsHugePage(k, dstVma, dstAddr)) return -EEXIST;
  // Moved page by page.
  if (mapsHugePage(k, srcVma, srcAddr)) yield* __splitHugePmd(k, srcVma, srcAddr);
  const srcTable = pteTable(k, pgd, srcAddr);
  if (srcTable === 0) return -ENOENT;
  const dstTable = pteAlloc(k, pgd, dstAddr);
  const srcPtep = pteOffset(k, srcTable, srcAddr);
  const dstPtep = pteOffset(k, dstTable, dstAddr);
  const origDstPte = yield* ptepGet(k, dstPtep);
  if (!pteNone(k, origDstPte)) return -EEXIST;
  const origSrcPte = yield* ptepGet(k, srcPtep);
  if (pteNone(k, origSrcPte)) return -ENOENT;
  const move = { dstVma, dstAddr, srcAddr, srcTable, srcPtep, dstTable, dstPtep, origSrcPte, origDstPte };
  if (!ptePresent(k, origSrcPte)) return yield* moveNonpresent(k, move);
  if (ptePfn(k, origSrcPte) === ZERO_PFN) return yield* moveZeropagePte(k, move);
  const page = vmNormalPage(k, origSrcPte);
  if (page === 0 || !PageAnonExclusive(k, page)) return -EBUSY;
  yield* folioGet(k, page);
  yield* folioLock(k, page);
  const error = yield* movePresentPte(k, move, page);
  folioUnlock(k, page);
  yield* folioPut(k, page);
  return error;
}

/** Takes both tables' locks; false when an entry has changed meanwhile, then without them: double_pt_lock() and its checks. */
function* lockUnchanged(k: Machine, move: PageMove): Step<boolean> {
  const { srcTable, dstTable } = move;
  // In the order of their addresses, so that two that move pages to and fro never wait for each other.
  yield* ptlLock(k, Math.min(srcTable, dstTable));
  if (srcTable !== dstTable) yield* ptlLock(k, Math.max(srcTable, dstTable));
  const same =
    pteSame(yield* ptepGet(k, move.srcPtep), move.origSrcPte) &&
    pteSame(yield* ptepGet(k, move.dstPtep), move.origDstPte);
  if (!same) unlockBoth(k, move);
  return same;
}

function unlockBoth(k: Machine, { srcTable, dstTable }: PageMove): void {
  ptlUnlock(k, srcTable);
  if (srcTable !== dstTable) ptlUnlock(k, dstTable);
}

/** @kernel mm/userfaultfd.c move_present_pte 6.12 */
function* movePresentPte(k: Machine, move: PageMove, page: number): Step<number> {
  if (!(yield* lockUnchanged(k, move))) return -EAGAIN;
  const error = yield* takePresent(k, move, page);
  unlockBoth(k, move);
  return error;
}

function* takePresent(k: Machine, move: PageMove, page: number): Step<number> {
  const { dstVma, dstAddr, srcAddr, srcPtep, dstPtep } = move;
  if ((yield* folioMaybeDmaPinned(k, page)) || !PageAnonExclusive(k, page)) return -EBUSY;
  const pte = yield* ptepClearFlush(k, dstVma.vmMm, srcAddr, srcPtep);
  // GUP-fast may have pinned it just before the entry was cleared.
  if (yield* folioMaybeDmaPinned(k, page)) {
    yield* setPteAt(k, srcPtep, pte);
    return -EBUSY;
  }
  pageMoveAnonRmap(k, page, dstVma);
  setPageIndex(k, page, linearPageIndex(dstVma, dstAddr));
  let moved = pfnPte(k, page, k.pte.protectionMap[dstVma.vmPageProt]!);
  if (k.softDirty) moved = pteMksoftDirty(k, moved);
  if (pteDirty(k, pte)) moved = pteMkdirty(k, moved);
  yield* setPteAt(k, dstPtep, pteMkwrite(k, moved));
  return 0;
}

/** @kernel mm/userfaultfd.c move_zeropage_pte 6.12 */
function* moveZeropagePte(k: Machine, move: PageMove): Step<number> {
  if (!(yield* lockUnchanged(k, move))) return -EAGAIN;
  yield* ptepClearFlush(k, move.dstVma.vmMm, move.srcAddr, move.srcPtep);
  const prot = k.pte.protectionMap[move.dstVma.vmPageProt]!;
  yield* setPteAt(k, move.dstPtep, pteMkspecial(k, pfnPte(k, ZERO_PFN, prot)));
  unlockBoth(k, move);
  return 0;
}

function* moveNonpresent(k: Machine, move: PageMove): Step<number> {
  const entry = pteToSwpEntry(k, move.origSrcPte);
  if (nonSwapEntry(k, entry)) {
    if (!isMigrationEntry(k, entry)) return -EFAULT;
    yield* blocked('migration');
    return -EAGAIN;
  }
  if (!pteSwpExclusive(k, move.origSrcPte)) return -EBUSY;
  const page = yield* swapCacheGetFolio(k, entry);
  if (page === 0) return yield* moveSwapPte(k, move, entry, 0);
  yield* folioLock(k, page);
  const error = yield* moveSwapPte(k, move, entry, page);
  folioUnlock(k, page);
  yield* folioPut(k, page);
  return error;
}

/** @kernel mm/userfaultfd.c move_swap_pte 6.12 @param page in the swap cache, locked; 0 for none */
function* moveSwapPte(k: Machine, move: PageMove, entry: number, page: number): Step<number> {
  const gone = page !== 0 && (!testFlag(k, page, PG_swapcache) || pagePrivate(k, page) !== entry);
  if (gone || !(yield* lockUnchanged(k, move))) return -EAGAIN;
  // Only now: the slot could have been read in before the lock was held.
  const cachedSince = page === 0 && swapHasCache(k, entry);
  if (!cachedSince) yield* takeSwap(k, move, page);
  unlockBoth(k, move);
  return cachedSince ? -EAGAIN : 0;
}

function* takeSwap(k: Machine, { dstVma, dstAddr, srcPtep, dstPtep }: PageMove, page: number): Step<void> {
  if (page !== 0) {
    pageMoveAnonRmap(k, page, dstVma);
    setPageIndex(k, page, linearPageIndex(dstVma, dstAddr));
  }
  const pte = yield* ptepGetAndClear(k, srcPtep);
  yield* setPteAt(k, dstPtep, k.softDirty ? pteSwpMksoftDirty(k, pte) : pte);
}
