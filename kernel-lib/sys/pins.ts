import { EFAULT, EINVAL, EOPNOTSUPP } from '../base/errno.js';
import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_GET, FOLL_LONGTERM, FOLL_PIN, FOLL_WRITE } from '../gup/flags.js';
import { gupPutFolio, setPageDirtyLock, unpinUserPages, unpinUserPagesDirtyLock } from '../gup/grab.js';
import { getUserPagesRemote, pinUserPages, pinUserPagesRemote } from '../gup/remote.js';
import type { Machine } from '../machine/machine.js';
import { kfree, kmalloc, kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { vmasOf } from '../vma/vma-list.js';
import { isVmHugetlbPage, vmaIsShmem } from '../vma/vma.js';

/** Pages that are held for long: a buffer registered with io_uring, memory mapped for a device, what a driver took. */
export const PinnedPages = struct('pinned_pages', {
  /** Vector of frames. */
  pages: 'i32',
  nrPages: 'i32',
  /** 1 when they may have been written through the pin without anybody noting it. */
  dirty: 'i32',
  /** FOLL_PIN, or FOLL_GET where they are held by ordinary references. */
  hold: 'i32',
});
export type PinnedPages = ReturnType<typeof PinnedPages.at>;

/** The frame of one of the pages, 0 when there are not so many. */
export function pinnedPage(k: Machine, pinned: PinnedPages, index: number): number {
  return index < pinned.nrPages ? ld(k.slab, pinned.pages + index) : 0;
}

/** How large a registered buffer may be, in bytes: `io_buffer_validate` of io_uring/rsrc.c. */
const MAX_BUFFER = 2 ** 30;

/**
 * Registers pages as a fixed buffer of io_uring: pinned for writing, whatever it will be used for.
 *
 * @kernel io_uring/rsrc.c io_pin_pages v6.2
 * @returns the buffer, -EFAULT for an empty one, one above 1 GiB and unless every page can be had, -EINVAL for more than one
 *     file, or -EOPNOTSUPP for files that are not in memory
 */
export function* ioPinPages(k: Machine, mm: Mm, start: number, nrPages: number): Step<PinnedPages | number> {
  if (nrPages <= 0 || nrPages * k.pageSize > MAX_BUFFER) return -EFAULT;
  const pages: number[] = [];
  const flags = FOLL_WRITE | FOLL_LONGTERM;
  const ret = k.patched.ioPinsFast
    ? yield* internalGetUserPagesFast(k, mm, start, nrPages, flags | FOLL_PIN, pages)
    : yield* pinUserPages(k, mm, start, nrPages, flags, pages);
  const refused = ret === nrPages && !k.patched.gupChecksFiles ? fileError(k, mm, start, nrPages) : 0;
  if (ret === nrPages && refused === 0) return keep(k, pages, false);
  yield* unpinUserPages(k, pages);
  if (ret === nrPages) return refused;
  return ret < 0 ? ret : -EFAULT;
}

/**
 * What is wrong with the files that a range maps, 0 for nothing: there is one at most, and that in memory. A private
 * mapping of /dev/zero has one that is not.
 */
function fileError(k: Machine, mm: Mm, start: number, nrPages: number): number {
  const vmas = vmasOf(k, mm, start, start + nrPages * k.pageSize);
  for (const vma of vmas) {
    if (vma.vmFile !== vmas[0]!.vmFile) return -EINVAL;
    if (vma.vmFile !== 0 && !vmaIsShmem(vma) && !isVmHugetlbPage(vma)) return -EOPNOTSUPP;
  }
  return 0;
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

/**
 * Takes pages for a driver, as that of the kernel's own tests does.
 *
 * @kernel mm/gup_test.c pin_longterm_test_start 6.12
 * @differs takes any pages by any flags
 * @param flags FOLL_PIN or FOLL_GET, with what else is asked for
 * @param fast whether to look the pages up without locks first
 * @returns the pages, or a negative error number unless every one can be had
 */
export function* pinLongtermTestStart(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  flags: number,
  fast: boolean,
): Step<PinnedPages | number> {
  const pages: number[] = [];
  const slow = (flags & FOLL_PIN) !== 0 ? pinUserPages : getUserPagesRemote;
  const ret = yield* (fast ? internalGetUserPagesFast : slow)(k, mm, start, nrPages, flags, pages);
  const hold = flags & (FOLL_PIN | FOLL_GET);
  if (ret === nrPages) return keep(k, pages, (flags & FOLL_WRITE) !== 0, hold);
  for (const page of pages) yield* gupPutFolio(k, page, hold);
  return ret < 0 ? ret : -EFAULT;
}

function keep(k: Machine, pages: readonly number[], dirty: boolean, hold = FOLL_PIN): PinnedPages {
  const pinned = kmemCacheZalloc(k, PinnedPages);
  pinned.nrPages = pages.length;
  pinned.hold = hold;
  pinned.pages = kmalloc(k, pages.length);
  pages.forEach((page, index) => st(k.slab, pinned.pages + index, page));
  pinned.dirty = dirty ? 1 : 0;
  return pinned;
}

/** Lets all the pages go. */
export function* releasePins(k: Machine, pinned: PinnedPages): Step<number> {
  const { nrPages } = pinned;
  const pages = Array.from({ length: nrPages }, (_, index) => pinnedPage(k, pinned, index));
  if (pinned.dirty !== 0) for (const page of pages) yield* setPageDirtyLock(k, page);
  for (const page of pages) yield* gupPutFolio(k, page, pinned.hold);
  kfree(k, pinned.pages, nrPages);
  kmemCacheFree(k, PinnedPages, pinned.at);
  return nrPages;
}
