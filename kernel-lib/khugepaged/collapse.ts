import { EAGAIN, EINVAL, ENOMEM } from '../base/errno.js';
import { allocHugeFolio, folioPut } from '../folio/alloc.js';
import { folioTestLarge, hpagePmdNr } from '../folio/compound.js';
import { PG_uptodate } from '../folio/flags.js';
import { ZERO_PFN, copyUserHighpage, pageFolio, setFlag } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import { folioIsolateLru, folioPutbackLru, lruAddDrain } from '../folio/lru.js';
import { hugepageVmaCheck, transhugeVmaSuitable } from '../huge/vma-check.js';
import type { Machine } from '../machine/machine.js';
import { pgtableTransHugeDeposit } from '../pgtable/deposit.js';
import {
  hpagePmdSize,
  hugeAddress,
  mkHugePmd,
  pmdMkdirty,
  pmdMkwrite,
  pmdOffset,
  pmdPopulate,
  pmdTable,
  setPmdAt,
} from '../pgtable/pmd.js';
import { type Pte, pteNone, ptePfn, ptePresent, pteUffdWp, pteWrite } from '../pgtable/pte.js';
import { pteOffset, pteTable, ptepGet, ptepGetAndClear, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { folioAddLruVma } from '../rmap/lru.js';
import { pageAddNewAnonRmap, pageRemoveRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { freeSwapCache } from '../swap/cache.js';
import { pmdpHugeClearFlush } from '../tlb/tlb.js';
import { MM_ANONPAGES, Mm, addMmCounter } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock, mmapWriteLock, mmapWriteUnlock } from '../vma/mmap-lock.js';
import { vmaLookup } from '../vma/vma-list.js';
import { VM_WRITE, __VM_UFFD_FLAGS } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import {
  type ScanResult,
  __collapseHugePageSwapin,
  countExceeded,
  hpageCollapseScanPmd,
  isRefcountSuitable,
} from './scan.js';

/** Failures after which MADV_COLLAPSE goes on with the next huge page. */
const mayContinue: ReadonlySet<ScanResult> = new Set([
  'SCAN_PMD_NULL',
  'SCAN_PTE_NON_PRESENT',
  'SCAN_PTE_UFFD_WP',
  'SCAN_PAGE_RO',
  'SCAN_LACK_REFERENCED_PAGE',
  'SCAN_PAGE_NULL',
  'SCAN_PAGE_COUNT',
  'SCAN_PAGE_LOCK',
  'SCAN_PAGE_LRU',
  'SCAN_DEL_PAGE_LRU',
]);

/**
 * MADV_COLLAPSE: makes huge pages of what [start, end) of a VMA maps, whatever sysfs says. The mmap lock is held for
 * reading, and dropped meanwhile.
 *
 * @kernel mm/khugepaged.c madvise_collapse v6.2
 * @differs anonymous memory only
 * @returns 0 when every whole huge page of the range is one now; -EINVAL, -ENOMEM, or -EAGAIN when another try may help
 */
export function* madviseCollapse(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  const size = hpagePmdSize(k);
  const fits = transhugeVmaSuitable(k, vma, hugeAddress(k, vma.vmEnd - size));
  if (!hugepageVmaCheck(k, vma, false) || !fits || vma.anonVma === 0) return -EINVAL;
  yield* lruAddDrain(k);
  const mm = Mm.at(k, vma.vmMm);
  const hstart = Math.ceil(start / size) * size;
  const hend = hugeAddress(k, end);
  let thps = 0;
  let lastFail: ScanResult = 'SCAN_FAIL';
  for (let address = hstart; address < hend; address += size) {
    const here = hugepageVmaRevalidate(k, mm, address, false);
    const result = here === null ? 'SCAN_VMA_CHECK' : yield* collapseOne(k, mm, here, address);
    if (result === 'SCAN_SUCCEED' || result === 'SCAN_PMD_MAPPED') {
      thps++;
      continue;
    }
    lastFail = result;
    if (!mayContinue.has(result)) break;
  }
  return thps === (hend - hstart) / size ? 0 : madviseCollapseErrno(lastFail);
}

/** @kernel mm/khugepaged.c madvise_collapse_errno v6.2 */
function madviseCollapseErrno(result: ScanResult): number {
  switch (result) {
    case 'SCAN_ALLOC_HUGE_PAGE_FAIL':
      return -ENOMEM;
    case 'SCAN_PAGE_COUNT':
    case 'SCAN_PAGE_LOCK':
    case 'SCAN_PAGE_LRU':
    case 'SCAN_DEL_PAGE_LRU':
      return -EAGAIN;
    default:
      return -EINVAL;
  }
}

/**
 * The VMA that may still have a huge page at `address`, null if it went or changed.
 *
 * @kernel mm/khugepaged.c hugepage_vma_revalidate v6.2
 */
function hugepageVmaRevalidate(k: Machine, mm: Mm, address: number, isKhugepaged: boolean): Vma | null {
  const vma = vmaLookup(k, mm, address);
  if (vma === null || !transhugeVmaSuitable(k, vma, address)) return null;
  if (!hugepageVmaCheck(k, vma, isKhugepaged)) return null;
  return vma.anonVma === 0 ? null : vma;
}

function* collapseOne(k: Machine, mm: Mm, vma: Vma, address: number): Step<ScanResult> {
  const scanned = yield* hpageCollapseScanPmd(k, vma, address, false);
  return scanned === 'SCAN_SUCCEED' ? yield* collapseHugePage(k, mm, address, false) : scanned;
}

/**
 * Copies a table's pages into a new huge page that takes its place.
 *
 * @kernel mm/khugepaged.c collapse_huge_page v6.2
 * @differs holds the mmap lock for reading afterwards; no lock of the anon_vma; pages are copied with the table
 *   locked; what is swapped out after the scan is read back, too
 * @param isKhugepaged false for MADV_COLLAPSE, whatever sysfs says
 */
export function* collapseHugePage(
  k: Machine,
  mm: Mm,
  address: number,
  isKhugepaged: boolean,
): Step<ScanResult> {
  // Memory may have to be waited for.
  mmapReadUnlock(k, mm);
  const folio = allocHugeFolio(k);
  yield* mmapReadLock(k, mm);
  k.count(folio === 0 ? 'thp_collapse_alloc_failed' : 'thp_collapse_alloc');
  if (folio === 0) return 'SCAN_ALLOC_HUGE_PAGE_FAIL';
  const vma = hugepageVmaRevalidate(k, mm, address, isKhugepaged);
  let result: ScanResult = vma === null ? 'SCAN_VMA_CHECK' : yield* __collapseHugePageSwapin(k, vma, address);
  mmapReadUnlock(k, mm);
  if (result === 'SCAN_SUCCEED') {
    // From here on nobody but GUP-fast and the rmap looks at the table.
    yield* mmapWriteLock(k, mm);
    result = yield* replaceTable(k, mm, address, folio, isKhugepaged);
    mmapWriteUnlock(k, mm);
  }
  if (result !== 'SCAN_SUCCEED') yield* folioPut(k, folio);
  yield* mmapReadLock(k, mm);
  return result;
}

function* replaceTable(
  k: Machine,
  mm: Mm,
  address: number,
  folio: number,
  isKhugepaged: boolean,
): Step<ScanResult> {
  const vma = hugepageVmaRevalidate(k, mm, address, isKhugepaged);
  if (vma === null) return 'SCAN_VMA_CHECK';
  const table = pteTable(k, mm.pgd, address);
  if (table === 0) return 'SCAN_PMD_NULL';
  const pmds = pmdTable(k, mm.pgd, address);
  const pmdp = pmdOffset(k, pmds, address);
  yield* ptlLock(k, pmds);
  yield* pmdpHugeClearFlush(k, mm.at, address, pmdp);
  ptlUnlock(k, pmds);

  yield* ptlLock(k, table);
  const large = new Set<number>();
  const result = yield* __collapseHugePageIsolate(k, vma, address, table, large);
  if (result === 'SCAN_SUCCEED') yield* __collapseHugePageCopy(k, vma, address, table, folio, large);
  ptlUnlock(k, table);

  yield* ptlLock(k, pmds);
  if (result === 'SCAN_SUCCEED') yield* install(k, vma, address, pmds, table, folio);
  else yield* pmdPopulate(k, pmdp, table);
  ptlUnlock(k, pmds);
  return result;
}

function* install(
  k: Machine,
  vma: Vma,
  address: number,
  pmds: number,
  table: number,
  folio: number,
): Step<void> {
  setFlag(k, folio, PG_uptodate);
  const entry = pmdMkdirty(k, mkHugePmd(k, folio, k.pte.protectionMap[vma.vmPageProt]!));
  yield* pageAddNewAnonRmap(k, folio, vma, address);
  yield* folioAddLruVma(k, folio, vma);
  pgtableTransHugeDeposit(k, pmds, table);
  const writable = (vma.vmFlags & VM_WRITE) !== 0 ? pmdMkwrite(k, entry) : entry;
  yield* setPmdAt(k, pmdOffset(k, pmds, address), writable);
}

const noneOrZero = (k: Machine, pte: Pte): boolean =>
  pteNone(k, pte) || (ptePresent(k, pte) && ptePfn(k, pte) === ZERO_PFN);

/**
 * Locks every page of a table and takes it from its LRU list.
 *
 * @kernel mm/khugepaged.c __collapse_huge_page_isolate v6.2
 * @differs no limits here: khugepaged keeps to them, and asks whether pages are used, when it scans; looks for
 *   userfaultfd’s write-protection, as 6.1.192 and 6.12 do
 * @param large receives the large folios among them
 */
function* __collapseHugePageIsolate(
  k: Machine,
  vma: Vma,
  address: number,
  table: number,
  large: Set<number>,
): Step<ScanResult> {
  let writable = false;
  let result: ScanResult | undefined;
  const isolated: number[] = [];
  for (let i = 0; i < hpagePmdNr(k) && result === undefined; i++) {
    const pte = yield* ptepGet(k, pteOffset(k, table, address + i * k.pageSize));
    result = yield* isolatePte(k, vma, pte, isolated, large);
    writable ||= result === undefined && pteWrite(k, pte);
  }
  countExceeded(k, result);
  result ??= writable || k.patched.collapseReadonly ? 'SCAN_SUCCEED' : 'SCAN_PAGE_RO';
  if (result !== 'SCAN_SUCCEED') for (const folio of isolated) yield* releasePteFolio(k, folio);
  return result;
}

/** @returns why the pages cannot be collapsed */
function* isolatePte(
  k: Machine,
  vma: Vma,
  pte: Pte,
  isolated: number[],
  large: Set<number>,
): Step<ScanResult | undefined> {
  if (noneOrZero(k, pte)) return (vma.vmFlags & __VM_UFFD_FLAGS) !== 0 ? 'SCAN_EXCEED_NONE_PTE' : undefined;
  if (!ptePresent(k, pte)) return 'SCAN_PTE_NON_PRESENT';
  if (pteUffdWp(k, pte)) return 'SCAN_PTE_UFFD_WP';
  const folio = pageFolio(k, ptePfn(k, pte));
  if (large.has(folio)) return undefined;
  if (!(yield* folioTrylock(k, folio))) return 'SCAN_PAGE_LOCK';
  const result = isRefcountSuitable(k, folio) ? undefined : 'SCAN_PAGE_COUNT';
  if (result !== undefined || !(yield* folioIsolateLru(k, folio))) {
    folioUnlock(k, folio);
    return result ?? 'SCAN_DEL_PAGE_LRU';
  }
  isolated.push(folio);
  if (folioTestLarge(k, folio)) large.add(folio);
  return undefined;
}

/** @kernel mm/khugepaged.c release_pte_folio 6.12 */
function* releasePteFolio(k: Machine, folio: number): Step<void> {
  folioUnlock(k, folio);
  yield* folioPutbackLru(k, folio);
}

/** @kernel mm/khugepaged.c __collapse_huge_page_copy v6.2 @differs memory is never poisoned */
function* __collapseHugePageCopy(
  k: Machine,
  vma: Vma,
  address: number,
  table: number,
  folio: number,
  large: ReadonlySet<number>,
): Step<void> {
  for (let i = 0; i < hpagePmdNr(k); i++) {
    const ptep = pteOffset(k, table, address + i * k.pageSize);
    const pte = yield* ptepGetAndClear(k, ptep);
    if (noneOrZero(k, pte)) addMmCounter(k, Mm.at(k, vma.vmMm), MM_ANONPAGES, 1);
    else yield* takeOver(k, vma, folio + i, ptePfn(k, pte));
  }
  for (const source of large) {
    folioUnlock(k, source);
    yield* freeSwapCache(k, source);
    yield* folioPutbackLru(k, source);
  }
}

/** One page's content goes to the huge page, and its mapping ends. */
function* takeOver(k: Machine, vma: Vma, to: number, from: number): Step<void> {
  const source = pageFolio(k, from);
  yield* copyUserHighpage(k, to, from);
  if (!folioTestLarge(k, source)) yield* releasePteFolio(k, source);
  yield* pageRemoveRmap(k, from, vma);
  yield* freeSwapCache(k, source);
  yield* folioPut(k, source);
}
