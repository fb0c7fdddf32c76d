import { folioPut } from '../folio/alloc.js';
import { PG_dirty } from '../folio/flags.js';
import { PageAnon, setFlag } from '../folio/frame.js';
import { folioMarkAccessed } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import { PTE_NONE, type Pte, pteDirty, pteNone, ptePresent, pteYoung } from '../pgtable/pte.js';
import {
  pmdAddrEnd,
  pteOffset,
  pteTable,
  ptepGet,
  ptepGetAndClear,
  ptlLock,
  ptlUnlock,
  setPteAt,
} from '../pgtable/table.js';
import { mmCounter, pageRemoveRmap, vmNormalPage } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { freeSwapAndCache, freeSwapCache } from '../swap/cache.js';
import {
  PTE_MARKER_GUARD,
  PTE_MARKER_UFFD_WP,
  isPteMarkerEntry,
  nonSwapEntry,
  pteMarkerGet,
  pteToSwpEntry,
} from '../swap/entry.js';
import { pteInstallUffdWpIfNeeded } from '../uffd/markers.js';
import { MM_SWAPENTS, Mm, addMmCounter } from '../vma/mm.js';
import { type Vma, vmaIsAnonymous } from '../vma/vma.js';

/** What a zap is to spare. @kernel include/linux/mm.h zap_details v6.2 */
export interface ZapDetails {
  /** False: private copies stay. Absent: everything goes. */
  readonly evenCows?: boolean;
  /** True: markers of userfaultfd write-protection go as well. */
  readonly dropMarker?: boolean;
}

/**
 * Removes what a range of a VMA maps.
 *
 * @kernel mm/memory.c zap_page_range_single v6.2
 * @param start first byte; @param end first byte behind; both page-aligned
 */
export function* zapPageRangeSingle(
  k: Machine,
  vma: Vma,
  start: number,
  end: number,
  details: ZapDetails = {},
): Step<void> {
  const { pgd } = Mm.at(k, vma.vmMm);
  const from = Math.max(start, vma.vmStart);
  const to = Math.min(end, vma.vmEnd);
  for (let address = from; address < to;) {
    const next = pmdAddrEnd(k, address, to);
    const table = pteTable(k, pgd, address);
    if (table !== 0) yield* zapPteRange(k, vma, table, address, next, details);
    address = next;
  }
}

/** @kernel mm/memory.c zap_pte_range v6.2 @differs the references are dropped one by one, not gathered */
function* zapPteRange(
  k: Machine,
  vma: Vma,
  table: number,
  start: number,
  end: number,
  details: ZapDetails,
): Step<void> {
  yield* ptlLock(k, table);
  for (let address = start; address < end; address += k.pageSize) {
    const ptep = pteOffset(k, table, address);
    const pte = yield* ptepGet(k, ptep);
    if (pteNone(k, pte)) continue;
    if (ptePresent(k, pte)) yield* zapPresent(k, vma, ptep, pte, details);
    else yield* zapNonpresent(k, vma, ptep, pte, details);
  }
  ptlUnlock(k, table);
}

function* zapPresent(k: Machine, vma: Vma, ptep: number, seen: Pte, details: ZapDetails): Step<void> {
  const page = vmNormalPage(k, seen);
  if (page !== 0 && !shouldZapPage(k, page, details)) return;
  const pte = yield* ptepGetAndClear(k, ptep);
  yield* zapInstallUffdWpIfNeeded(k, vma, ptep, pte, details);
  if (page === 0) return;
  if (!PageAnon(k, page)) yield* noteFileUse(k, page, pte);
  addMmCounter(k, Mm.at(k, vma.vmMm), mmCounter(k, page), -1);
  yield* pageRemoveRmap(k, page, vma);
  if (PageAnon(k, page)) yield* freeSwapCache(k, page);
  yield* folioPut(k, page);
}

/** Private copies survive where only the file's own pages go. @kernel mm/memory.c should_zap_page v6.2 */
function shouldZapPage(k: Machine, page: number, details: ZapDetails): boolean {
  return details.evenCows !== false || !PageAnon(k, page);
}

/** What the entry knew of a page-cache page goes to the page. */
function* noteFileUse(k: Machine, page: number, pte: Pte): Step<void> {
  if (pteDirty(k, pte)) setFlag(k, page, PG_dirty);
  if (pteYoung(k, pte)) yield* folioMarkAccessed(k, page);
}

function* zapNonpresent(k: Machine, vma: Vma, ptep: number, pte: Pte, details: ZapDetails): Step<void> {
  const entry = pteToSwpEntry(k, pte);
  const evenCows = details.evenCows !== false;
  if (!nonSwapEntry(k, entry)) {
    if (!evenCows) return;
    addMmCounter(k, Mm.at(k, vma.vmMm), MM_SWAPENTS, -1);
    yield* freeSwapAndCache(k, entry);
  } else if (isPteMarkerEntry(k, entry)) {
    if (!dropsMarker(k, vma, pteMarkerGet(k, entry), details)) return;
  } else if (!evenCows) {
    return;
  }
  yield* setPteAt(k, ptep, PTE_NONE);
  yield* zapInstallUffdWpIfNeeded(k, vma, ptep, pte, details);
}

/** Only who unmaps for good takes a write-protection marker along; an error goes with private memory. */
function dropsMarker(k: Machine, vma: Vma, marker: number, details: ZapDetails): boolean {
  if ((marker & PTE_MARKER_GUARD) !== 0) return details.dropMarker === true;
  if ((marker & PTE_MARKER_UFFD_WP) === 0) return details.evenCows !== false;
  if (details.dropMarker === true) return true;
  return k.patched.uffdWpUnpopulated && vmaIsAnonymous(vma);
}

/** @kernel mm/memory.c zap_install_uffd_wp_if_needed v6.2 */
function* zapInstallUffdWpIfNeeded(
  k: Machine,
  vma: Vma,
  ptep: number,
  pte: Pte,
  details: ZapDetails,
): Step<void> {
  if (details.dropMarker !== true) yield* pteInstallUffdWpIfNeeded(k, vma, ptep, pte);
}
