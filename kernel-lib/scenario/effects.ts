import type { PatchName } from '../patches/catalogue.js';

/** A scenario that shows what a patch does, on a kernel that lacks nothing but the patch. */
export interface ScenarioEffect {
  readonly scenario: string;
  /** Default: the point of mainline before all of them, v6.1. */
  readonly release?: string;
  /** Default: the first that the patch concerns, or x86_64. */
  readonly arch?: string;
  /** Default: the architecture's usual one. */
  readonly cpu?: string;
  /** Patches beside those of the release, or taken from it, without which it would show nothing. */
  readonly with?: readonly PatchName[];
  readonly without?: readonly PatchName[];
}

/** A race that the patch decides. */
export interface RaceEffect {
  readonly race: string;
}

/** Why no course of events shows it. */
export interface NoEffect {
  readonly none: string;
}

export type Effect = ScenarioEffect | RaceEffect | NoEffect;

const loongarch = {
  release: 'v6.1',
  arch: 'loongarch64_4k',
  without: ['loongarchMkdirtyAsks', 'loongarchMkwriteAsks'],
} as const;

/** For each patch where its effect can be seen. */
export const effects: Readonly<Record<PatchName, Effect>> = {
  // unsharing.ts
  gupFastSeesFork: { race: 'gup-fast-fork' },
  sanitizeUnshare: { scenario: 'unshare-shared-mapping' },
  sanitizeWrite: { scenario: 'write-fault-readonly-shared' },
  wpSharedFirst: { none: 'a rework: faults that were checked at the entry are decided as before' },
  unshareAnyCow: { scenario: 'unshare-zeropage' },
  hugeFaultSharedOnly: { scenario: 'huge-fault-private' },
  longtermUnshare: { scenario: 'longterm-pin-zeropage' },
  breakKsmUnshare: { scenario: 'ksm-unmerge' },
  breakKsmWalks: { scenario: 'ksm-unmerge-inaccessible' },
  followPageProtnone: { scenario: 'ksm-inaccessible' },
  noFaultWriteResult: { scenario: 'write-fault-readonly-private' },
  odirectPins: { scenario: 'odirect-write-shared' },
  populateByGup: { scenario: 'populate-hole' },
  gupChecksFiles: { scenario: 'iouring-zero' },
  gupKeepsFilesClean: { scenario: 'longterm-rw-shared-disk' },
  gupFastKeepsFilesClean: { scenario: 'longterm-rw-fast-shared-disk', with: ['gupKeepsFilesClean'] },
  ioPinsFast: { scenario: 'iouring-clean-shared' },
  procMemForcePtrace: { scenario: 'ptrace-breakpoint' },
  ksmSmartScan: { scenario: 'ksm-long-different' },
  // swap.ts
  swapErrorMarker: { scenario: 'swap-error-fork', with: ['markerForkFollowsChild'] },
  poisonMarker: { scenario: 'swap-error' },
  nios2SwapRefactored: { scenario: 'migrate-readonly-exclusive' },
  alphaSwpExclusiveBool: { scenario: 'swp-exclusive-vmsplice' },
  swpExclusive: { scenario: 'swp-exclusive-vmsplice' },
  rotationsCost: { scenario: 'reclaim-rotations' },
  willneedExactEnd: { scenario: 'willneed-behind' },
  pageoutKeepsYoung: { scenario: 'pin-refuses-swap' },
  bypassHoldsSlot: { race: 'swapin-bypass' },
  noSwapCacheBypass: { scenario: 'swp-exclusive-synchronous', release: '6.12' },
  syncFreesSwapCache: { scenario: 'swp-exclusive-synchronous', release: '7.2' },
  freeSwapCacheAfterMap: { scenario: 'swap-fork-exit' },
  swapinMapsWritable: { scenario: 'swap-read-write' },
  swapinAnonNew: { scenario: 'swap-in-locked' },
  ratelimitedStatsFlush: { scenario: 'reclaim-stale-statistics', release: '6.12' },
  incrementalCgroupWalk: { scenario: 'reclaim-two-walks', release: '6.12' },
  swapZeromap: { scenario: 'swap-zeros' },
  injectedFailureKills: { scenario: 'hwpoison-injected' },
  // userfaultfd.ts
  markerForkFollowsChild: { scenario: 'marker-fork' },
  errorMarkerSurvivesFork: { scenario: 'swap-error-fork', with: ['markerForkFollowsChild'] },
  uffdWpUnpopulated: { scenario: 'marker-anonymous-unpopulated' },
  uffdWpWritenotify: { scenario: 'uffd-wp-shared-read' },
  uffdWpKeepsPageProt: { scenario: 'marker-unpopulated-read' },
  hugetlbMovingUffdWp: { scenario: 'hugetlb-move-protect' },
  hugetlbForkUffdWp: { scenario: 'hugetlb-fork-protected' },
  hugetlbUnshareKeepsWp: { scenario: 'hugetlb-unshare-protected' },
  uffdWpManyVmas: { scenario: 'uffd-wp-two-mappings' },
  uffdMergePgoff: { scenario: 'uffd-merge' },
  uffdPoison: { scenario: 'uffd-poison' },
  uffdFileSize: { scenario: 'uffd-copy-zero' },
  uffdUnderVmaLock: { scenario: 'marker-unpopulated-write' },
  uffdWpAsync: { scenario: 'uffd-wp-async' },
  uffdMove: { scenario: 'uffd-move' },
  uffdPerVmaLocks: { scenario: 'uffd-failed-fill', with: ['unaccountUnfaulted'] },
  uffdCloseResets: { scenario: 'uffd-wp-close' },
  mremapClearsUffdWp: { scenario: 'uffd-wp-mremap' },
  specialSwapPtes: { scenario: 'marker-dontneed' },
  knowsSpecialSwapPtes: { scenario: 'marker-dontneed' },
  // mappings.ts
  delayRmap: { race: 'delayed-rmap' },
  delayedRmapHidden: {
    none: 'a rework: tlb_flush_rmaps() itself makes the test that its only caller made, and does nothing else before',
  },
  delayRmapTwoBatches: { scenario: 'zap-dirty-pages' },
  cleanExclusiveUpgrade: { scenario: 'mprotect-clean-exclusive' },
  unaccountUnfaulted: { scenario: 'mprotect-unaccounted' },
  mergeNewRange: { scenario: 'mmap-between-neighbours' },
  guardRegions: { scenario: 'guard-region', release: '6.12' },
  mremapMultipleVmas: { scenario: 'mremap-two-mappings' },
  migrationSwpExclusive: { scenario: 'migrate-fork' },
  sharedMaywrite: { scenario: 'remove-readonly-shared' },
  // dirty.ts
  loongarchMkwriteAsks: { scenario: 'mprotect-clean-exclusive', release: 'v6.3' },
  loongarchMkdirtyAsks: {
    scenario: 'thp-split-shared',
    with: ['splitProtectsLast', 'splitProtectsFirstAgain'],
    without: ['loongarchMkwriteAsks'],
  },
  loongarchDirtyIsHardware: { scenario: 'dirty-lazyfree-store', release: 'v6.3', cpu: 'ptw' },
  loongarchWrprotectKeepsDirty: { scenario: 'dirty-lazyfree-fork', release: '6.5', cpu: 'ptw' },
  arm64MkwriteAsks: { scenario: 'thp-split-dirty' },
  sparcMkdirtyAsks: { scenario: 'mkdirty-ptrace-write' },
  migrationProtects: { scenario: 'migrate-readonly-exclusive', arch: 'sparc64' },
  migrationProtectsNot: { scenario: 'migrate-readonly-exclusive', arch: 'sparc64' },
  // huge.ts
  gupSeesCollapse: { race: 'gup-fast-collapse' },
  pmdReadRechecks: { race: 'pae-torn-pmd-read-atomic' },
  gupReadsPmdWhole: { race: 'pae-torn-read' },
  splitDirties: { scenario: 'thp-split-dirty', without: ['splitDirtiesNot'] },
  splitDirtiesNot: { scenario: 'thp-split-dirty' },
  splitProtectsLast: { scenario: 'thp-split-dirty' },
  splitProtectsFirstAgain: { scenario: 'thp-split-shared', ...loongarch },
  splitMkwriteIfWritable: { scenario: 'thp-split-clean', arch: 'arm64_4k' },
  unmapRestoresReserve: { scenario: 'hugetlb-dontneed-reserve' },
  pagewalkersRetry: { race: 'pmd-walk-pagemap' },
  pagewalkPassesPud: { race: 'pud-walk-clean-record' },
  pagewalkRetriesLeaf: { race: 'pud-walk' },
  mprotectKnowsPuds: { race: 'pud-mprotect' },
  pmdWriteUpgrade: { scenario: 'thp-mprotect-write' },
  migrateExactSoftDirty: { scenario: 'migrate-soft-dirty' },
  movesHugetlbFromAnywhere: { scenario: 'hugetlb-move-tail' },
  likelyMappedShared: { scenario: 'thp-advise-part-of-child' },
  coldKeepsLarge: { scenario: 'thp-pages-pageout', release: '6.12' },
  freeKeepsLarge: { scenario: 'thp-pages-free' },
  splitOnlyPartlyMapped: { scenario: 'thp-pages-pageout', release: '6.12' },
  splitMapsZeropage: { scenario: 'thp-split-zeros', release: '6.12' },
  reuseLargeFolios: { scenario: 'thp-pages-reuse', release: '6.12' },
  reclaimEmptyTables: { scenario: 'thp-dontneed-table', release: '6.12' },
  simpleCompoundMapcount: { scenario: 'thp-split-queue' },
  deferOnlyPartlyMapped: { scenario: 'thp-pages-munmap', release: '6.12' },
  zapBatches: { scenario: 'thp-pages-munmap', release: '6.12' },
  mlockLargeFolios: { scenario: 'thp-pages-mlock' },
  uffdWpMovingPmd: { scenario: 'thp-move-uffd-wp' },
  migrationSplitsDeferred: { scenario: 'thp-move-part' },
  hugeZeroBecomesHuge: { scenario: 'thp-zero-write' },
  collapseReadonly: { scenario: 'thp-collapse-readonly' },
  // observation.ts
  smapsKsm: { scenario: 'ksm-pin' },
  hwpoisonIsPfnEntry: { scenario: 'smaps-hwpoison' },
  smapsNonpresentShared: { scenario: 'smaps-hwpoison', with: ['hwpoisonIsPfnEntry'] },
  pagemapExclusiveIsPresent: { scenario: 'device-private-fault' },
  smapsLockonfault: { scenario: 'mlock-on-fault' },
  kpageflagsOfFolio: { scenario: 'thp-kpageflags' },
  pagemapPagePrecise: { scenario: 'thp-pagemap-part' },
  pagemapPageOfHead: { scenario: 'thp-pagemap-part', with: ['pagemapPagePrecise'] },
  smapsProtnonePmd: { scenario: 'thp-inaccessible-smaps' },
};
