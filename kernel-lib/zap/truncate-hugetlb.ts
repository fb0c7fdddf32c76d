import { EINVAL } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import { removeInodeHugepages } from '../pagecache/hugetlb-file.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import type { Step } from '../step/step.js';
import { type AddressSpace, vmasMapping } from '../vma/file.js';
import { vmaPages } from '../vma/vma.js';
import { type ZapDetails, zapPageRangeSingle } from './zap.js';

/**
 * Changes the size of an object of huge pages. What is cut off is forgotten with its write-protection:
 * `hugetlbfs_setattr` of fs/hugetlbfs/inode.c.
 *
 * @param size in small pages
 * @returns 0, -EINVAL for a part of a huge page
 */
export function* hugetlbfsSetattr(k: Machine, mapping: AddressSpace, size: number): Step<number> {
  const bytes = size * k.pageSize;
  if (bytes % hpagePmdSize(k) !== 0) return -EINVAL;
  const oldSize = mapping.iSize;
  mapping.iSize = bytes;
  if (bytes >= oldSize) return 0;
  yield* hugetlbVmdeleteList(k, mapping, size, Infinity, { dropMarker: true });
  yield* removeInodeHugepages(k, mapping, bytes / hpagePmdSize(k), Infinity);
  return 0;
}

/**
 * Punches a hole, as fallocate does: whole huge pages of the range go, private copies of them, too. Their
 * write-protection stays behind: `hugetlbfs_punch_hole` of fs/hugetlbfs/inode.c.
 *
 * MODEL: the parts of huge pages at both ends are not zeroed.
 *
 * @param start first small page
 */
export function* hugetlbfsPunchHole(
  k: Machine,
  mapping: AddressSpace,
  start: number,
  nrPages: number,
): Step<void> {
  const perHuge = hpagePmdSize(k) / k.pageSize;
  const first = Math.ceil(start / perHuge);
  const end = Math.floor((start + nrPages) / perHuge);
  if (first >= end) return;
  yield* hugetlbVmdeleteList(k, mapping, first * perHuge, end * perHuge, {});
  yield* removeInodeHugepages(k, mapping, first, end);
}

/** Unmaps [start, end) of an object, in small pages: `hugetlb_vmdelete_list` of fs/hugetlbfs/inode.c. */
function* hugetlbVmdeleteList(
  k: Machine,
  mapping: AddressSpace,
  start: number,
  end: number,
  details: ZapDetails,
): Step<void> {
  for (const vma of vmasMapping(k, mapping, start, end - 1)) {
    const from = Math.max(start - vma.vmPgoff, 0);
    const to = Math.min(end - vma.vmPgoff, vmaPages(vma));
    const at = (page: number): number => vma.vmStart + page * k.pageSize;
    yield* zapPageRangeSingle(k, vma, at(from), at(to), details);
  }
}
