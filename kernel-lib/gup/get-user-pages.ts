import { EAGAIN, EBUSY, EFAULT, EHWPOISON, EINVAL, EMLINK, ENOMEM } from '../base/errno.js';
import {
  FAULT_FLAG_ALLOW_RETRY,
  FAULT_FLAG_KILLABLE,
  FAULT_FLAG_REMOTE,
  FAULT_FLAG_TRIED,
  FAULT_FLAG_UNSHARE,
  FAULT_FLAG_WRITE,
  VM_FAULT_COMPLETED,
  VM_FAULT_ERROR,
  VM_FAULT_HWPOISON,
  VM_FAULT_HWPOISON_LARGE,
  VM_FAULT_OOM,
  VM_FAULT_RETRY,
} from '../fault/flags.js';
import { vmBugOn } from '../base/error.js';
import { handleMmFault } from '../fault/handle.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { MMF_HAS_PINNED, type Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_IO, VM_MAYREAD, VM_PFNMAP, VM_READ, VM_WRITE, isCowMapping } from '../vma/vm-flags.js';
import { vmaNeedsDirtyTracking } from '../vma/page-prot.js';
import { vmaLookup } from '../vma/vma-list.js';
import { VM_OPS_DAX, type Vma, isVmHugetlbPage } from '../vma/vma.js';
import {
  FOLL_FORCE,
  FOLL_GET,
  FOLL_HWPOISON,
  FOLL_LONGTERM,
  FOLL_MADV_POPULATE,
  FOLL_NOFAULT,
  FOLL_PIN,
  FOLL_REMOTE,
  FOLL_TRIED,
  FOLL_UNLOCKABLE,
  FOLL_WRITE,
} from './flags.js';
import { followPagePte } from './follow.js';

/** Whether the caller still holds the mmap lock for reading: a fault that is to be retried drops it. */
export interface MmapLocked {
  held: boolean;
}

/**
 * Finds the pages of [start, start + nrPages), faulting in what is missing, and starts anew where a fault dropped
 * the mmap lock.
 *
 * @kernel mm/gup.c __get_user_pages_locked v6.2
 * @param pages receives the frames, each with a reference or a pin; NULL only faults them in
 * @param locked held on entry; no longer held on return if it was ever dropped
 * @returns how many pages, or a negative error number when there is not one
 */
export function* __getUserPagesLocked(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  pages: number[] | null,
  locked: MmapLocked,
  flags: number,
): Step<number> {
  if (flags & FOLL_PIN) mm.flags |= MMF_HAS_PINNED;
  const gupFlags = pages !== null && (flags & FOLL_PIN) === 0 ? flags | FOLL_GET : flags;
  let done = 0;
  let dropped = false;
  let ret = 0;
  while (done < nrPages) {
    const at = start + done * k.pageSize;
    ret = yield* __getUserPages(k, mm, at, nrPages - done, gupFlags, pages, locked);
    if (ret > 0) done += ret;
    if (locked.held) break;
    dropped = true;
    ret = yield* retryPage(k, mm, start + done * k.pageSize, gupFlags, pages, locked);
    if (ret !== 1) break;
    done++;
  }
  if (dropped && locked.held) {
    mmapReadUnlock(k, mm);
    locked.held = false;
  }
  return done > 0 ? done : ret;
}

/** Repeats the fault that dropped the mmap lock until it succeeds or fails. Such a fault counts as major. */
function* retryPage(
  k: Machine,
  mm: Mm,
  at: number,
  gupFlags: number,
  pages: number[] | null,
  locked: MmapLocked,
): Step<number> {
  for (;;) {
    yield* mmapReadLock(k, mm);
    locked.held = true;
    const ret = yield* __getUserPages(k, mm, at, 1, gupFlags | FOLL_TRIED, pages, locked);
    if (locked.held) return ret;
  }
}

/**
 * Finds the pages of a range one by one.
 *
 * @kernel mm/gup.c __get_user_pages v6.2
 * @returns how many pages; a negative error number when the first one fails; with `locked` no longer held, the
 *     page behind those is to be tried again
 */
export function* __getUserPages(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  gupFlags: number,
  pages: number[] | null,
  locked: MmapLocked,
): Step<number> {
  let vma: Vma | null = null;
  for (let i = 0; i < nrPages; i++) {
    const at = start + i * k.pageSize;
    if (vma === null || at >= vma.vmEnd) {
      vma = vmaLookup(k, mm, at);
      const error = vma === null ? noVma(gupFlags) : refused(k, vma, gupFlags);
      if (error !== 0) return i > 0 ? i : error;
    }
    const page = yield* getOnePage(k, vma!, at, gupFlags, locked);
    if (page <= 0) return i > 0 ? i : page;
    pages?.push(page);
  }
  return nrPages;
}

function noVma(gupFlags: number): number {
  return gupFlags & FOLL_MADV_POPULATE ? -ENOMEM : -EFAULT;
}

function refused(k: Machine, vma: Vma, gupFlags: number): number {
  const error = checkVmaFlags(k, vma, gupFlags);
  return error !== 0 && (gupFlags & FOLL_MADV_POPULATE) !== 0 ? -EINVAL : error;
}

/**
 * MODEL: faults for one page, behind which GUP is said to loop for ever. Linux has no bound but a fatal signal; three
 * are enough for any page that nobody takes away again.
 */
const MOST_FAULTS = 8;

/** One page: the frame, a negative error number, or 0 when the fault dropped the mmap lock. */
function* getOnePage(k: Machine, vma: Vma, at: number, gupFlags: number, locked: MmapLocked): Step<number> {
  for (let faults = 0; ; faults++) {
    const page = yield* followPagePte(k, vma, at, gupFlags);
    if (page > 0) return page;
    vmBugOn(faults === MOST_FAULTS, 'GUP would loop for ever: its faults change nothing');
    const ret = yield* faultinPage(k, vma, at, gupFlags, page === -EMLINK, locked);
    if (ret === -EBUSY || ret === -EAGAIN) return 0;
    if (ret !== 0) return ret;
  }
}

/** @kernel mm/gup.c faultin_page v6.2 */
function* faultinPage(
  k: Machine,
  vma: Vma,
  address: number,
  flags: number,
  unshare: boolean,
  locked: MmapLocked,
): Step<number> {
  if (flags & FOLL_NOFAULT) return -EFAULT;
  let faultFlags = unshare ? FAULT_FLAG_UNSHARE : 0;
  if (flags & FOLL_WRITE) faultFlags |= FAULT_FLAG_WRITE;
  if (flags & FOLL_REMOTE) faultFlags |= FAULT_FLAG_REMOTE;
  if (flags & FOLL_UNLOCKABLE) faultFlags |= FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE;
  if (flags & FOLL_TRIED) faultFlags |= FAULT_FLAG_TRIED;
  const ret = yield* handleMmFault(k, vma, address, faultFlags);
  if (ret & VM_FAULT_COMPLETED) {
    locked.held = false;
    return -EAGAIN;
  }
  if (ret & VM_FAULT_ERROR) return vmFaultToErrno(ret, flags);
  if ((ret & VM_FAULT_RETRY) === 0) return 0;
  locked.held = false;
  return -EBUSY;
}

/** @kernel include/linux/mm.h vm_fault_to_errno v6.2 */
function vmFaultToErrno(vmFault: number, follFlags: number): number {
  if (vmFault & VM_FAULT_OOM) return -ENOMEM;
  const poisoned = (vmFault & (VM_FAULT_HWPOISON | VM_FAULT_HWPOISON_LARGE)) !== 0;
  return poisoned && (follFlags & FOLL_HWPOISON) !== 0 ? -EHWPOISON : -EFAULT;
}

/**
 * Whether the VMA permits the access, or force does.
 *
 * @kernel mm/gup.c check_vma_flags v6.2
 * @differs memory of devices cannot be taken
 */
export function checkVmaFlags(k: Machine, vma: Vma, gupFlags: number): number {
  const { vmFlags } = vma;
  const force = (gupFlags & FOLL_FORCE) !== 0;
  if (vmFlags & (VM_IO | VM_PFNMAP) || vma.vmOps === VM_OPS_DAX) return -EFAULT;
  if (gupFlags & FOLL_WRITE) {
    if (k.patched.gupKeepsFilesClean && !writableFileMappingAllowed(vma, gupFlags)) return -EFAULT;
    const forced = force && isCowMapping(vmFlags) && !isVmHugetlbPage(vma);
    return (vmFlags & VM_WRITE) !== 0 || forced ? 0 : -EFAULT;
  }
  if (vmFlags & VM_READ) return 0;
  return force && (vmFlags & VM_MAYREAD) !== 0 ? 0 : -EFAULT;
}

/**
 * Whether a pin may come to write: one that is held for long could do so after the page was written back, and its file
 * would not know.
 *
 * @kernel mm/gup.c writable_file_mapping_allowed 6.12
 */
function writableFileMappingAllowed(vma: Vma, gupFlags: number): boolean {
  const longterm = (gupFlags & (FOLL_PIN | FOLL_LONGTERM)) === (FOLL_PIN | FOLL_LONGTERM);
  return !longterm || !vmaNeedsDirtyTracking(vma);
}
