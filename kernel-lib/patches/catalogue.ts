import { swpExclusiveSeries } from './swp-exclusive-series.js';

/** One change of the kernel's history, as a switch. */
export interface Patch {
  /** First 12 digits of the mainline commit; `?` and a name where the commit could not be confirmed. */
  readonly id: string;
  readonly title: string;
  /** What the reader sees change, in one clause. */
  readonly changes: string;
  /** Release that first had it; absent: none, it was proposed only. */
  readonly since?: string;
  /** Patches without which this one is refused, with the reason. */
  readonly requires?: readonly (readonly [id: string, why: string])[];
  /** Architectures that it concerns; absent: all. */
  readonly arches?: readonly string[];
}

/**
 * Every patch that the model knows, by the name under which kernel code asks for it: `k.patched.unshareAnyCow`.
 */
export const catalogue = {
  gupFastSeesFork: {
    id: '57efa1fe5957',
    title: 'mm/gup: prevent gup_fast from racing with COW during fork',
    changes: 'a lockless pin is given back if its process forked meanwhile',
    since: 'v5.11',
  },
  sanitizeUnshare: {
    id: 'cdc5021cda19',
    title: 'mm: add early FAULT_FLAG_UNSHARE consistency checks',
    changes: 'UNSHARE outside COW mappings is an ordinary read fault; UNSHARE with WRITE is refused',
    since: 'v6.2-rc1',
  },
  sanitizeWrite: {
    id: '79881fed6052',
    title: 'mm: add early FAULT_FLAG_WRITE consistency checks',
    changes: 'write faults that no mapping allows are refused at the entry',
    since: 'v6.2-rc1',
  },
  wpSharedFirst: {
    id: 'b9086fde6d44',
    title: 'mm: rework handling in do_wp_page() based on private vs. shared mappings',
    changes: 'shared mappings are decided first, private ones last; no visible change',
    since: 'v6.2-rc1',
    requires: [
      ['cdc5021cda19', 'the order relies on faults that were checked at the entry'],
      ['79881fed6052', 'the order relies on faults that were checked at the entry'],
    ],
  },
  unshareAnyCow: {
    id: '8d6a0ac09a16',
    title: 'mm: extend FAULT_FLAG_UNSHARE support to anything in a COW mapping',
    changes: 'UNSHARE also replaces the zero page, page-cache pages and pages without struct page',
    since: 'v6.2-rc1',
    requires: [['b9086fde6d44', 'the private half of do_wp_page() must come last']],
  },
  longtermUnshare: {
    id: '84209e87c696',
    title: 'mm/gup: reliable R/O long-term pinning in COW mappings',
    changes: 'a read-only long-term pin first replaces whatever is not exclusive anonymous memory',
    since: 'v6.2-rc1',
    requires: [['8d6a0ac09a16', 'without it the unshare fault changes nothing and GUP loops for ever']],
  },
  breakKsmUnshare: {
    id: '6cce3314b928',
    title: 'mm/ksm: fix KSM COW breaking with userfaultfd-wp via FAULT_FLAG_UNSHARE',
    changes: 'unmerging copies read-only and clean, also behind userfaultfd write-protection',
    since: 'v6.2-rc1',
  },
  noFaultWriteResult: {
    id: 'cb8d86331343',
    title: 'mm: remove VM_FAULT_WRITE',
    changes: 'write-protect faults no longer report 0x8; no visible change',
    since: 'v6.2-rc1',
    requires: [['6cce3314b928', 'break_ksm() would wait for the bit for ever']],
  },
  swapErrorMarker: {
    id: '15520a3f0469',
    title: 'mm: use pte markers for swap errors',
    changes: 'a failed swapoff leaves a PTE marker instead of an entry of its own type',
    since: 'v6.2-rc1',
  },
  markerForkFollowsChild: {
    id: '49d6d7fb6313',
    title: 'mm/uffd: fix pte marker when fork() without fork event',
    changes: 'fork copies a uffd-wp marker only to a child that tracks it',
    since: 'v6.2',
  },
  errorMarkerSurvivesFork: {
    id: '7e3ce3f8d2d2',
    title: 'mm: fix a few rare cases of using swapin error pte marker',
    changes: 'fork copies error markers; clearing a marker compares the whole entry',
    since: 'v6.2',
    requires: [['15520a3f0469', 'error markers come with it']],
  },
  delayRmap: {
    id: '5df397dec7c4',
    title: 'mm: delay page_remove_rmap() until after the TLB has been flushed',
    changes: 'dirty file pages keep their map count until the TLB is flushed',
    since: 'v6.2-rc1',
  },
  delayRmapTwoBatches: {
    id: 'c47454823bd4',
    title: 'mm: mmu_gather: allow more than one batch of delayed rmaps',
    changes: 'a long run of dirty file pages is flushed every 518 pages, not every 8',
    since: 'v6.2-rc1',
    requires: [['5df397dec7c4', 'it widens the batches of delayed pages']],
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
  cleanExclusiveUpgrade: {
    id: 'd84887739d5c',
    title: 'mm/mprotect: allow clean exclusive anon pages to be writable',
    changes:
      'mprotect makes exclusive anonymous pages writable at once, also those that were not yet written',
    since: 'v6.2-rc1',
  },
  willneedExactEnd: {
    id: '179d3e4f3bfa',
    title: 'mm/madvise: clean up force_shm_swapin_readahead()',
    changes: 'MADV_WILLNEED on shmem no longer reads the page behind the range',
    since: 'v6.5',
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
  odirectPins: {
    id: 'a7e689dd1c06',
    title: 'block: convert bio_map_user_iov to use iov_iter_extract_pages',
    changes: 'O_DIRECT takes FOLL_PIN, so that its source is unshared',
    since: 'v6.3',
  },
  populateByGup: {
    id: '631426ba1d45',
    title: 'mm/madvise: make MADV_POPULATE_(READ|WRITE) handle VM_FAULT_RETRY properly',
    changes: 'MADV_POPULATE stops at the first hole and retries as GUP does',
    since: 'v6.9',
  },
  gupChecksFiles: {
    id: '34ed8d0dcd69',
    title: 'io_uring: rsrc: delegate VMA file-backed check to GUP',
    changes: 'private mappings of /dev/zero can be registered as io_uring buffers',
    since: 'v6.5',
  },
  ioPinsFast: {
    id: '?io-pins-fast',
    title: 'io_uring pins buffers with pin_user_pages_fast()',
    changes: 'pages that are ready are pinned without being marked accessed or dirty',
    since: 'v6.6',
  },
  procMemForcePtrace: {
    id: '599bbba5a36f',
    title: 'proc: make PROC_MEM_FORCE_PTRACE the Kconfig default',
    changes: '/proc/PID/mem overrides protection for tracers only',
    since: 'v7.0',
  },
  pageoutKeepsYoung: {
    id: '2864f3d0f583',
    title: 'mm: madvise: pageout: ignore references rather than clearing young',
    changes: 'MADV_PAGEOUT leaves the young bit of pages that stay',
    since: 'v6.9',
  },
  uffdWpUnpopulated: {
    id: '2bad466cc9d9',
    title: 'mm/uffd: UFFD_FEATURE_WP_UNPOPULATED',
    changes: 'empty places of anonymous memory can be write-protected, by a marker',
    since: 'v6.4',
  },
  uffdWpWritenotify: {
    id: '51d3d5eb74ff',
    title: 'mm/userfaultfd: enable writenotify while userfaultfd-wp is enabled for a VMA',
    changes: 'shared mappings that userfaultfd write-protects map new pages read-only by default',
    since: 'v6.2-rc4',
  },
  uffdWpKeepsPageProt: {
    id: '931298e103c2',
    title: 'mm/userfaultfd: rely on vma->vm_page_prot in uffd_wp_range()',
    changes:
      'lifting write-protection makes exclusive private pages writable at once, and shared ones no longer',
    since: 'v6.3',
    requires: [['51d3d5eb74ff', 'the default protection of shared mappings must be read-only']],
  },
  uffdWpManyVmas: {
    id: '?uffd-wp-many-vmas',
    title: 'mm/userfaultfd: support WP on multiple VMAs',
    changes: 'UFFDIO_WRITEPROTECT works on ranges of several VMAs, all of them registered',
    since: 'v6.4',
  },
  uffdMergePgoff: {
    id: '5543d3c43c41',
    title: 'mm/uffd: allow vma to merge as much as possible',
    changes: 'registering part of a VMA merges it with an equal neighbour above',
    since: 'v6.4',
  },
  uffdPoison: {
    id: 'fc71884a5f59',
    title: 'mm: userfaultfd: add new UFFDIO_POISON ioctl',
    changes: 'UFFDIO_POISON makes accesses to a place fail as poisoned memory does',
    since: 'v6.6',
    requires: [['af19487f00f3', 'it installs that marker']],
  },
  uffdFileSize: {
    id: '435cdb41a76f',
    title: 'mm: userfaultfd: extract file size check out into a helper',
    changes: 'UFFDIO_COPY fails behind the end of any file, private mappings of /dev/zero among them',
    since: 'v6.6',
  },
  uffdUnderVmaLock: {
    id: '29a22b9e08d7',
    title: 'mm: handle userfaults under VMA lock',
    changes: 'a fault that userfaultfd stopped once is not counted as major when it is retried',
    since: 'v6.6',
  },
  uffdWpAsync: {
    id: 'd61ea1cb0095',
    title: 'userfaultfd: UFFD_FEATURE_WP_ASYNC',
    changes: 'write-protection can be lifted by the fault itself, without a message',
    since: 'v6.7',
    requires: [['2bad466cc9d9', 'it needs markers for empty anonymous memory']],
  },
  uffdMove: {
    id: 'adef440691ba',
    title: 'userfaultfd: UFFDIO_MOVE uABI',
    changes: 'UFFDIO_MOVE moves exclusive anonymous pages within a process',
    since: 'v6.8',
  },
  uffdPerVmaLocks: {
    id: '867a43a34ff8',
    title: 'userfaultfd: use per-vma locks in userfaultfd operations',
    changes: 'filling gives a private VMA its anon_vma before anything is checked, also if it then fails',
    since: 'v6.9',
  },
  uffdCloseResets: {
    id: 'c88033efe9a3',
    title: 'mm/userfaultfd: reset ptes when close() for wr-protected ones',
    changes: 'closing a userfaultfd lifts the write-protection that it set',
    since: 'v6.9',
  },
  mremapClearsUffdWp: {
    id: '0cef0bb836e3',
    title: 'mm: clear uffd-wp PTE/PMD state on mremap()',
    changes: 'mremap without UFFD_FEATURE_EVENT_REMAP leaves write-protection and markers behind',
    since: 'v6.13',
  },
  poisonMarker: {
    id: 'af19487f00f3',
    title: 'mm: make PTE_MARKER_SWAPIN_ERROR more general',
    changes: 'the marker of a lost page stops an access as poisoned memory does',
    since: 'v6.6',
    requires: [['15520a3f0469', 'the marker comes with it']],
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
  smapsKsm: {
    id: '8b47933544a6',
    title: 'proc/ksm: add ksm stats to /proc/pid/smaps',
    changes: 'smaps counts merged pages',
    since: 'v6.6',
  },
  hwpoisonIsPfnEntry: {
    id: '07a57a338adb',
    title: 'mm,swapops: update check in is_pfn_swap_entry for hwpoison entries',
    changes: 'smaps counts a page behind a hwpoison entry as resident',
    since: 'v6.9',
  },
  ratelimitedStatsFlush: {
    id: '?memcg-ratelimited-flush',
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
  smapsNonpresentShared: {
    id: '3689c3ebdd54',
    title: 'fs/proc/task_mmu: account non-present entries as "maybe shared, but no idea how often"',
    changes: 'smaps counts a page behind a hwpoison or migration entry as shared',
    since: 'v6.11',
  },
  injectedFailureKills: {
    id: '66802526298e',
    title: 'mm/madvise: add MF_ACTION_REQUIRED to madvise(MADV_HWPOISON)',
    changes: 'who injects a memory failure into dirty memory of its own gets SIGBUS at once',
    since: 'v6.11',
  },
  pagemapExclusiveIsPresent: {
    id: 'da7f31ed0f4d',
    title: "fs/proc/task_mmu: don't indicate PM_MMAP_EXCLUSIVE without PM_PRESENT",
    changes: 'pagemap says "mapped once" of present entries only',
    since: 'v6.11',
  },
  migrationSwpExclusive: {
    id: '?migration-swp-exclusive',
    title:
      'migration entries use pte_swp_exclusive(), announced by the series that gave every architecture the bit',
    changes:
      'an exclusive page that is moving is marked by the bit of its swap PTE, not by an entry type of its own',
  },
  specialSwapPtes: {
    id: '?special-swap-ptes',
    title: '[RFC 00/30] userfaultfd-wp: Support shmem and hugetlbfs (January 2021): its special swap PTE',
    changes: 'write-protection of empty file memory is a PTE without a swap entry instead of a marker',
  },
  knowsSpecialSwapPtes: {
    id: '?pte-has-swap-entry',
    title: '[RFC 07/30] mm/swap: Introduce the idea of special swap ptes',
    changes: 'who meets a special swap PTE no longer takes it for slot 0 of swap area 0',
    requires: [['?special-swap-ptes', 'there is no special PTE without it']],
  },
  smapsLockonfault: {
    id: '?smaps-lf',
    title: 'mm/mlock: show VM_LOCKONFAULT in smaps',
    changes: 'smaps names memory that is locked on fault',
    since: 'v6.2',
  },
  sharedMaywrite: {
    id: 'e8e17ee90eaf',
    title: 'mm: drop the assumption that VM_SHARED always implies writable',
    changes: 'MADV_REMOVE asks whether a shared mapping might be made writable, not whether it is',
    since: 'v6.7',
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
  pmdWriteUpgrade: {
    id: 'c27f479ef542',
    title: 'mm/huge_memory: try avoiding write faults when changing PMD protection',
    changes: 'mprotect makes exclusive huge pages writable at once',
    since: 'v6.2-rc1',
  },
  kpageflagsOfFolio: {
    id: 'dee3d0bef2b0',
    title: 'proc: rewrite stable_page_flags()',
    changes: 'kpageflags shows the flags of the head for every page of a huge page',
    since: 'v6.10',
  },
  pagemapPagePrecise: {
    id: '2c1f057e5be6',
    title: 'fs/proc/task_mmu: properly detect PM_MMAP_EXCLUSIVE per page of PMD-mapped THPs',
    changes: 'pagemap says of each page of a huge page whether it is mapped once',
    since: 'v6.11',
  },
  pagemapPageOfHead: {
    id: '?pagemap-head',
    title: 'pagemap asks for the first page of a PMD-mapped huge page again',
    changes: 'pagemap says of every page of a huge page what it says of the first',
    since: 'v6.15',
  },
  migrateExactSoftDirty: {
    id: '055267feaecc',
    title: 'mm/migrate: preserve exact soft-dirty state',
    changes: 'a dirty page that was moved or split is not soft-dirty unless it was',
    since: 'v6.9',
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
  swapinAnonNew: {
    id: '9ae2feacedde',
    title: 'mm: use folio_add_new_anon_rmap() if folio_test_anon(folio)==false',
    changes: 'a page that swap-in brings to locked memory is not locked',
    since: 'v6.11',
  },
  smapsProtnonePmd: {
    id: '8b9c1cc0418a',
    title: 'smaps: use vm_normal_page_pmd() instead of follow_trans_huge_pmd()',
    changes: 'smaps counts huge pages that nobody may access',
    since: 'v6.6',
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
  ksmSmartScan: {
    id: '5e924ff54d08',
    title: 'mm/ksm: add "smart" page scanning mode',
    changes: 'KSM looks less often at pages that it could not merge for long',
    since: 'v6.7',
  },
  swapZeromap: {
    id: '0ca0c24e3211',
    title: 'mm: store zero pages to be swapped out in a bitmap',
    changes: 'pages of zeros are not written to the swap device',
    since: 'v6.12',
  },
} as const satisfies Record<string, Patch>;

/** A patch of the series that gave swap PTEs an exclusive marker: one for each family of architectures. */
export const swpExclusivePatches: readonly Patch[] = swpExclusiveSeries
  .filter(({ arches, commit }) => arches.length > 0 && commit !== catalogue.nios2SwapRefactored.id)
  .map(({ commit, title, arches }) => ({
    id: commit,
    title,
    changes: 'swap PTEs remember exclusive pages',
    since: 'v6.3',
    arches,
    ...(arches.includes('nios2') && {
      requires: [[catalogue.nios2SwapRefactored.id, 'the marker takes a bit that it set free']],
    }),
  }));

/** `swpExclusive` stands for whichever patch of the series concerns the machine's architecture. */
export type PatchName = keyof typeof catalogue | 'swpExclusive';

/** For each patch whether the machine's kernel has it. */
export type Patched = Readonly<Record<PatchName, boolean>>;

/** Every patch, with the name under which kernel code asks for it. */
export const patches: readonly (readonly [PatchName, Patch])[] = [
  ...(Object.entries(catalogue) as [PatchName, Patch][]),
  ...swpExclusivePatches.map((patch) => ['swpExclusive', patch] as const),
];
