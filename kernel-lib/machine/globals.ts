import { type Handle, struct } from './struct.js';

/** What the kernel keeps in global variables. */
export const GLOBALS = struct('globals', {
  /** Lowest frame that was never handed out. */
  nextFrame: 'i32',
  /** First of the frames given back, linked by their LRU words. */
  freeFrames: 'i32',
  nrUsedFrames: 'i32',
  /** End of the page-table memory ever used, and free tables by level. */
  ptesEnd: 'i32',
  freeTables0: 'i32',
  freeTables1: 'i32',
  freeTables2: 'i32',
  freeTables3: 'i32',
  freeTables4: 'i32',
  nrTables: 'i32',
  /** Pages on each LRU list: 5 lists of 2 memory cgroups. */
  lruSizes: 'i32',
  lruSizes1: 'i32',
  lruSizes2: 'i32',
  lruSizes3: 'i32',
  lruSizes4: 'i32',
  lruSizes5: 'i32',
  lruSizes6: 'i32',
  lruSizes7: 'i32',
  lruSizes8: 'i32',
  lruSizes9: 'i32',
  nextPid: 'i32',
  /** How willingly reclaim swaps: 0 never, 100 as willingly as it drops pages of files, 200 before it. */
  vmSwappiness: 'i32',
  /** Address of the first swap area, 0 for none. */
  swapAreas: 'i32',
  /** Address of the first address space of a process, 0 for none. */
  mmlist: 'i32',
  /** Address of the mm at which khugepaged goes on, 0 for the first, and the number of the page there. */
  khugepagedMm: 'i32',
  khugepagedPage: 'u32',
  /** 1 while reads and writes of the swap device fail. */
  swapIoFails: 'i32',
  /** 1 while writes of the swap device stay under way. */
  swapIsSlow: 'i32',
  /** Address of the first address space of anonymous and named shmem, 0 for none. */
  mappings: 'i32',
  /** Address of the first address space of a file on a disk, 0 for none. */
  diskMappings: 'i32',
  /** Address of the first address space of a DAX device, 0 for none. */
  daxMappings: 'i32',
  /** 1 while writes of the disk stay under way until somebody waits for them. */
  diskIsSlow: 'i32',
  /** Address of the first file that nobody holds and that is still to be closed, 0 for none. */
  delayedFputs: 'i32',
  /** Pages in the swap cache. */
  nrSwapCache: 'i32',
  /** First address space that KSM looks at, newest stable node. */
  ksmMms: 'i32',
  ksmStableNodes: 'i32',
  /** First of the free naturally aligned blocks of a huge page's size, linked like single frames. */
  freeHugeFrames: 'i32',
  /** The pool of hugetlb: pages in all, those that are free, those of them that are reserved, and the first free one. */
  nrHugePages: 'i32',
  freeHugePages: 'i32',
  resvHugePages: 'i32',
  hugepageFreelist: 'i32',
  /** The huge zero page, 0 before it was first needed. */
  hugeZeroFolio: 'i32',
  /** Huge pages that wait to be split: oldest and newest. */
  deferredSplitFirst: 'i32',
  deferredSplitLast: 'i32',
  /** Evictions and activations so far. */
  nonresidentAge: 'i32',
  /** Pages that came back to the active list. */
  workingsetActivations: 'i32',
  /** Changes of statistics that the CPU has not told yet, and how often that many were told since the last flush. */
  statsUpdates: 'i32',
  statsFlushThreshold: 'i32',
  /** Statistics of the processes' memory cgroup as last brought up to date. */
  statInactiveAnon: 'i32',
  statActiveAnon: 'i32',
  statInactiveFile: 'i32',
  statActiveFile: 'i32',
  statActivations: 'i32',
  /** What the last of these was when reclaim last ended. */
  snapshotActivations: 'i32',
  /** What its reclaim cost of late, by list. */
  anonCost: 'i32',
  fileCost: 'i32',
});

export type Globals = Handle<(typeof GLOBALS)['fields']>;
