import {
  LRU_ACTIVE_ANON,
  LRU_ACTIVE_FILE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  MEMCG_PROCESSES,
  lruSize,
} from '../folio/lru-list.js';
import type { Machine } from '../machine/machine.js';
import { swapArea } from '../swap/area.js';
import { inactiveIsLow, memCgroupFlushStats, refaultsSeen } from './memcg-stats.js';

/** The state of one attempt to reclaim from the processes' memory cgroup. @kernel mm/vmscan.c scan_control v6.2 */
export interface Scan {
  /** Lists are scanned by this power of two: 12 for a 4096th, 0 for the whole. */
  priority: number;
  mayDeactivateAnon: boolean;
  mayDeactivateFile: boolean;
  forceDeactivate: boolean;
  skippedDeactivate: boolean;
  nrReclaimed: number;
}

/** How gently a scan begins. */
export const DEF_PRIORITY = 12;
/** @kernel include/linux/swap.h SWAP_CLUSTER_MAX v6.2 */
export const SWAP_CLUSTER_MAX = 32;

/** Pages of a list of the processes' memory cgroup. */
function size(k: Machine, list: number): number {
  return lruSize(k, MEMCG_PROCESSES, list);
}

/** Whether it helps to make anonymous pages inactive. @kernel mm/vmscan.c can_age_anon_pages v6.2 */
export function canAgeAnonPages(k: Machine): boolean {
  return swapArea(k) !== undefined;
}

/** Whether anonymous pages have somewhere to go. @kernel mm/vmscan.c can_reclaim_anon_pages v6.2 */
export function canReclaimAnonPages(k: Machine): boolean {
  const si = swapArea(k);
  return si !== undefined && si.inusePages < si.max - 1;
}

/**
 * Whether active pages may be made inactive: when inactive ones are few, or pages come back too soon. The statistics
 * that tell so may be old.
 *
 * @kernel mm/vmscan.c prepare_scan_count v6.2
 */
export function prepareScanCount(k: Machine, sc: Scan): void {
  memCgroupFlushStats(k);
  sc.mayDeactivateAnon = sc.forceDeactivate || refaultsSeen(k) || inactiveIsLow(k, false);
  sc.mayDeactivateFile = sc.forceDeactivate || inactiveIsLow(k, true);
}

/** How many pages of each list to look at, by list. @kernel mm/vmscan.c get_scan_count v6.2 @differs equal costs */
export function getScanCount(k: Machine, sc: Scan): number[] {
  const [anon, file] = balance(k, sc);
  const counts = [0, 0, 0, 0];
  for (const list of [LRU_INACTIVE_ANON, LRU_ACTIVE_ANON])
    counts[list] = Math.floor(((size(k, list) >> sc.priority) * anon) / 200);
  for (const list of [LRU_INACTIVE_FILE, LRU_ACTIVE_FILE])
    counts[list] = Math.floor(((size(k, list) >> sc.priority) * file) / 200);
  return counts;
}

/** Of 200 pages of each kind, how many to look at. */
function balance(k: Machine, sc: Scan): readonly [anon: number, file: number] {
  const { vmSwappiness } = k.globals;
  if (!canReclaimAnonPages(k) || vmSwappiness === 0) return [0, 200];
  if (sc.priority === 0) return [200, 200];
  return [vmSwappiness, 200 - vmSwappiness];
}
