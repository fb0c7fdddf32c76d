import type { Machine } from '../machine/machine.js';

/** Pages that reclaim takes in one go. @kernel include/linux/swap.h SWAP_CLUSTER_MAX v6.2 */
export const SWAP_CLUSTER_MAX = 32;

/** Which of the lists of the processes' memory cgroup has a cost. */
export type CostlyList = 'anon' | 'file';

/**
 * What reclaim costs, by list: it looks at fewer pages of the list that costs more. What was costs less and less.
 *
 * @kernel mm/swap.c lru_note_cost v6.2
 * @differs one memory cgroup without parents
 * @param nrIo pages written, or read that had better stayed
 * @param nrRotated pages looked at in vain
 */
export function lruNoteCost(k: Machine, list: CostlyList, nrIo: number, nrRotated: number): void {
  const { globals } = k;
  const cost = k.patched.rotationsCost ? nrIo * SWAP_CLUSTER_MAX + nrRotated : nrIo;
  if (list === 'file') globals.fileCost += cost;
  else globals.anonCost += cost;
  const { statInactiveAnon, statActiveAnon, statInactiveFile, statActiveFile } = globals;
  const lruSize = statInactiveAnon + statActiveAnon + statInactiveFile + statActiveFile;
  if (globals.fileCost + globals.anonCost <= Math.floor(lruSize / 4)) return;
  globals.fileCost = Math.floor(globals.fileCost / 2);
  globals.anonCost = Math.floor(globals.anonCost / 2);
}
