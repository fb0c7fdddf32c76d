import { VM_FAULT_ERROR, VM_FAULT_RETRY, FAULT_FLAG_ALLOW_RETRY } from '../fault/flags.js';
import { doSwapPage } from '../fault/swapin.js';
import { PG_locked, PG_lru, PG_referenced, PG_swapcache, PG_young } from '../folio/flags.js';
import { folioMapcount, folioNrPages, hpagePmdNr } from '../folio/compound.js';
import { PageAnon, ZERO_PFN, pageFolio, pageMapcount, pageRefcount, testFlag } from '../folio/frame.js';
import { lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { VmEvent } from '../machine/vmstat.js';
import { type Pte, pteNone, ptePfn, pteSwpUffdWp, pteUffdWp, pteWrite, pteYoung } from '../pgtable/pte.js';
import { isSwapPmd, pmdAt, pmdTable, pmdTransHuge } from '../pgtable/pmd.js';
import { pteOffset, pteTable, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { isSwapPte, isSwapSpecialPte, pteHasSwapEntry } from '../swap/special-pte.js';
import { pteSwpUffdWpAny } from '../uffd/markers.js';
import { Mm } from '../vma/mm.js';
import { __VM_UFFD_FLAGS } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/** Why a range is or is not collapsed into a huge page. @kernel mm/khugepaged.c SCAN_FAIL v6.2 */
export type ScanResult =
  | 'SCAN_FAIL'
  | 'SCAN_SUCCEED'
  | 'SCAN_PMD_NULL'
  | 'SCAN_PMD_NONE'
  | 'SCAN_PMD_MAPPED'
  | 'SCAN_PTE_NON_PRESENT'
  | 'SCAN_DEL_PAGE_LRU'
  | 'SCAN_VMA_CHECK'
  | 'SCAN_ALLOC_HUGE_PAGE_FAIL'
  | 'SCAN_EXCEED_NONE_PTE'
  | 'SCAN_EXCEED_SWAP_PTE'
  | 'SCAN_EXCEED_SHARED_PTE'
  | 'SCAN_PTE_UFFD_WP'
  | 'SCAN_PAGE_RO'
  | 'SCAN_LACK_REFERENCED_PAGE'
  | 'SCAN_PAGE_NULL'
  | 'SCAN_PAGE_COUNT'
  | 'SCAN_PAGE_LRU'
  | 'SCAN_PAGE_LOCK'
  | 'SCAN_PAGE_ANON';

/** What a scan has counted so far. */
interface Scan {
  readonly isKhugepaged: boolean;
  noneOrZero: number;
  unmapped: number;
  shared: number;
  referenced: number;
  writable: boolean;
}

/**
 * Decides by the entries behind one huge page whether they may be collapsed into one.
 *
 * @kernel mm/khugepaged.c hpage_collapse_scan_pmd v6.2
 * @differs the decision only; one node
 * @param address first byte of the huge page
 * @param isKhugepaged false for MADV_COLLAPSE, to which no limits apply
 */
export function* hpageCollapseScanPmd(
  k: Machine,
  vma: Vma,
  address: number,
  isKhugepaged: boolean,
): Step<ScanResult> {
  const table = pteTable(k, Mm.at(k, vma.vmMm).pgd, address);
  if (table === 0) return withoutTable(k, vma, address);
  const scan: Scan = { isKhugepaged, noneOrZero: 0, unmapped: 0, shared: 0, referenced: 0, writable: false };
  let stopped: ScanResult | undefined;
  yield* ptlLock(k, table);
  for (let n = 0; n < hpagePmdNr(k) && stopped === undefined; n++) {
    const pte = yield* ptepGet(k, pteOffset(k, table, address + n * k.pageSize));
    stopped = scanPte(k, vma, pte, scan);
  }
  ptlUnlock(k, table);
  countExceeded(k, stopped);
  return stopped ?? verdict(k, scan);
}

const exceeded: Partial<Record<ScanResult, VmEvent>> = {
  SCAN_EXCEED_NONE_PTE: 'thp_scan_exceed_none_pte',
  SCAN_EXCEED_SWAP_PTE: 'thp_scan_exceed_swap_pte',
  SCAN_EXCEED_SHARED_PTE: 'thp_scan_exceed_share_pte',
};

/** Counts a look at entries that stopped because there were too many of a kind. */
export function countExceeded(k: Machine, stopped: ScanResult | undefined): void {
  const event = stopped && exceeded[stopped];
  if (event !== undefined) k.count(event);
}

/** Where nothing can be collapsed. */
function withoutTable(k: Machine, vma: Vma, address: number): ScanResult {
  const { pgd } = Mm.at(k, vma.vmMm);
  const pmd = pmdAt(k, pgd, address);
  if (pmdTransHuge(k, pmd)) return 'SCAN_PMD_MAPPED';
  return pmdTable(k, pgd, address) === 0 || isSwapPmd(k, pmd) ? 'SCAN_PMD_NULL' : 'SCAN_PMD_NONE';
}

/** @returns why the scan stops at an entry, undefined when it goes on */
function scanPte(k: Machine, vma: Vma, pte: Pte, scan: Scan): ScanResult | undefined {
  if (isSwapPte(k, pte)) return scanSwapPte(k, pte, scan);
  if (pteNone(k, pte) || ptePfn(k, pte) === ZERO_PFN) {
    // Who watches for missing pages would never hear of those that a huge page brings along.
    const armed = (vma.vmFlags & __VM_UFFD_FLAGS) !== 0;
    const many = ++scan.noneOrZero > hpagePmdNr(k) - 1 && scan.isKhugepaged;
    return armed || many ? 'SCAN_EXCEED_NONE_PTE' : undefined;
  }
  if (pteUffdWp(k, pte)) return 'SCAN_PTE_UFFD_WP';
  if (pteWrite(k, pte)) scan.writable = true;
  return scanPage(k, pte, scan);
}

/** The proposal of 2021 stops at a special entry at once, however few entries were swapped so far. */
function scanSwapPte(k: Machine, pte: Pte, scan: Scan): ScanResult | undefined {
  if (k.patched.knowsSpecialSwapPtes && isSwapSpecialPte(k, pte)) return 'SCAN_PTE_UFFD_WP';
  if (++scan.unmapped > hpagePmdNr(k) / 8 && scan.isKhugepaged) return 'SCAN_EXCEED_SWAP_PTE';
  // Markers of anonymous memory came with the same change.
  const wp = k.patched.uffdWpUnpopulated ? pteSwpUffdWpAny(k, pte) : pteSwpUffdWp(k, pte);
  return wp ? 'SCAN_PTE_UFFD_WP' : undefined;
}

function scanPage(k: Machine, pte: Pte, scan: Scan): ScanResult | undefined {
  const page = ptePfn(k, pte);
  if (pageMapcount(k, page) > 1 && ++scan.shared > hpagePmdNr(k) / 2 && scan.isKhugepaged)
    return 'SCAN_EXCEED_SHARED_PTE';
  const folio = pageFolio(k, page);
  if (!testFlag(k, folio, PG_lru)) return 'SCAN_PAGE_LRU';
  if (testFlag(k, folio, PG_locked)) return 'SCAN_PAGE_LOCK';
  if (!PageAnon(k, folio)) return 'SCAN_PAGE_ANON';
  if (!isRefcountSuitable(k, folio)) return 'SCAN_PAGE_COUNT';
  if (pteYoung(k, pte) || testFlag(k, folio, PG_young | PG_referenced)) scan.referenced++;
  return undefined;
}

/** Whether only mappings and the swap cache hold a folio. @kernel mm/khugepaged.c is_refcount_suitable v6.2 */
export function isRefcountSuitable(k: Machine, folio: number): boolean {
  const cached = testFlag(k, folio, PG_swapcache) ? folioNrPages(k, folio) : 0;
  return pageRefcount(k, folio) === folioMapcount(k, folio) + cached;
}

function verdict(k: Machine, { isKhugepaged, writable, referenced, unmapped }: Scan): ScanResult {
  if (!writable && !k.patched.collapseReadonly) return 'SCAN_PAGE_RO';
  const few = referenced === 0 || (unmapped > 0 && referenced < hpagePmdNr(k) / 2);
  return isKhugepaged && few ? 'SCAN_LACK_REFERENCED_PAGE' : 'SCAN_SUCCEED';
}

/**
 * Brings what is swapped out back before the entries are collapsed.
 *
 * @kernel mm/khugepaged.c __collapse_huge_page_swapin v6.2
 */
export function* __collapseHugePageSwapin(k: Machine, vma: Vma, haddr: number): Step<ScanResult> {
  const table = pteTable(k, Mm.at(k, vma.vmMm).pgd, haddr);
  // The mmap lock was dropped since the table was looked at.
  if (table === 0) return withoutTable(k, vma, haddr);
  let swappedIn = 0;
  for (let n = 0; n < hpagePmdNr(k); n++) {
    const address = haddr + n * k.pageSize;
    const ptep = pteOffset(k, table, address);
    const origPte = yield* ptepGet(k, ptep);
    if (!pteHasSwapEntry(k, origPte)) continue;
    const vmf = {
      vma,
      mm: Mm.at(k, vma.vmMm),
      address,
      realAddress: address,
      flags: FAULT_FLAG_ALLOW_RETRY,
      origPte,
      table,
      ptep,
      page: 0,
    };
    const ret = yield* doSwapPage(k, vmf);
    if ((ret & VM_FAULT_RETRY) !== 0) return 'SCAN_PAGE_LOCK';
    if ((ret & VM_FAULT_ERROR) !== 0) return 'SCAN_FAIL';
    swappedIn++;
  }
  if (swappedIn > 0) yield* lruAddDrain(k);
  return 'SCAN_SUCCEED';
}
