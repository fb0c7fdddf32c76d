/** Parts of a byte that PSS is added up in, so that thirds are not lost. @kernel fs/proc/task_mmu.c PSS_SHIFT v6.2 */
export const PSS_SHIFT = 12;

/** What smaps asks of a page that an entry maps. */
export interface MappedPage {
  readonly anon: boolean;
  readonly swapbacked: boolean;
  readonly ksm: boolean;
  /** By the entry or by the page. */
  readonly dirty: boolean;
  /** Young by the entry, or referenced by the page. */
  readonly young: boolean;
  readonly mapcount: number;
  /** It counts as shared, nobody knows by how many; absent: the map count tells. */
  readonly maybeShared?: boolean;
}

/** What /proc/PID/smaps adds up for one mapping, in bytes; pss, pssDirty and swapPss in 4096ths of a byte. */
export class MemSizeStats {
  resident = 0;
  pss = 0;
  pssDirty = 0;
  sharedClean = 0;
  sharedDirty = 0;
  privateClean = 0;
  privateDirty = 0;
  referenced = 0;
  anonymous = 0;
  ksm = 0;
  lazyfree = 0;
  anonymousThp = 0;
  sharedHugetlb = 0;
  privateHugetlb = 0;
  swap = 0;
  swapPss = 0;
}

/**
 * Adds a page that an entry maps.
 *
 * @param size of the page in bytes
 * @kernel fs/proc/task_mmu.c smaps_account v6.2
 */
export function smapsAccount(mss: MemSizeStats, size: number, page: MappedPage): void {
  if (page.anon) {
    mss.anonymous += size;
    if (!page.swapbacked && !page.dirty) mss.lazyfree += size;
  }
  if (page.ksm) mss.ksm += size;
  mss.resident += size;
  if (page.young) mss.referenced += size;
  smapsPageAccumulate(mss, size, page);
}

/** @kernel fs/proc/task_mmu.c smaps_page_accumulate v6.2 */
function smapsPageAccumulate(
  mss: MemSizeStats,
  size: number,
  { dirty, mapcount, maybeShared }: MappedPage,
): void {
  const pss = shareOf(size, mapcount);
  mss.pss += pss;
  if (dirty) mss.pssDirty += pss;
  if (mapcount >= 2 || maybeShared) {
    if (dirty) mss.sharedDirty += size;
    else mss.sharedClean += size;
  } else if (dirty) {
    mss.privateDirty += size;
  } else {
    mss.privateClean += size;
  }
}

/**
 * Adds a swap entry.
 *
 * @param references how many entries of all processes share its slot
 */
export function accountSwapEntry(mss: MemSizeStats, size: number, references: number): void {
  mss.swap += size;
  mss.swapPss += shareOf(size, references);
}

function shareOf(size: number, sharers: number): number {
  return Math.floor((size * 2 ** PSS_SHIFT) / Math.max(1, sharers));
}

/**
 * The sums in KiB, by their names in smaps. Everything is rounded down once, at the end.
 *
 * @param locked whether the mapping is locked in memory
 * @kernel fs/proc/task_mmu.c __show_smap v6.2
 */
export function __showSmap(mss: MemSizeStats, locked: boolean): Record<string, number> {
  const kib = (bytes: number): number => Math.floor(bytes / 1024);
  const pss = kib(mss.pss / 2 ** PSS_SHIFT);
  return {
    Rss: kib(mss.resident),
    Pss: pss,
    Pss_Dirty: kib(mss.pssDirty / 2 ** PSS_SHIFT),
    Shared_Clean: kib(mss.sharedClean),
    Shared_Dirty: kib(mss.sharedDirty),
    Private_Clean: kib(mss.privateClean),
    Private_Dirty: kib(mss.privateDirty),
    Referenced: kib(mss.referenced),
    Anonymous: kib(mss.anonymous),
    KSM: kib(mss.ksm),
    LazyFree: kib(mss.lazyfree),
    AnonHugePages: kib(mss.anonymousThp),
    Shared_Hugetlb: kib(mss.sharedHugetlb),
    Private_Hugetlb: kib(mss.privateHugetlb),
    Swap: kib(mss.swap),
    SwapPss: kib(mss.swapPss / 2 ** PSS_SHIFT),
    Locked: locked ? pss : 0,
  };
}
