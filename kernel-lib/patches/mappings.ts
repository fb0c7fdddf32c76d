import type { Patch } from './patch.js';

/** What system calls do to mappings and their page tables; how these are taken down. */
export const mappingPatches = {
  delayRmap: {
    id: '5df397dec7c4',
    title: 'mm: delay page_remove_rmap() until after the TLB has been flushed',
    changes: 'dirty file pages keep their map count until the TLB is flushed',
    since: 'v6.2-rc1',
  },
  delayedRmapHidden: {
    id: 'f036c8184f8b',
    title: 'mm: mmu_gather: do not expose delayed_rmap flag',
    changes: 'tlb_flush_rmaps() asks itself whether there is anything to do; no visible change',
    since: 'v6.2-rc1',
    requires: [['5df397dec7c4', 'it moves a test of what that brought']],
  },
  delayRmapTwoBatches: {
    id: 'c47454823bd4',
    title: 'mm: mmu_gather: allow more than one batch of delayed rmaps',
    changes: 'a long run of dirty file pages is flushed every 518 pages, not every 8',
    since: 'v6.2-rc1',
    requires: [['5df397dec7c4', 'it widens the batches of delayed pages']],
  },
  cleanExclusiveUpgrade: {
    id: 'd84887739d5c',
    title: 'mm/mprotect: allow clean exclusive anon pages to be writable',
    changes:
      'mprotect makes exclusive anonymous pages writable at once, also those that were not yet written',
    since: 'v6.2-rc1',
  },
  unaccountUnfaulted: {
    id: '9b9143298585',
    title: 'mm/mprotect: allow unfaulted VMAs to be unaccounted on mprotect()',
    changes: 'private anonymous memory that was never written loses VM_ACCOUNT when it becomes read-only',
    since: 'v6.7',
  },
  mergeNewRange: {
    id: 'cacded5e42b9',
    title: 'mm: avoid using vma_merge() for new VMAs',
    changes: 'of two neighbours that fit a new mapping but not each other, the lower one takes it',
    since: 'v6.12',
  },
  guardRegions: {
    id: '662df3e5c376',
    title: 'mm: madvise: implement lightweight guard page mechanism',
    changes: 'MADV_GUARD_INSTALL makes pages of a mapping inaccessible by PTE markers',
    since: 'v6.13',
  },
  mremapMultipleVmas: {
    id: 'd23cb648e365',
    title: 'mm/mremap: permit mremap() move of multiple VMAs',
    changes: 'mremap moves ranges of several VMAs, with the holes between them',
    since: 'v6.17',
  },
  migrationSwpExclusive: {
    id: '?migration-swp-exclusive',
    title:
      'migration entries use pte_swp_exclusive(), announced by the series that gave every architecture the bit',
    changes:
      'an exclusive page that is moving is marked by the bit of its swap PTE, not by an entry type of its own',
  },
  sharedMaywrite: {
    id: 'e8e17ee90eaf',
    title: 'mm: drop the assumption that VM_SHARED always implies writable',
    changes: 'MADV_REMOVE asks whether a shared mapping might be made writable, not whether it is',
    since: 'v6.7',
  },
} as const satisfies Record<string, Patch>;
