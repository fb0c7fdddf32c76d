import type { Patch } from './patch.js';

/** Huge pages and other large folios. */
export const hugePatches = {
  gupSeesCollapse: {
    id: '70cbc3cc78a9',
    title: 'mm: gup: fix the fast GUP race against THP collapse',
    changes: 'GUP-fast lets a page go whose table khugepaged has taken away meanwhile',
    since: 'v6.0',
  },
  pmdReadRechecks: {
    id: '024d232ae4fc',
    title: 'mm: Fix pmd_read_atomic()',
    changes: 'on 32-bit machines the halves of a PMD that is read without lock belong together',
    since: 'v6.2-rc1',
  },
  gupReadsPmdWhole: {
    id: '1180e732c985',
    title: 'mm/gup: Fix the lockless PMD access',
    changes: 'GUP-fast reads a PMD low, high and low again where one load does not hold it',
    since: 'v6.2-rc1',
    requires: [['024d232ae4fc', 'it brought the read that GUP-fast now uses']],
  },
  splitDirties: {
    id: '0ccf7f168e17',
    title: 'mm/thp: carry over dirty bit when thp splits on pmd',
    changes: 'pages of a dirty huge page that is split get dirty entries, made dirty last',
    since: 'v6.1-rc1',
  },
  splitDirtiesNot: {
    id: '624a2c94f5b7',
    title: 'Partly revert "mm/thp: carry over dirty bit when thp splits on pmd"',
    changes: 'only the folio is dirty after a split, not the entries',
    since: 'v6.1-rc5',
  },
  splitProtectsLast: {
    id: 'e833bc503405',
    title: 'mm/thp: re-apply mkdirty for small pages after split',
    changes: 'entries are dirty again after a split, and write-protected last',
    since: 'v6.2-rc1',
  },
  splitProtectsFirstAgain: {
    id: '5436d6556937',
    title: 'mm/huge_memory: revert "Partly revert "mm/thp: carry over dirty bit when thp splits on pmd""',
    changes: 'entries are write-protected before they are made dirty',
    since: 'v6.4',
    requires: [['e833bc503405', 'it undoes its order']],
  },
  splitMkwriteIfWritable: {
    id: '1462c52e9f2b',
    title:
      'mm/huge_memory: conditionally call maybe_mkwrite() and drop pte_wrprotect() in __split_huge_pmd_locked()',
    changes: 'entries become writable only where the leaf was; no visible change',
    since: 'v6.4',
    requires: [['5436d6556937', 'it goes on from its order']],
  },
  hugeZeroBecomesHuge: {
    id: '1ced09e0331f',
    title: 'mm: allocate THP on hugezeropage wp-fault',
    changes: 'a store to the huge zero page gets a huge page, no longer a small one',
    since: 'v6.13',
  },
  collapseReadonly: {
    id: '62b98015d988',
    title: 'mm: enable khugepaged anonymous collapse on non-writable regions',
    changes: 'memory of which no page may be written is collapsed, too',
    since: 'v6.18',
  },
  uffdWpMovingPmd: {
    id: '24bf08c4376b',
    title: 'mm/userfaultfd: fix uffd-wp handling for THP migration entries',
    changes: 'userfaultfd write-protects a huge page also while it is moving',
    since: 'v6.3-rc7',
  },
  migrationSplitsDeferred: {
    id: '7262f208ca68',
    title: 'mm/migrate: split source folio if it is on deferred split list',
    changes: 'a huge page of which a part is unmapped is split before it moves',
    since: 'v6.10',
  },
  pmdWriteUpgrade: {
    id: 'c27f479ef542',
    title: 'mm/huge_memory: try avoiding write faults when changing PMD protection',
    changes: 'mprotect makes exclusive huge pages writable at once',
    since: 'v6.2-rc1',
  },
  migrateExactSoftDirty: {
    id: '055267feaecc',
    title: 'mm/migrate: preserve exact soft-dirty state',
    changes: 'a dirty page that was moved or split is not soft-dirty unless it was',
    since: 'v6.9',
  },
  movesHugetlbFromAnywhere: {
    id: 'b426ed7889be',
    title: 'mm: migrate: remove PageHead() check for HugeTLB in add_page_for_migration()',
    changes: 'move_pages moves a page of hugetlb whatever address within it is named',
    since: 'v6.7',
  },
  likelyMappedShared: {
    id: 'ebb34f78d72c',
    title: 'mm: convert folio_estimated_sharers() to folio_likely_mapped_shared()',
    changes: 'advice guesses from all map counts of a large folio whether it is shared',
    since: 'v6.10',
  },
  coldKeepsLarge: {
    id: '3931b871c494',
    title: 'mm: madvise: avoid split during MADV_PAGEOUT and MADV_COLD',
    changes: 'MADV_PAGEOUT and MADV_COLD take large folios whole if the range holds all of them',
    since: 'v6.10',
  },
  freeKeepsLarge: {
    id: 'dce7d10be4bb',
    title: 'mm/madvise: optimize lazyfreeing with mTHP in madvise_free',
    changes: 'MADV_FREE gives large folios up whole if the range holds all of them',
    since: 'v6.10',
  },
  splitOnlyPartlyMapped: {
    id: '5ed890ce5147',
    title: 'mm: vmscan: avoid split during shrink_folio_list()',
    changes: 'reclaim splits a huge page first only if it is mapped in part, not whenever no leaf maps it',
    since: 'v6.10',
  },
  splitMapsZeropage: {
    id: 'b1f202060afe',
    title: 'mm: remap unused subpages to shared zeropage when splitting isolated thp',
    changes: 'pages of zeros that a split huge page leaves are freed; the zero page is mapped in their place',
    since: 'v6.12',
  },
  reuseLargeFolios: {
    id: '1da190f4d0a6',
    title: 'mm: Copy-on-Write (COW) reuse support for PTE-mapped THP',
    changes: 'a write reuses a page of a large folio that only its process maps',
    since: 'v6.15',
  },
  reclaimEmptyTables: {
    id: '6375e95f381e',
    title: 'mm: pgtable: reclaim empty PTE page in madvise(MADV_DONTNEED)',
    changes: 'MADV_DONTNEED frees the page tables that it empties, so that huge pages can take their place',
    since: 'v6.14',
  },
  simpleCompoundMapcount: {
    id: 'cb67f4282bf9',
    title: 'mm,thp,rmap: simplify compound page mapcount handling',
    changes: 'unmapping a huge page to split it no longer queues it for a deferred split',
    since: 'v6.2-rc1',
  },
  deferOnlyPartlyMapped: {
    id: '7491f3f34891',
    title: 'mm/rmap: do not add fully unmapped large folio to deferred split list',
    changes: 'a huge page whose last mapping goes is no longer queued to be split',
    since: 'v6.10',
  },
  zapBatches: {
    id: '10ebac4f95e7',
    title: 'mm/memory: optimize unmap/zap with PTE-mapped THP',
    changes: 'neighbouring pages of a large folio lose their mappings at once',
    since: 'v6.9',
  },
  mlockLargeFolios: {
    id: '1acbc3f93614',
    title: 'mm: handle large folio when large folio in VM_LOCKED VMA range',
    changes: 'a large folio that lies in locked memory with all of its pages is locked, however it is mapped',
    since: 'v6.7',
  },
  pagewalkersRetry: {
    id: '7780d04046a2',
    title: 'mm/pagewalkers: ACTION_AGAIN if pte_offset_map_lock() fails',
    changes: 'a walk looks anew at a huge page that goes while it is looked at',
    since: 'v6.5',
  },
  pagewalkPassesPud: {
    id: '?pagewalk-pud-once',
    title: '[RFC] mm/pagewalk: use READ_ONCE when reading the PUD entry unlocked (September 2020)',
    changes: 'a walk follows the copy of the entry that it has looked at, and callbacks get that copy',
  },
  pagewalkRetriesLeaf: {
    id: '3b89863c3fa4',
    title: 'mm/pagewalk: fix race between concurrent split and refault',
    changes: 'a walk looks anew at a huge entry of a GiB that came back while it split it',
    since: 'v7.0',
  },
  mprotectKnowsPuds: {
    id: 'cb0f01beb166',
    title: 'mm/mprotect: fix dax pud handlings',
    changes:
      'mprotect changes huge entries of a GiB; before, it took them for broken tables and cleared them',
    since: 'v6.12',
  },
} as const satisfies Record<string, Patch>;
