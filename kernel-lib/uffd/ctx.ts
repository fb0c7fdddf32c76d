import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import { Mm, mmdrop, mmgrab } from '../vma/mm.js';
import { vmaSetPageProt } from '../vma/page-prot.js';
import { VM_SHARED, VM_UFFD_WP, __VM_UFFD_FLAGS } from '../vma/vm-flags.js';
import { type Vma, vmaIsAnonymous } from '../vma/vma.js';

/**
 * One userfaultfd: what it may do, whose memory it watches, and who waits for it.
 *
 * @kernel fs/userfaultfd.c userfaultfd_ctx v6.2
 * @differs no locks: each change of a queue is one step; the queues hold UserfaultfdWaitQueue by address, oldest first
 */
export const UserfaultfdCtx = struct('userfaultfd_ctx', {
  refcount: 'i32',
  /** UFFD_FEATURE_…, as asked for. */
  features: 'i32',
  /** 1 after it was closed. */
  released: 'i32',
  /** Events under way during which the memory must not be filled. */
  mmapChanging: 'i32',
  /** The Mm, kept by mmgrab(). */
  mm: 'i32',
  /** Faults that nobody has read, faults that were read, events that nobody has read. */
  faultPendingWqh: 'i32',
  faultWqh: 'i32',
  eventWqh: 'i32',
});
export type UserfaultfdCtx = ReturnType<typeof UserfaultfdCtx.at>;

/** What a userfaultfd can be asked for. @kernel include/uapi/linux/userfaultfd.h UFFD_FEATURE_EVENT_FORK v6.2 */
export const UFFD_FEATURE_PAGEFAULT_FLAG_WP = 1 << 0;
export const UFFD_FEATURE_EVENT_FORK = 1 << 1;
export const UFFD_FEATURE_EVENT_REMAP = 1 << 2;
export const UFFD_FEATURE_EVENT_REMOVE = 1 << 3;
export const UFFD_FEATURE_MISSING_HUGETLBFS = 1 << 4;
export const UFFD_FEATURE_MISSING_SHMEM = 1 << 5;
export const UFFD_FEATURE_EVENT_UNMAP = 1 << 6;
export const UFFD_FEATURE_SIGBUS = 1 << 7;
export const UFFD_FEATURE_THREAD_ID = 1 << 8;
export const UFFD_FEATURE_MINOR_HUGETLBFS = 1 << 9;
export const UFFD_FEATURE_MINOR_SHMEM = 1 << 10;
export const UFFD_FEATURE_EXACT_ADDRESS = 1 << 11;
export const UFFD_FEATURE_WP_HUGETLBFS_SHMEM = 1 << 12;
export const UFFD_FEATURE_WP_UNPOPULATED = 1 << 13;
export const UFFD_FEATURE_POISON = 1 << 14;
export const UFFD_FEATURE_WP_ASYNC = 1 << 15;
export const UFFD_FEATURE_MOVE = 1 << 16;

/** A context for an address space, with the reference of its file. */
export function allocUserfaultfdCtx(k: Machine, mm: Mm, features: number): UserfaultfdCtx {
  const ctx = kmemCacheZalloc(k, UserfaultfdCtx);
  ctx.refcount = 1;
  ctx.features = features;
  ctx.mm = mm.at;
  mmgrab(mm);
  return ctx;
}

/** @kernel fs/userfaultfd.c userfaultfd_ctx_get v6.2 */
export function userfaultfdCtxGet(ctx: UserfaultfdCtx): void {
  ctx.refcount++;
}

/** @kernel fs/userfaultfd.c userfaultfd_ctx_put v6.2 */
export function userfaultfdCtxPut(k: Machine, ctx: UserfaultfdCtx): void {
  ctx.refcount--;
  if (ctx.refcount !== 0) return;
  mmdrop(k, Mm.at(k, ctx.mm));
  kmemCacheFree(k, UserfaultfdCtx, ctx.at);
}

/** The context that a VMA is registered with, NULL for none. */
export function ctxOf(k: Machine, vma: Vma): UserfaultfdCtx | null {
  return vma.vmUserfaultfdCtx === 0 ? null : UserfaultfdCtx.at(k, vma.vmUserfaultfdCtx);
}

/** Whether a VMA is registered with a context that has one of the features. */
export function hasFeature(k: Machine, vma: Vma, features: number): boolean {
  return ((ctxOf(k, vma)?.features ?? 0) & features) !== 0;
}

/**
 * Registers a VMA in these modes, or with context 0 no more.
 *
 * @kernel mm/userfaultfd.c userfaultfd_set_ctx 6.12
 * @param flags of __VM_UFFD_FLAGS
 */
export function userfaultfdSetCtx(k: Machine, vma: Vma, ctx: number, flags: number): void {
  vma.vmUserfaultfdCtx = ctx;
  const before = vma.vmFlags;
  vma.vmFlags = (before & ~__VM_UFFD_FLAGS) | flags;
  const wpChanged = ((before ^ vma.vmFlags) & VM_UFFD_WP) !== 0;
  // In a shared mapping the default protection decides whether a new entry could be written to unseen.
  if (k.patched.uffdWpWritenotify && wpChanged && (before & VM_SHARED) !== 0) vmaSetPageProt(k, vma);
}

/** Ends a VMA's registration. @kernel mm/userfaultfd.c userfaultfd_reset_ctx 6.12 */
export function userfaultfdResetCtx(k: Machine, vma: Vma): void {
  userfaultfdSetCtx(k, vma, 0, 0);
}

/** Whether empty anonymous memory is write-protected by markers, too. @kernel fs/userfaultfd.c userfaultfd_wp_unpopulated 6.12 */
export function userfaultfdWpUnpopulated(k: Machine, vma: Vma): boolean {
  return hasFeature(k, vma, UFFD_FEATURE_WP_UNPOPULATED);
}

/** Whether write-protecting empty places of a VMA means to leave markers. @kernel include/linux/userfaultfd_k.h userfaultfd_wp_use_markers 6.12 */
export function userfaultfdWpUseMarkers(k: Machine, vma: Vma): boolean {
  if ((vma.vmFlags & VM_UFFD_WP) === 0) return false;
  return !vmaIsAnonymous(vma) || userfaultfdWpUnpopulated(k, vma);
}

/** Whether a write fault lifts the protection by itself. @kernel fs/userfaultfd.c userfaultfd_wp_async 6.12 */
export function userfaultfdWpAsync(k: Machine, vma: Vma): boolean {
  return hasFeature(k, vma, UFFD_FEATURE_WP_ASYNC);
}

/** Whether moved memory must lose its protection: nobody could lift it. @kernel include/linux/userfaultfd_k.h vma_has_uffd_without_event_remap 6.12 */
export function vmaHasUffdWithoutEventRemap(k: Machine, vma: Vma): boolean {
  const ctx = ctxOf(k, vma);
  return ctx !== null && (ctx.features & UFFD_FEATURE_EVENT_REMAP) === 0;
}

/** Whether what mremap moves loses its write-protection: nobody is registered at the new place who could lift it. */
export function movesWithoutUffdWp(k: Machine, vma: Vma): boolean {
  return k.patched.mremapClearsUffdWp && vmaHasUffdWithoutEventRemap(k, vma);
}
