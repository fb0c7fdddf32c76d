import type { Patch } from './patch.js';

/** Swap entries, swap-in, reclaim. */
export const swapPatches = {
  swapErrorMarker: {
    id: '15520a3f0469',
    title: 'mm: use pte markers for swap errors',
    changes: 'a failed swapoff leaves a PTE marker instead of an entry of its own type',
    since: 'v6.2-rc1',
  },
  nios2SwapRefactored: {
    id: '0a9ad8273ff4',
    title: 'nios2/mm: refactor swap PTE layout',
    changes: 'swap PTEs of nios2 store all five type bits',
    since: 'v6.3',
    arches: ['nios2'],
  },
  alphaSwpExclusiveBool: {
    id: '403d1338a4a5',
    title: 'mm: pgtable: fix pte_swp_exclusive',
    changes:
      'pte_swp_exclusive() of Alpha no longer loses the marker, which lies in bit 39, on its way through an int',
    since: 'v6.16',
    requires: [['a172d5128706', 'before it Alpha has no marker']],
    arches: ['alpha'],
  },
  rotationsCost: {
    id: '0538a82c39e9',
    title: 'mm: vmscan: make rotations a secondary factor in balancing anon vs file',
    changes: 'pages that reclaim looks at in vain count against their list, too',
    since: 'v6.2-rc1',
  },
  willneedExactEnd: {
    id: '179d3e4f3bfa',
    title: 'mm/madvise: clean up force_shm_swapin_readahead()',
    changes: 'MADV_WILLNEED on shmem no longer reads the page behind the range',
    since: 'v6.5',
  },
  pageoutKeepsYoung: {
    id: '2864f3d0f583',
    title: 'mm: madvise: pageout: ignore references rather than clearing young',
    changes: 'MADV_PAGEOUT leaves the young bit of pages that stay',
    since: 'v6.9',
  },
  poisonMarker: {
    id: 'af19487f00f3',
    title: 'mm: make PTE_MARKER_SWAPIN_ERROR more general',
    changes: 'the marker of a lost page stops an access as poisoned memory does',
    since: 'v6.6',
    requires: [['15520a3f0469', 'the marker comes with it']],
  },
  bypassHoldsSlot: {
    id: '13ddaf26be32',
    title: 'mm/swap: fix race when skipping swapcache',
    changes: 'a fault that reads a slot past the swap cache keeps others from reading it at the same time',
    since: 'v6.8',
  },
  noSwapCacheBypass: {
    id: 'f1879e8a0c60',
    title: 'mm, swap: never bypass the swap cache even for SWP_SYNCHRONOUS_IO',
    changes: 'swap-in goes through the swap cache on every device',
    since: 'v7.0',
  },
  syncFreesSwapCache: {
    id: 'ab08be8dc96a',
    title: 'mm, swap: always try to free swap cache for SWP_SYNCHRONOUS_IO devices',
    changes: 'a page of a synchronous device leaves the swap cache as soon as it is mapped',
    since: 'v7.0',
  },
  freeSwapCacheAfterMap: {
    id: '4b34f1d82c65',
    title: 'mm, swap: free the swap cache after folio is mapped',
    changes: 'whether a swapped-in page is exclusive is decided before the cache lets go of it',
    since: 'v7.0',
  },
  swapinMapsWritable: {
    id: 'c18160dba5ff',
    title: 'mm: swap: reuse exclusive folio directly instead of wp page faults',
    changes: 'a read that swaps an exclusive page in maps it writable at once',
    since: 'v6.11',
  },
  ratelimitedStatsFlush: {
    id: '90a6f2a8f442',
    title: 'memcg: use ratelimited stats flush in the reclaim',
    changes: 'reclaim decides by old statistics of the cgroup whether active pages may go',
    since: 'v6.12',
  },
  incrementalCgroupWalk: {
    id: 'b82b530740b9',
    title: 'mm: vmscan: restore incremental cgroup iteration',
    changes: 'reclaim that freed nothing begins again, before it takes active pages',
    since: 'v6.11',
  },
  injectedFailureKills: {
    id: '66802526298e',
    title: 'mm/madvise: add MF_ACTION_REQUIRED to madvise(MADV_HWPOISON)',
    changes: 'who injects a memory failure into dirty memory of its own gets SIGBUS at once',
    since: 'v6.11',
  },
  swapinAnonNew: {
    id: '9ae2feacedde',
    title: 'mm: use folio_add_new_anon_rmap() if folio_test_anon(folio)==false',
    changes: 'a page that swap-in brings to locked memory is not locked',
    since: 'v6.11',
  },
  swapZeromap: {
    id: '0ca0c24e3211',
    title: 'mm: store zero pages to be swapped out in a bitmap',
    changes: 'pages of zeros are not written to the swap device',
    since: 'v6.12',
  },
} as const satisfies Record<string, Patch>;
