import { hpagePmdNr } from '../folio/compound.js';
import { lruAddDrain } from '../folio/lru.js';
import { hugepageVmaCheck } from '../huge/vma-check.js';
import type { Machine } from '../machine/machine.js';
import { hpagePmdSize, hugeAddress } from '../pgtable/pmd.js';
import type { Step } from '../step/step.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { Mm } from '../vma/mm.js';
import { vmasOf } from '../vma/vma-list.js';
import { collapseHugePage } from './collapse.js';
import { type ScanResult, hpageCollapseScanPmd } from './scan.js';

/** What the daemon found where a huge page could be. */
export interface ScannedRange {
  /** Address of the mm. */
  readonly mm: number;
  readonly address: number;
  readonly result: ScanResult;
}

/** What one wake-up of the daemon has come to. */
interface Progress {
  readonly ranges: ScannedRange[];
  /** Pages looked at, and one for each VMA passed over. */
  pages: number;
}

/** How much the daemon looks at when it wakes up: `pages_to_scan` in sysfs, as `khugepaged_init()` sets it. */
export function khugepagedPagesToScan(k: Machine): number {
  return 8 * hpagePmdNr(k);
}

/**
 * One wake-up of khugepaged: goes on where the last one ended, until it has looked at `pages` pages or comes to the head
 * of the list of address spaces for the second time.
 *
 * @kernel mm/khugepaged.c khugepaged_do_scan v6.2
 * @differs every address space is on the list from its start, the newest first; does not sleep when memory is short
 * @param pages from 1
 * @returns what it found, in order
 */
export function* khugepagedDoScan(k: Machine, pages: number): Step<ScannedRange[]> {
  const { globals } = k;
  const progress: Progress = { ranges: [], pages: 0 };
  let passedThroughHead = 0;
  yield* lruAddDrain(k);
  while (progress.pages < pages) {
    if (!isListed(k, globals.khugepagedMm)) {
      if (passedThroughHead++ > 0 || globals.mmlist === 0) break;
      globals.khugepagedMm = globals.mmlist;
      globals.khugepagedPage = 0;
    }
    yield* khugepagedScanMmSlot(k, Mm.at(k, globals.khugepagedMm), pages, progress);
  }
  return progress.ranges;
}

/** An address space that has gone is on the list no longer. */
function isListed(k: Machine, mm: number): boolean {
  for (let at = k.globals.mmlist; at !== 0; at = Mm.at(k, at).mmNext) if (at === mm) return true;
  return false;
}

/**
 * Looks at the next ranges of one address space, up to the first that is collapsed, for which its lock is given up. At
 * its end the next address space's turn comes.
 *
 * @kernel mm/khugepaged.c khugepaged_scan_mm_slot v6.2
 * @differs anonymous memory only; waits for the mmap lock, where khugepaged goes on to the next address space
 */
function* khugepagedScanMmSlot(k: Machine, mm: Mm, pages: number, progress: Progress): Step<void> {
  const { globals } = k;
  yield* mmapReadLock(k, mm);
  progress.pages++;
  for (const vma of vmasOf(k, mm, globals.khugepagedPage * k.pageSize)) {
    const hend = hugepageVmaCheck(k, vma, true) ? hugeAddress(k, vma.vmEnd) : 0;
    const hstart = Math.ceil(vma.vmStart / hpagePmdSize(k)) * hpagePmdSize(k);
    let address = Math.max(hstart, globals.khugepagedPage * k.pageSize);
    if (address >= hend) progress.pages++;
    for (; address < hend; address += hpagePmdSize(k)) {
      let result = yield* hpageCollapseScanPmd(k, vma, address, true);
      const collapses = result === 'SCAN_SUCCEED';
      if (collapses) result = yield* collapseHugePage(k, mm, address, true);
      progress.ranges.push({ mm: mm.at, address, result });
      progress.pages += hpagePmdNr(k);
      globals.khugepagedPage = address / k.pageSize + hpagePmdNr(k);
      // After a collapse the VMA may be another one.
      if (collapses || progress.pages >= pages) return mmapReadUnlock(k, mm);
    }
  }
  mmapReadUnlock(k, mm);
  globals.khugepagedMm = mm.mmNext;
  globals.khugepagedPage = 0;
}
