import { EACCES, EBUSY, EFAULT, ENOENT } from '../base/errno.js';
import { folioPut } from '../folio/alloc.js';
import { ZERO_PFN, pageFolio, pageMapcount } from '../folio/frame.js';
import { PageHuge } from '../folio/hugetlb-pool.js';
import { lruAddDrain } from '../folio/lru.js';
import { FOLL_GET } from '../gup/flags.js';
import { followPagePte } from '../gup/follow.js';
import { isHugeZeroPage } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_IO, VM_PFNMAP } from '../vma/vm-flags.js';
import { vmaLookup } from '../vma/vma-list.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';
import { hugepageMigrationSupported, isolateMovable, migratePages, putbackMovablePages } from './migrate.js';

/**
 * Moves the page at an address, or the huge page that it is of, to another frame, as move_pages() does when it asks for another node.
 *
 * @kernel mm/migrate.c do_pages_move v6.2
 * @differs one page; there is one node, and the new frame is simply another one
 * @param migrateAll whether also a page that several processes map may move (MPOL_MF_MOVE_ALL)
 * @returns 0; -EFAULT without a page that could move, -ENOENT when none is mapped, -EACCES when others map it, too,
 *   -EBUSY when somebody holds it
 */
export function* doPagesMove(k: Machine, mm: Mm, address: number, migrateAll: boolean): Step<number> {
  yield* lruAddDrain(k);
  const page = yield* addPageForMigration(k, mm, address, migrateAll);
  if (page < 0) return page;
  const failed = yield* migratePages(k, [page], 'MR_SYSCALL');
  yield* putbackMovablePages(k, failed);
  return failed.length === 0 ? 0 : -EBUSY;
}

/** Isolates the folio at an address. @kernel mm/migrate.c add_page_for_migration v6.2 @returns it, or an error number */
function* addPageForMigration(k: Machine, mm: Mm, address: number, migrateAll: boolean): Step<number> {
  yield* mmapReadLock(k, mm);
  const result = yield* isolateAt(k, mm, address, migrateAll);
  mmapReadUnlock(k, mm);
  return result;
}

function* isolateAt(k: Machine, mm: Mm, address: number, migrateAll: boolean): Step<number> {
  const vma = vmaLookup(k, mm, address);
  if (vma === null || !vmaMigratable(k, vma)) return -EFAULT;
  const page = yield* followPagePte(k, vma, address, FOLL_GET);
  if (page === 0) return -ENOENT;
  const folio = pageFolio(k, page);
  const refused = refuses(k, page, migrateAll);
  const isolated = refused === 0 && (yield* isolateMovable(k, folio));
  yield* folioPut(k, folio);
  if (isolated) return folio;
  return refused === 0 ? -EBUSY : refused;
}

/** @kernel mm/mempolicy.c vma_migratable v6.2 */
function vmaMigratable(k: Machine, vma: Vma): boolean {
  if ((vma.vmFlags & (VM_IO | VM_PFNMAP)) !== 0) return false;
  return !isVmHugetlbPage(vma) || hugepageMigrationSupported(k);
}

/** Why a page that is mapped is not to move, 0 if it may. */
function refuses(k: Machine, page: number, migrateAll: boolean): number {
  const folio = pageFolio(k, page);
  if (page === ZERO_PFN || isHugeZeroPage(k, folio)) return -EFAULT;
  if (!migrateAll && pageMapcount(k, page) > 1) return -EACCES;
  // Before b426ed7889be a page of hugetlb moved only for who named its first address.
  return PageHuge(k, folio) && page !== folio && !k.patched.movesHugetlbFromAnywhere ? -EACCES : 0;
}
