import { EINVAL } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import { taskSize } from '../pgtable/table.js';
import {
  UFFD_FEATURE_EVENT_FORK,
  UFFD_FEATURE_EVENT_REMAP,
  UFFD_FEATURE_EVENT_REMOVE,
  UFFD_FEATURE_EVENT_UNMAP,
  UFFD_FEATURE_EXACT_ADDRESS,
  UFFD_FEATURE_THREAD_ID,
  UFFD_FEATURE_MINOR_HUGETLBFS,
  UFFD_FEATURE_MINOR_SHMEM,
  UFFD_FEATURE_MISSING_HUGETLBFS,
  UFFD_FEATURE_MISSING_SHMEM,
  UFFD_FEATURE_MOVE,
  UFFD_FEATURE_PAGEFAULT_FLAG_WP,
  UFFD_FEATURE_POISON,
  UFFD_FEATURE_SIGBUS,
  UFFD_FEATURE_WP_ASYNC,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UFFD_FEATURE_WP_UNPOPULATED,
  type UserfaultfdCtx,
  allocUserfaultfdCtx,
} from '../uffd/ctx.js';
import type { Mm } from '../vma/mm.js';

/** UFFD_FEATURE_… of every kernel that is modelled, on every architecture. */
const COMMON_FEATURES =
  UFFD_FEATURE_EVENT_FORK |
  UFFD_FEATURE_EVENT_REMAP |
  UFFD_FEATURE_EVENT_REMOVE |
  UFFD_FEATURE_MISSING_HUGETLBFS |
  UFFD_FEATURE_MISSING_SHMEM |
  UFFD_FEATURE_EVENT_UNMAP |
  UFFD_FEATURE_SIGBUS |
  UFFD_FEATURE_THREAD_ID |
  UFFD_FEATURE_EXACT_ADDRESS;

/** The features that the kernel offers, UFFD_API_FEATURES of linux/userfaultfd.h. */
export function uffdApiFeatures(k: Machine): number {
  let features = COMMON_FEATURES;
  if (k.uffdWp) features |= UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
  if (k.uffdWp && k.patched.uffdWpUnpopulated) features |= UFFD_FEATURE_WP_UNPOPULATED;
  if (k.uffdWp && k.patched.uffdWpAsync) features |= UFFD_FEATURE_WP_ASYNC;
  if (k.uffdMinor) features |= UFFD_FEATURE_MINOR_HUGETLBFS | UFFD_FEATURE_MINOR_SHMEM;
  if (k.patched.uffdPoison) features |= UFFD_FEATURE_POISON;
  if (k.patched.uffdMove) features |= UFFD_FEATURE_MOVE;
  return features;
}

/**
 * A userfaultfd for an address space: the system call, and the UFFDIO_API that must follow.
 *
 * @kernel fs/userfaultfd.c new_userfaultfd v6.2
 * @param features UFFD_FEATURE_… that are asked for
 * @returns the context, or -EINVAL for features that the kernel has not
 */
export function newUserfaultfd(k: Machine, mm: Mm, features: number): UserfaultfdCtx | number {
  if ((features & ~uffdApiFeatures(k)) !== 0) return -EINVAL;
  // Without markers in empty places, a store there would be missed.
  const implied = (features & UFFD_FEATURE_WP_ASYNC) !== 0 ? UFFD_FEATURE_WP_UNPOPULATED : 0;
  return allocUserfaultfdCtx(k, mm, features | implied);
}

/** @kernel fs/userfaultfd.c validate_range v6.2 @returns 0 or -EINVAL */
export function validateRange(k: Machine, start: number, len: number): number {
  if (start % k.pageSize !== 0 || len % k.pageSize !== 0 || len <= 0) return -EINVAL;
  return start >= taskSize(k) || len > taskSize(k) - start ? -EINVAL : 0;
}
