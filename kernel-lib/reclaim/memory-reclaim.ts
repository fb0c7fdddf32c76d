import { folioPut } from '../folio/alloc.js';
import { PG_active, PG_lru, PG_workingset } from '../folio/flags.js';
import { clearFlag, folioGet, setFlag, testFlag } from '../folio/frame.js';
import { folioEvictable, folioPutbackLru, lruAddDrain } from '../folio/lru.js';
import { folioNrPages } from '../folio/compound.js';
import { SWAP_CLUSTER_MAX, lruNoteCost } from '../folio/lru-cost.js';
import { folioIsFileLru } from '../folio/lru-list.js';
import {
  LRU_ACTIVE_ANON,
  LRU_ACTIVE_FILE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  MEMCG_PROCESSES,
  lruTail,
  lruvecAddFolio,
  lruvecDelFolio,
} from '../folio/lru-list.js';
import type { Machine } from '../machine/machine.js';
import { wakeupFlusherThreads } from '../pagecache/writeback.js';
import type { Step } from '../step/step.js';
import { workingsetAgeNonresident } from '../swap/workingset.js';
import { VM_EXEC } from '../vma/vm-flags.js';
import { inactiveIsLow, memcgRstatUpdated, snapshotRefaults } from './memcg-stats.js';
import { folioReferenced } from './referenced.js';
import { DEF_PRIORITY, type Scan, canAgeAnonPages, getScanCount, prepareScanCount } from './scan.js';
import { type ScanControl, shrinkFolioList } from './shrink-folio-list.js';

/** Attempts without success after which a writer to memory.reclaim gives up. @kernel mm/internal.h MAX_RECLAIM_RETRIES v6.2 */
const MAX_RECLAIM_RETRIES = 16;

/**
 * Writing an amount to memory.reclaim of the processes' memory cgroup.
 *
 * @kernel mm/memcontrol.c memory_reclaim v6.2
 * @param nrPages how much is asked for
 * @returns how many pages were freed; fewer than asked for is -EAGAIN to the writer
 */
export function* memoryReclaim(k: Machine, nrPages: number): Step<number> {
  let nrReclaimed = 0;
  for (let retries = MAX_RECLAIM_RETRIES; nrReclaimed < nrPages;) {
    if (retries === 0) yield* lruAddDrain(k);
    const reclaimed = yield* doTryToFreePages(k, nrPages - nrReclaimed);
    if (reclaimed === 0 && retries-- === 0) break;
    nrReclaimed += reclaimed;
  }
  return nrReclaimed;
}

/** @kernel mm/vmscan.c do_try_to_free_pages v6.2 @differs one memory cgroup, one node */
function* doTryToFreePages(k: Machine, nrToReclaim: number): Step<number> {
  const sc: Scan = {
    priority: DEF_PRIORITY,
    mayDeactivateAnon: false,
    mayDeactivateFile: false,
    forceDeactivate: false,
    skippedDeactivate: false,
    nrReclaimed: 0,
    anonCost: 0,
    fileCost: 0,
    cacheTrimMode: false,
  };
  let fullWalk = !k.patched.incrementalCgroupWalk;
  for (;;) {
    for (sc.priority = DEF_PRIORITY; sc.priority >= 0; sc.priority--) {
      prepareScanCount(k, sc);
      yield* shrinkLruvec(k, sc);
      if (sc.nrReclaimed >= nrToReclaim) break;
    }
    snapshotRefaults(k);
    if (sc.nrReclaimed > 0) return sc.nrReclaimed;
    if (!fullWalk) {
      fullWalk = true;
      continue;
    }
    if (!sc.skippedDeactivate) return 0;
    sc.forceDeactivate = true;
    sc.skippedDeactivate = false;
  }
}

/** @kernel mm/vmscan.c shrink_lruvec v6.2 @differs more is always wanted than there is */
function* shrinkLruvec(k: Machine, sc: Scan): Step<void> {
  const nr = getScanCount(k, sc);
  while (nr[LRU_INACTIVE_ANON] || nr[LRU_ACTIVE_FILE] || nr[LRU_INACTIVE_FILE]) {
    for (let list = LRU_INACTIVE_ANON; list <= LRU_ACTIVE_FILE; list++) {
      const toScan = Math.min(nr[list]!, SWAP_CLUSTER_MAX);
      if (toScan === 0) continue;
      nr[list]! -= toScan;
      yield* shrinkList(k, list, toScan, sc);
    }
  }
  // Also where no inactive page was looked at.
  if (canAgeAnonPages(k) && inactiveIsLow(k, false)) {
    yield* shrinkActiveList(k, LRU_ACTIVE_ANON, SWAP_CLUSTER_MAX);
  }
}

/** @kernel mm/vmscan.c shrink_list v6.2 */
function* shrinkList(k: Machine, list: number, nrToScan: number, sc: Scan): Step<void> {
  if (list === LRU_INACTIVE_ANON || list === LRU_INACTIVE_FILE) {
    sc.nrReclaimed += yield* shrinkInactiveList(k, list, nrToScan);
  } else if (list === LRU_ACTIVE_FILE ? sc.mayDeactivateFile : sc.mayDeactivateAnon) {
    yield* shrinkActiveList(k, list, nrToScan);
  } else {
    sc.skippedDeactivate = true;
  }
}

/** @kernel mm/vmscan.c shrink_inactive_list v6.2 */
function* shrinkInactiveList(k: Machine, list: number, nrToScan: number): Step<number> {
  yield* lruAddDrain(k);
  const pages = yield* isolateLruFolios(k, list, nrToScan);
  if (pages.length === 0) return 0;
  const nrScanned = pages.reduce((sum, page) => sum + folioNrPages(k, page), 0);
  memcgRstatUpdated(k, nrScanned);
  const sc: ScanControl = { ignoreReferences: false, byMemcg: true };
  const { nrReclaimed, nrPageout, kept, nrUnqueuedDirty } = yield* shrinkFolioList(k, pages, sc);
  memcgRstatUpdated(k, nrReclaimed);
  yield* moveFoliosToLru(k, kept);
  lruNoteCost(k, list === LRU_INACTIVE_FILE ? 'file' : 'anon', nrPageout, nrScanned - nrReclaimed);
  // All dirty, and none of them on its way to the disk: whoever writes seems to be asleep.
  if (nrUnqueuedDirty > 0 && nrUnqueuedDirty === pages.length) yield* wakeupFlusherThreads(k);
  return nrReclaimed;
}

/** Makes the oldest active pages inactive. @kernel mm/vmscan.c shrink_active_list v6.2 */
function* shrinkActiveList(k: Machine, list: number, nrToScan: number): Step<void> {
  yield* lruAddDrain(k);
  const active: number[] = [];
  const inactive: number[] = [];
  for (const page of yield* isolateLruFolios(k, list, nrToScan)) {
    if (!folioEvictable(k, page)) {
      yield* folioPutbackLru(k, page);
      continue;
    }
    const { ptes, vmFlags } = yield* folioReferenced(k, page);
    // Code that runs is kept: nothing else would bring it back as often.
    if (ptes > 0 && (vmFlags & VM_EXEC) !== 0 && folioIsFileLru(k, page)) {
      active.push(page);
      continue;
    }
    clearFlag(k, page, PG_active);
    setFlag(k, page, PG_workingset);
    inactive.push(page);
  }
  memcgRstatUpdated(k, active.length + 2 * inactive.length);
  yield* moveFoliosToLru(k, active);
  yield* moveFoliosToLru(k, inactive);
  // Only pages of files stay active.
  if (k.patched.rotationsCost && active.length > 0) lruNoteCost(k, 'file', 0, active.length);
}

/** Takes pages from a list's old end, each with a reference. @kernel mm/vmscan.c isolate_lru_folios v6.2 */
function* isolateLruFolios(k: Machine, list: number, nrToScan: number): Step<number[]> {
  const pages: number[] = [];
  for (let page = lruTail(k, MEMCG_PROCESSES, list); page !== 0 && pages.length < nrToScan;) {
    yield* folioGet(k, page);
    clearFlag(k, page, PG_lru);
    lruvecDelFolio(k, page);
    pages.push(page);
    page = lruTail(k, MEMCG_PROCESSES, list);
  }
  memcgRstatUpdated(k, pages.length);
  return pages;
}

/** Puts isolated pages on the lists that their flags name. @kernel mm/vmscan.c move_folios_to_lru v6.2 */
function* moveFoliosToLru(k: Machine, pages: readonly number[]): Step<void> {
  for (const page of pages) {
    if (!folioEvictable(k, page)) {
      yield* folioPutbackLru(k, page);
      continue;
    }
    setFlag(k, page, PG_lru);
    lruvecAddFolio(k, page);
    memcgRstatUpdated(k, 1);
    if (testFlag(k, page, PG_active)) workingsetAgeNonresident(k, folioNrPages(k, page));
    yield* folioPut(k, page);
  }
}
