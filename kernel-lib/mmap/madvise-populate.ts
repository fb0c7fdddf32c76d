import { ENOMEM } from '../base/errno.js';
import { faultinPageRange, faultinVmaPageRange } from '../gup/populate.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { mmapReadLock } from '../vma/mmap-lock.js';
import { vmaLookup } from '../vma/vma-list.js';
import type { Vma } from '../vma/vma.js';

/** Makes the pages of [start, end) readable without a fault. */
export function* madvisePopulateRead(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  return yield* madvisePopulate(k, vma, start, end, false);
}

/** The same for stores. */
export function* madvisePopulateWrite(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  return yield* madvisePopulate(k, vma, start, end, true);
}

/**
 * Faults [start, end) of one VMA in. Before 631426ba1d45 an advice like the others: the walk over VMAs goes on
 * behind holes.
 *
 * @kernel mm/madvise.c madvise_populate v6.2
 * @param write whether for writing
 */
function* madvisePopulate(k: Machine, vma: Vma, start: number, end: number, write: boolean): Step<number> {
  const mm = Mm.at(k, vma.vmMm);
  for (let at = start; at < end;) {
    const locked = { held: true };
    const here: Vma | null = at === start ? vma : vmaLookup(k, mm, at);
    if (here === null) return -ENOMEM;
    const ret = yield* faultinVmaPageRange(k, here, at, Math.min(end, here.vmEnd), write, locked);
    if (!locked.held) yield* mmapReadLock(k, mm);
    if (ret < 0) return ret;
    at += ret * k.pageSize;
  }
  return 0;
}

/** Faults [start, end) in, up to the first hole, since 631426ba1d45. */
export function* madvisePopulateRange(
  k: Machine,
  mm: Mm,
  start: number,
  end: number,
  write: boolean,
): Step<number> {
  for (let at = start; at < end;) {
    const locked = { held: true };
    const ret = yield* faultinPageRange(k, mm, at, end, write, locked);
    if (!locked.held) yield* mmapReadLock(k, mm);
    if (ret < 0) return ret;
    at += ret * k.pageSize;
  }
  return 0;
}
