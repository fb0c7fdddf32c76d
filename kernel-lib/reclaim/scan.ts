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
  /** What `lruNoteCost` made of earlier scans. */
  anonCost: number;
  fileCost: number;
  /** There are enough inactive pages of files: no others need to go. */
  cacheTrimMode: boolean;
}

/** How gently a scan begins. */
export const DEF_PRIORITY = 12;
/** What swappiness is out of. */
const MAX_SWAPPINESS = 200;

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
  sc.anonCost = k.globals.anonCost;
  sc.fileCost = k.globals.fileCost;
  sc.cacheTrimMode = !sc.mayDeactivateFile && k.globals.statInactiveFile >> sc.priority > 0;
}

/** How many pages of each list to look at, by list. @kernel mm/vmscan.c get_scan_count v6.2 */
export function getScanCount(k: Machine, sc: Scan): number[] {
  const { anon, file, of } = scanBalance(k, sc);
  const shareOf = (list: number, share: number) => Math.floor(((size(k, list) >> sc.priority) * share) / of);
  const counts = [0, 0, 0, 0];
  for (const list of [LRU_INACTIVE_ANON, LRU_ACTIVE_ANON]) counts[list] = shareOf(list, anon);
  for (const list of [LRU_INACTIVE_FILE, LRU_ACTIVE_FILE]) counts[list] = shareOf(list, file);
  return counts;
}

interface Balance {
  readonly anon: number;
  readonly file: number;
  readonly of: number;
}

/** Shares of anonymous and file pages: the more bringing pages back has cost of late, the fewer are looked at. */
function scanBalance(k: Machine, sc: Scan): Balance {
  const { vmSwappiness } = k.globals;
  const filesAlone = { anon: 0, file: 1, of: 1 };
  if (!canReclaimAnonPages(k) || vmSwappiness === 0) return filesAlone;
  if (sc.priority === 0) return { anon: 1, file: 1, of: 1 };
  if (sc.cacheTrimMode) return filesAlone;
  // To either cost that of both is added, so that no list is ever left alone.
  const both = sc.anonCost + sc.fileCost;
  const anon = Math.floor((vmSwappiness * (3 * both + 1)) / (both + sc.anonCost + 1));
  const file = Math.floor(((MAX_SWAPPINESS - vmSwappiness) * (3 * both + 1)) / (both + sc.fileCost + 1));
  return { anon, file, of: anon + file };
}
