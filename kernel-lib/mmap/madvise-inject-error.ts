import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_GET } from '../gup/flags.js';
import type { Machine } from '../machine/machine.js';
import { memoryFailure } from '../migrate/memory-failure.js';
import { softOfflinePage } from '../migrate/soft-offline.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';

/**
 * MADV_HWPOISON and MADV_SOFT_OFFLINE: as if the memory of the range had failed, or were about to, page by page.
 *
 * @kernel mm/madvise.c madvise_inject_error v6.2
 * @differs the caller is privileged
 * @param lost whether it has failed already
 */
export function* madviseInjectError(
  k: Machine,
  mm: Mm,
  start: number,
  end: number,
  lost: boolean,
): Step<number> {
  for (let address = start; address < end; address += k.pageSize) {
    const pages: number[] = [];
    const got = yield* internalGetUserPagesFast(k, mm, address, 1, FOLL_GET, pages);
    if (got !== 1) return got;
    const page = pages[0]!;
    const ret = lost
      ? yield* memoryFailure(k, page, k.patched.injectedFailureKills)
      : yield* softOfflinePage(k, page);
    if (ret !== 0) return ret;
  }
  return 0;
}
