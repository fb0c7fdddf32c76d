import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { AddressSpace } from '../vma/file.js';
import { diskPunchHole, diskSetattr } from './truncate-disk.js';
import { hugetlbfsPunchHole, hugetlbfsSetattr } from './truncate-hugetlb.js';
import { shmemFallocate, shmemSetattr } from './truncate.js';

/**
 * Changes the size of an object or of a file on a disk, as ftruncate does: each file system has its own way.
 *
 * @param size in pages; of a file on a disk the last may be a part of one
 * @returns 0 or a negative error number
 */
export function* truncateFile(k: Machine, mapping: AddressSpace, size: number): Step<number> {
  if (mapping.disk !== 0) return yield* diskSetattr(k, mapping, size * k.pageSize);
  if (mapping.resvMap !== 0) return yield* hugetlbfsSetattr(k, mapping, size);
  yield* shmemSetattr(k, mapping, size);
  return 0;
}

/** Punches a hole of whole pages, as fallocate does. MODEL: FALLOC_FL_PUNCH_HOLE of vfs_fallocate() in fs/open.c. */
export function* vfsFallocate(k: Machine, mapping: AddressSpace, start: number, nrPages: number): Step<void> {
  if (mapping.disk !== 0) yield* diskPunchHole(k, mapping, start, nrPages);
  else if (mapping.resvMap !== 0) yield* hugetlbfsPunchHole(k, mapping, start, nrPages);
  else yield* shmemFallocate(k, mapping, start, nrPages);
}
