import { EINVAL } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import { hugetlbFileSetup } from '../pagecache/hugetlb-file.js';
import { hpagePmdSize } from '../pgtable/pmd.js';
import type { Step } from '../step/step.js';
import { FILE_HUGETLB, fput } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import { flushDelayedFput } from '../zap/delayed-fput.js';
import { MAP_HUGETLB } from './flags.js';
import { type MmapRequest, vmMmapPgoff } from './mmap.js';

/**
 * mmap, which with MAP_HUGETLB and without a file maps a new object of huge pages; its length is rounded up to those.
 *
 * @kernel mm/mmap.c ksys_mmap_pgoff v6.2
 * @differs one size of huge pages
 * @returns as vmMmapPgoff(); -EINVAL where there are no huge pages, -ENOMEM where too few are free
 */
export function* ksysMmapPgoff(k: Machine, mm: Mm, request: MmapRequest): Step<number> {
  if ((request.flags & MAP_HUGETLB) === 0) return yield* vmMmapPgoff(k, mm, request);
  if (request.file !== null && request.file.fOp !== FILE_HUGETLB) return -EINVAL;
  if (k.pte.huge === undefined) return -EINVAL;
  const nrHugePages = Math.ceil(request.len / hpagePmdSize(k));
  const file = request.file ?? hugetlbFileSetup(k, nrHugePages);
  const len = nrHugePages * hpagePmdSize(k);
  const addr = yield* vmMmapPgoff(k, mm, { ...request, file, len });
  // The mapping holds the object now; where there is none, it goes.
  if (request.file === null) fput(k, file.at);
  yield* flushDelayedFput(k);
  return addr;
}
