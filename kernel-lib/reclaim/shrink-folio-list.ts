import { freeFolio } from '../folio/alloc.js';
import { folioEntireMapcount, folioMapcount, folioNrPages, folioTestLarge } from '../folio/compound.js';
import { deferredSplitQueued } from '../folio/deferred-split.js';
import {
  PG_active,
  PG_dirty,
  PG_mlocked,
  PG_reclaim,
  PG_swapbacked,
  PG_swapcache,
  PG_writeback,
} from '../folio/flags.js';
import {
  PageAnon,
  folioMaybeDmaPinned,
  folioRefCount,
  pageOwner,
  setFlag,
  setPageRefcount,
  testFlag,
} from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioEvictable } from '../folio/lru.js';
import { folioIsFileLru } from '../folio/lru-list.js';
import { canSplitFolio, splitHugePageToList } from '../huge/split-folio.js';
import type { Machine } from '../machine/machine.js';
import { type Step, resultOf } from '../step/step.js';
import { addToSwap, folioFreeSwap, memCgroupSwapFull } from '../swap/cache.js';
import { memcgRstatUpdated } from './memcg-stats.js';
import { __removeMapping, pageout } from './pageout.js';
import { type FolioReferences, folioCheckReferences } from './referenced.js';
import { tryToUnmap } from './unmap.js';

/** Whose pages are wanted. @kernel mm/vmscan.c scan_control v6.2 */
export interface ScanControl {
  /** Take pages that were used lately, too. */
  readonly ignoreReferences: boolean;
  /** The memory cgroup's own reclaim, as opposed to MADV_PAGEOUT's. */
  readonly byMemcg: boolean;
}

/** What reclaim met on its way. @kernel include/linux/vmstat.h reclaim_stat v6.2 */
interface ReclaimStat {
  /** Pages of files that are dirty and that nobody writes yet. */
  nrUnqueuedDirty: number;
  /** Pages that it wrote. */
  nrPageout: number;
}

/** What became of a list of pages. */
export interface Shrunk extends Readonly<ReclaimStat> {
  readonly nrReclaimed: number;
  /** Pages that stay, in the order in which they go back to their lists. */
  readonly kept: number[];
}

type Fate = 'free' | 'keep' | 'keepLocked' | 'activateLocked';

/**
 * Tries to free isolated pages, first to last.
 *
 * @kernel mm/vmscan.c shrink_folio_list v6.2
 * @differs every device has written when the call returns; no demotion, no buffers; as since v6.3 and in the
 *   recorded v6.1, a page that is found pinned after it was unmapped is not written
 */
export function* shrinkFolioList(k: Machine, pages: readonly number[], sc: ScanControl): Step<Shrunk> {
  const kept: number[] = [];
  let nrReclaimed = 0;
  const stat: ReclaimStat = { nrUnqueuedDirty: 0, nrPageout: 0 };
  for (const listed of pages) {
    // A large folio may fall into pages, which come next.
    const left = [listed];
    for (let page = left.shift(); page !== undefined; page = left.shift()) {
      const nrPages = folioNrPages(k, page);
      const split: number[] = [];
      const locked = yield* folioTrylock(k, page);
      if (locked && folioEvictable(k, page) && unqueuedDirty(k, page)) stat.nrUnqueuedDirty++;
      const fate = locked ? yield* shrinkFolio(k, page, sc, stat, split) : 'keep';
      left.unshift(...split);
      if (fate === 'free') {
        nrReclaimed += split.length > 0 ? 1 : nrPages;
        freeFolio(k, page);
        continue;
      }
      if (fate === 'activateLocked') yield* activateLocked(k, page);
      if (fate !== 'keep') folioUnlock(k, page);
      kept.push(page);
    }
  }
  // The kernel puts each at the head of the list and empties it from the tail: first comes first.
  return { nrReclaimed, kept, ...stat };
}

/** What folio_check_dirty_writeback() tells: anonymous pages are written by reclaim itself. */
function unqueuedDirty(k: Machine, page: number): boolean {
  if (!folioIsFileLru(k, page) || PageAnon(k, page)) return false;
  return testFlag(k, page, PG_dirty) && !testFlag(k, page, PG_writeback);
}

function* activateLocked(k: Machine, page: number): Step<void> {
  const mlocked = testFlag(k, page, PG_mlocked);
  if (testFlag(k, page, PG_swapcache) && (memCgroupSwapFull(k) || mlocked)) yield* folioFreeSwap(k, page);
  if (mlocked) return;
  setFlag(k, page, PG_active);
  memcgRstatUpdated(k, 1);
}

/**
 * One locked page; it stays locked unless its fate is `free` or `keep`.
 *
 * @param split receives the other pages if it was a large folio and is one no more
 */
function* shrinkFolio(
  k: Machine,
  page: number,
  sc: ScanControl,
  stat: ReclaimStat,
  split: number[],
): Step<Fate> {
  if (!folioEvictable(k, page)) return 'activateLocked';
  if (testFlag(k, page, PG_writeback)) {
    setFlag(k, page, PG_reclaim);
    return 'activateLocked';
  }
  const references: FolioReferences = sc.ignoreReferences ? 'RECLAIM' : yield* folioCheckReferences(k, page);
  if (references === 'ACTIVATE') return 'activateLocked';
  if (references === 'KEEP') return 'keepLocked';
  const anon = PageAnon(k, page);
  if (anon && testFlag(k, page, PG_swapbacked) && !testFlag(k, page, PG_swapcache)) {
    if (yield* folioMaybeDmaPinned(k, page)) return 'keepLocked';
    if (!(yield* giveSlots(k, page, split))) return 'activateLocked';
  }
  if (folioMapcount(k, page) > 0) {
    yield* resultOf(tryToUnmap(k, page));
    if (folioMapcount(k, page) > 0) return 'activateLocked';
  }
  // Unmapped, it cannot be pinned anew; who has it pinned may still write to it.
  if (yield* folioMaybeDmaPinned(k, page)) return 'activateLocked';
  if (testFlag(k, page, PG_dirty)) {
    const stays = yield* writeOut(k, page, references, stat);
    if (stays !== undefined) return stays;
  }
  return yield* freeIt(k, page, sc);
}

/** Finds slots for a folio; a large one whole if there is room for it, else page by page. */
function* giveSlots(k: Machine, folio: number, split: number[]): Step<boolean> {
  if (!folioTestLarge(k, folio)) return yield* resultOf(addToSwap(k, folio));
  if (!(yield* canSplitFolio(k, folio))) return false;
  // Of one that is mapped in part, the rest can go without being written.
  const early = k.patched.splitOnlyPartlyMapped
    ? deferredSplitQueued(k, folio)
    : folioEntireMapcount(k, folio) === 0;
  if (early && (yield* splitHugePageToList(k, folio, split)) !== 0) return false;
  if (yield* resultOf(addToSwap(k, folio))) return true;
  if (!folioTestLarge(k, folio) || (yield* splitHugePageToList(k, folio, split)) !== 0) return false;
  k.count('thp_swpout_fallback');
  return yield* resultOf(addToSwap(k, folio));
}

/** @returns the page's fate, undefined when it is clean now and locked again */
function* writeOut(
  k: Machine,
  page: number,
  references: FolioReferences,
  stat: ReclaimStat,
): Step<Fate | undefined> {
  if (folioIsFileLru(k, page)) {
    setFlag(k, page, PG_reclaim);
    return 'activateLocked';
  }
  if (references === 'RECLAIM_CLEAN') return 'keepLocked';
  const result = yield* resultOf(pageout(k, page));
  if (result === 'KEEP') return 'keepLocked';
  if (result === 'ACTIVATE') return 'activateLocked';
  if (result === 'CLEAN') return undefined;
  stat.nrPageout += folioNrPages(k, page);
  if (testFlag(k, page, PG_writeback | PG_dirty)) return 'keep';
  if (!(yield* folioTrylock(k, page))) return 'keep';
  return testFlag(k, page, PG_writeback | PG_dirty) ? 'keepLocked' : undefined;
}

/** The page is clean and unmapped: whether its last holders let go. */
function* freeIt(k: Machine, page: number, { byMemcg }: ScanControl): Step<Fate> {
  if (PageAnon(k, page) && !testFlag(k, page, PG_swapbacked)) {
    if ((yield* folioRefCount(k, page)) !== 1) return 'keepLocked';
    setPageRefcount(k, page, 0);
    k.count('pglazyfreed', folioNrPages(k, page));
  } else {
    const inCache = testFlag(k, page, PG_swapcache) || (!PageAnon(k, page) && pageOwner(k, page) !== 0);
    if (!inCache || !(yield* resultOf(__removeMapping(k, page, byMemcg ? 'memcg' : 'global'))))
      return 'keepLocked';
  }
  folioUnlock(k, page);
  return 'free';
}
