import {
  LRU_ACTIVE_ANON,
  LRU_ACTIVE_FILE,
  LRU_INACTIVE_ANON,
  LRU_INACTIVE_FILE,
  MEMCG_PROCESSES,
  lruSize,
} from '../folio/lru-list.js';
import type { Machine } from '../machine/machine.js';

/**
 * Changes that a CPU gathers before it tells. Who asks for statistics brings them up to date once CPUs have told more
 * often than there are CPUs.
 *
 * @kernel include/linux/memcontrol.h MEMCG_CHARGE_BATCH v6.2
 */
const MEMCG_CHARGE_BATCH = 64;

/** A statistic of the processes' memory cgroup changed. @kernel mm/memcontrol.c memcg_rstat_updated v6.2 */
export function memcgRstatUpdated(k: Machine, by: number): void {
  const { globals } = k;
  globals.statsUpdates += Math.abs(by);
  if (globals.statsUpdates <= MEMCG_CHARGE_BATCH) return;
  if (globals.statsFlushThreshold <= k.nrCpus) {
    globals.statsFlushThreshold += Math.floor(globals.statsUpdates / MEMCG_CHARGE_BATCH);
  }
  globals.statsUpdates = 0;
}

/**
 * Reclaim asks for statistics: what they say is what was true when they were last brought up to date.
 *
 * @kernel mm/memcontrol.c mem_cgroup_flush_stats v6.2
 * @differs the timer that does so every two seconds does not run
 */
export function memCgroupFlushStats(k: Machine): void {
  if (k.patched.ratelimitedStatsFlush) return;
  if (k.globals.statsFlushThreshold > k.nrCpus) __memCgroupFlushStats(k);
}

/** @kernel mm/memcontrol.c __mem_cgroup_flush_stats v6.2 */
export function __memCgroupFlushStats(k: Machine): void {
  const { globals } = k;
  const size = (list: number): number => lruSize(k, MEMCG_PROCESSES, list);
  globals.statsFlushThreshold = 0;
  globals.statInactiveAnon = size(LRU_INACTIVE_ANON);
  globals.statActiveAnon = size(LRU_ACTIVE_ANON);
  globals.statInactiveFile = size(LRU_INACTIVE_FILE);
  globals.statActiveFile = size(LRU_ACTIVE_FILE);
  globals.statActivations = globals.workingsetActivations;
}

/**
 * Whether there are so few inactive pages that active ones should join them.
 *
 * @kernel mm/vmscan.c inactive_is_low v6.2
 * @differs less than a gigabyte: as many as there are active ones are enough
 */
export function inactiveIsLow(k: Machine, file: boolean): boolean {
  const { statInactiveAnon, statActiveAnon, statInactiveFile, statActiveFile } = k.globals;
  return file ? statInactiveFile < statActiveFile : statInactiveAnon < statActiveAnon;
}

/** Whether pages have come back to the active list since reclaim last ended. */
export function refaultsSeen(k: Machine): boolean {
  return k.globals.statActivations !== k.globals.snapshotActivations;
}

/** @kernel mm/vmscan.c snapshot_refaults v6.2 */
export function snapshotRefaults(k: Machine): void {
  k.globals.snapshotActivations = k.globals.statActivations;
}
