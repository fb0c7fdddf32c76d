import { EFAULT, EOPNOTSUPP } from '../base/errno.js';
import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_LONGTERM, FOLL_PIN, FOLL_WRITE } from '../gup/flags.js';
import { unpinUserPages, unpinUserPagesDirtyLock } from '../gup/grab.js';
import { pinUserPages, pinUserPagesRemote } from '../gup/remote.js';
import type { Machine } from '../machine/machine.js';
import { kfree, kmalloc, kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { vmasOf } from '../vma/vma-list.js';
import { vmaIsShmem } from '../vma/vma.js';

/** Pages that are pinned for long: a buffer registered with io_uring, or memory mapped for a device. */
export const PinnedPages = struct('pinned_pages', {
  /** Vector of frames. */
  pages: 'i32',
  nrPages: 'i32',
  /** 1 when they may have been written through the pin without anybody noting it. */
  dirty: 'i32',
});
export type PinnedPages = ReturnType<typeof PinnedPages.at>;

/** The frame of one of the pages, 0 when there are not so many. */
export function pinnedPage(k: Machine, pinned: PinnedPages, index: number): number {
  return index < pinned.nrPages ? ld(k.slab, pinned.pages + index) : 0;
}

/**
 * Registers pages as a fixed buffer of io_uring: pinned for writing, whatever it will be used for.
 *
 * @kernel io_uring/rsrc.c io_pin_pages v6.2
 * @returns the buffer, -EFAULT unless every page can be had, or -EOPNOTSUPP for files that are not in memory
 */
export function* ioPinPages(k: Machine, mm: Mm, start: number, nrPages: number): Step<PinnedPages | number> {
  const pages: number[] = [];
  const flags = FOLL_WRITE | FOLL_LONGTERM;
  const ret = k.patched.ioPinsFast
    ? yield* internalGetUserPagesFast(k, mm, start, nrPages, flags | FOLL_PIN, pages)
    : yield* pinUserPages(k, mm, start, nrPages, flags, pages);
  const refused = !k.patched.gupChecksFiles && mapsFile(k, mm, start, nrPages);
  if (ret === nrPages && !refused) return keep(k, pages, false);
  yield* unpinUserPages(k, pages);
  if (ret === nrPages) return -EOPNOTSUPP;
  return ret < 0 ? ret : -EFAULT;
}

/** Whether the range maps an open file that is not shmem. Private mappings of /dev/zero do. */
function mapsFile(k: Machine, mm: Mm, start: number, nrPages: number): boolean {
  const vmas = vmasOf(k, mm, start, start + nrPages * k.pageSize);
  return vmas.some((vma) => vma.vmFile !== 0 && !vmaIsShmem(vma));
}

/**
 * Maps pages for a device, as VFIO does: pinned one by one, and all let go when one cannot be had.
 *
 * @kernel drivers/vfio/vfio_iommu_type1.c vaddr_get_pfns v6.2
 * @param write whether the device may write
 * @returns the pins, or -EFAULT
 */
export function* vaddrGetPfns(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  write: boolean,
): Step<PinnedPages | number> {
  const pages: number[] = [];
  const flags = write ? FOLL_LONGTERM | FOLL_WRITE : FOLL_LONGTERM;
  for (let i = 0; i < nrPages; i++) {
    const ret = yield* pinUserPagesRemote(k, mm, start + i * k.pageSize, 1, flags, pages);
    if (ret > 0) continue;
    yield* unpinUserPagesDirtyLock(k, pages, write);
    return ret < 0 ? ret : -EFAULT;
  }
  return keep(k, pages, write);
}

function keep(k: Machine, pages: readonly number[], dirty: boolean): PinnedPages {
  const pinned = kmemCacheZalloc(k, PinnedPages);
  pinned.nrPages = pages.length;
  pinned.pages = kmalloc(k, pages.length);
  pages.forEach((page, index) => st(k.slab, pinned.pages + index, page));
  pinned.dirty = dirty ? 1 : 0;
  return pinned;
}

/** Lets all the pages go. */
export function* releasePins(k: Machine, pinned: PinnedPages): Step<number> {
  const { nrPages } = pinned;
  const pages = Array.from({ length: nrPages }, (_, index) => pinnedPage(k, pinned, index));
  yield* unpinUserPagesDirtyLock(k, pages, pinned.dirty !== 0);
  kfree(k, pinned.pages, nrPages);
  kmemCacheFree(k, PinnedPages, pinned.at);
  return nrPages;
}
