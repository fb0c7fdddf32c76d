import { allocPage, folioPut } from '../folio/alloc.js';
import { PG_uptodate } from '../folio/flags.js';
import {
  PageAnonExclusive,
  folioGet,
  folioTestAnon,
  copyUserHighpage,
  pageFolio,
  setFlag,
} from '../folio/frame.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import { vmBugOn } from '../base/error.js';
import { ENOMEM } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  eitherPte,
  pfnPte,
  pteClearUffdWp,
  pteMkclean,
  pteMkdirty,
  pteMkold,
  pteMkuffdWp,
  pteMkwrite,
  pteNone,
  ptePresent,
  pteSame,
  pteSwpClearExclusive,
  pteSwpClearUffdWp,
  pteSwpExclusive,
  pteUffdWp,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import {
  PTE_WORDS,
  pmdAddrEnd,
  pteAddress,
  pteAlloc,
  pteOffset,
  pteOffsetEnd,
  pteTable,
  ptepGet,
  ptepSetWrprotect,
  ptlLock,
  ptlUnlock,
  setPteAt,
} from '../pgtable/table.js';
import { folioAddLruVma } from '../rmap/lru.js';
import { mmCounter, pageAddNewAnonRmap, pageDupRmap, pageTryDupAnonRmap, vmNormalPage } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { swapDuplicate } from '../swap/area.js';
import { isMigrationEntry, isPteMarkerEntry, nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { mapsHugePud } from '../huge/pud-lock.js';
import { pudAddrEnd } from '../pgtable/pud.js';
import { migrationPtePage, sharedMigrationPte } from '../swap/migration-entry.js';
import { isDeviceExclusiveEntry, isDevicePrivateEntry } from '../swap/pfn-entry.js';
import { devicePtePage, wrprotectedDevicePte } from '../swap/device-entry.js';
import { tryRestoreExclusivePte } from '../device/exclusive.js';
import { isSwapSpecialPte } from '../swap/special-pte.js';
import { MM_ANONPAGES, MM_SWAPENTS, Mm, addMmRssVec, initRssVec } from '../vma/mm.js';
import { VM_MIXEDMAP, VM_PFNMAP, VM_SHARED, VM_UFFD_WP, VM_WRITE, isCowMapping } from '../vma/vm-flags.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';
import { copiedMarker } from './copy-marker.js';
import { copyHugetlbPageRange } from './copy-hugetlb.js';
import { copyHugePmd } from './copy-huge-pmd.js';
import { copyHugePud } from './copy-huge-pud.js';

/**
 * Whether a child's page tables must be filled at fork. Where they need not, its faults will find the pages.
 *
 * @kernel mm/memory.c vma_needs_copy v6.2
 */
function vmaNeedsCopy(dst: Vma, src: Vma): boolean {
  if ((dst.vmFlags & VM_UFFD_WP) !== 0) return true;
  if ((src.vmFlags & (VM_PFNMAP | VM_MIXEDMAP)) !== 0) return true;
  return src.anonVma !== 0;
}

/**
 * Copies a VMA's page tables to a child.
 *
 * @kernel mm/memory.c copy_page_range v6.2
 * @returns 0 or -ENOMEM
 */
export function* copyPageRange(k: Machine, dst: Vma, src: Vma): Step<number> {
  if (!vmaNeedsCopy(dst, src)) return 0;
  if (isVmHugetlbPage(src)) return yield* copyHugetlbPageRange(k, dst, src);
  const srcMm = Mm.at(k, src.vmMm);
  const dstMm = Mm.at(k, dst.vmMm);
  const how = sharingOf(dst, src);
  if (how.cow) yield* writeSeqcount(srcMm);
  let result = 0;
  for (let address = src.vmStart; address < src.vmEnd && result === 0;) {
    if (mapsHugePud(k, src, address)) {
      yield* copyHugePud(k, dst, src, address);
      address = pudAddrEnd(k, address, src.vmEnd);
      continue;
    }
    const next = pmdAddrEnd(k, address, src.vmEnd);
    let srcTable = pteTable(k, srcMm.pgd, address);
    if (srcTable === 0 && mapsHugePage(k, src, address)) {
      // What cannot be shared as a whole has been split.
      if (!(yield* copyHugePmd(k, dst, src, address))) srcTable = pteTable(k, srcMm.pgd, address);
    }
    if (srcTable !== 0) {
      const dstTable = pteAlloc(k, dstMm.pgd, address);
      const copy = { dst, src, how, dstTable, srcTable, start: address, rss: initRssVec() };
      result = yield* copyPteRange(k, copy, next);
    }
    address = next;
  }
  if (how.cow) yield* writeSeqcount(srcMm);
  return result;
}

/** Begins or ends the time in which GUP-fast must not trust what it pins. */
function* writeSeqcount(mm: Mm): Step<void> {
  yield;
  mm.writeProtectSeq++;
}

/** How a VMA's pages are shared with a child: the same for all of them, as nobody changes its flags meanwhile. */
interface Sharing {
  /** Neither parent nor child may go on writing. */
  readonly cow: boolean;
  /** What the parent has dirtied stays the parent's to tell. */
  readonly shared: boolean;
  /** The child's userfaultfd wants to know of writes, too. */
  readonly tracked: boolean;
}

function sharingOf(dst: Vma, src: Vma): Sharing {
  return {
    cow: isCowMapping(src.vmFlags),
    shared: (src.vmFlags & VM_SHARED) !== 0,
    tracked: (dst.vmFlags & VM_UFFD_WP) !== 0,
  };
}

interface CopyTables {
  readonly dst: Vma;
  readonly src: Vma;
  readonly how: Sharing;
  readonly dstTable: number;
  readonly srcTable: number;
  /** First of the addresses that are copied. */
  readonly start: number;
  /** What the child has got, still to be added to its counters. */
  readonly rss: number[];
}

/** The address that one of the parent's entries serves. */
function addressOf(k: Machine, { srcTable, start }: CopyTables, srcPtep: number): number {
  return pteAddress(k, srcPtep, { ptep: pteOffset(k, srcTable, start), address: start });
}

/** Where the child's entry stands. */
function dstPtepOf({ dstTable, srcTable }: CopyTables, srcPtep: number): number {
  return srcPtep + dstTable - srcTable;
}

/** @kernel mm/memory.c copy_pte_range v6.2 */
function* copyPteRange(k: Machine, copy: CopyTables, end: number): Step<number> {
  const { dst, dstTable, srcTable, start, rss } = copy;
  yield* ptlLock(k, dstTable);
  yield* ptlLock(k, srcTable);
  const behind = pteOffsetEnd(k, srcTable, end);
  let result = 0;
  for (let srcPtep = pteOffset(k, srcTable, start); srcPtep < behind && result === 0; srcPtep += PTE_WORDS) {
    const pte = yield* ptepGet(k, srcPtep);
    if (pteNone(k, pte)) continue;
    if (ptePresent(k, pte)) result = yield* copyPresentPte(k, copy, srcPtep, pte);
    else result = yield* copyNonpresentPte(k, copy, srcPtep, pte);
  }
  ptlUnlock(k, srcTable);
  addMmRssVec(k, Mm.at(k, dst.vmMm), rss);
  ptlUnlock(k, dstTable);
  return result;
}

/**
 * A swap entry, or another entry that is not present.
 *
 * @kernel mm/memory.c copy_nonpresent_pte v6.2
 * @returns 0, or -ENOMEM as copyPresentPte() or when a device does not give a page back
 */
function* copyNonpresentPte(k: Machine, copy: CopyTables, srcPtep: number, srcPte: Pte): Step<number> {
  const { dst, how } = copy;
  if (isSwapSpecialPte(k, srcPte)) {
    if (how.tracked) yield* setPteAt(k, dstPtepOf(copy, srcPtep), srcPte);
    return 0;
  }
  const entry = pteToSwpEntry(k, srcPte);
  let pte = srcPte;
  if (!nonSwapEntry(k, entry)) {
    yield* swapDuplicate(k, entry);
    // The parent's entry first: from here on nobody may take the slot for its own.
    if (pteSwpExclusive(k, pte)) {
      pte = pteSwpClearExclusive(k, pte);
      yield* setPteAt(k, srcPtep, pte);
    }
    copy.rss[MM_SWAPENTS]!++;
  } else if (isPteMarkerEntry(k, entry)) {
    const copied = copiedMarker(k, dst, srcPte);
    if (!pteNone(k, copied)) yield* setPteAt(k, dstPtepOf(copy, srcPtep), copied);
    return 0;
  } else if (isMigrationEntry(k, entry)) {
    pte = yield* copyMigrationEntry(k, copy, srcPtep, pte);
  } else if (isDeviceExclusiveEntry(k, entry)) {
    return yield* copyExclusive(k, copy, srcPtep, pte);
  } else if (isDevicePrivateEntry(k, entry)) {
    pte = yield* copyDevicePrivate(k, copy, srcPtep, pte);
  }
  if (!how.tracked) pte = pteSwpClearUffdWp(k, pte);
  yield* setPteAt(k, dstPtepOf(copy, srcPtep), pte);
  return 0;
}

/** A device that uses the page alone gives it back, before parent and child share it. */
function* copyExclusive(k: Machine, copy: CopyTables, srcPtep: number, pte: Pte): Step<number> {
  const { src: vma, srcTable: table } = copy;
  const where = { vma, address: addressOf(k, copy, srcPtep), table, ptep: srcPtep };
  if ((yield* tryRestoreExclusivePte(k, { ...where, pte })) !== 0) return -ENOMEM;
  return yield* copyPresentPte(k, copy, srcPtep, yield* ptepGet(k, srcPtep));
}

/** A page in a device's memory is shared there, and cannot be pinned. */
function* copyDevicePrivate(k: Machine, copy: CopyTables, srcPtep: number, srcPte: Pte): Step<Pte> {
  const { src } = copy;
  const page = devicePtePage(k, srcPte);
  yield* folioGet(k, page);
  copy.rss[mmCounter(k, page)]!++;
  const shared = yield* pageTryDupAnonRmap(k, page, src);
  vmBugOn(!shared, 'nobody pins memory of a device');
  const pte = copy.how.cow ? wrprotectedDevicePte(k, srcPte) : srcPte;
  if (!pteSame(pte, srcPte)) yield* setPteAt(k, srcPtep, pte);
  return pte;
}

/** A page that is moving is shared from now on: neither parent nor child may write to it, or has it alone. */
function* copyMigrationEntry(k: Machine, copy: CopyTables, srcPtep: number, srcPte: Pte): Step<Pte> {
  copy.rss[mmCounter(k, migrationPtePage(k, srcPte))]!++;
  if (!copy.how.cow) return srcPte;
  const pte = sharedMigrationPte(k, srcPte);
  if (!pteSame(pte, srcPte)) yield* setPteAt(k, srcPtep, pte);
  return pte;
}

/** @kernel mm/memory.c copy_present_pte v6.2 */
function* copyPresentPte(k: Machine, copy: CopyTables, srcPtep: number, srcPte: Pte): Step<number> {
  const { src } = copy;
  const page = vmNormalPage(k, srcPte);
  const folio = page === 0 ? 0 : pageFolio(k, page);
  if (page !== 0 && folioTestAnon(k, folio)) {
    yield* folioGet(k, folio);
    if (!(yield* pageTryDupAnonRmap(k, page, src))) {
      yield* folioPut(k, folio);
      return yield* copyPresentPage(k, copy, srcPtep, page, srcPte);
    }
    copy.rss[MM_ANONPAGES]!++;
    vmBugOn(PageAnonExclusive(k, page), 'I6: a page shared by fork is not exclusive');
  } else if (page !== 0) {
    yield* folioGet(k, page);
    yield* pageDupRmap(k, page);
    copy.rss[mmCounter(k, page)]!++;
  }
  yield* shareEntry(k, copy, srcPtep, srcPte);
  return 0;
}

function* shareEntry(k: Machine, copy: CopyTables, srcPtep: number, srcPte: Pte): Step<void> {
  const { cow, shared, tracked } = copy.how;
  const protect = cow && pteWrite(k, srcPte);
  const readOnly = eitherPte(protect, pteWrprotect(k, srcPte), srcPte);
  if (protect) yield* ptepSetWrprotect(k, srcPtep);
  // A shared page was dirtied by the parent, not by the child.
  const pte = pteMkold(k, eitherPte(shared, pteMkclean(k, readOnly), readOnly));
  yield* setPteAt(k, dstPtepOf(copy, srcPtep), eitherPte(tracked, pte, pteClearUffdWp(k, pte)));
}

/**
 * The child's own copy of a page that may be pinned.
 *
 * @kernel mm/memory.c copy_present_page v6.2
 * @differs takes the page with the tables locked, where Linux unlocks them and begins anew
 */
function* copyPresentPage(
  k: Machine,
  copy: CopyTables,
  srcPtep: number,
  page: number,
  srcPte: Pte,
): Step<number> {
  const { dst, how } = copy;
  const newPage = allocPage(k);
  if (newPage === 0) return -ENOMEM;
  yield* copyUserHighpage(k, newPage, page);
  setFlag(k, newPage, PG_uptodate);
  yield* pageAddNewAnonRmap(k, newPage, dst, addressOf(k, copy, srcPtep));
  yield* folioAddLruVma(k, newPage, dst);
  copy.rss[MM_ANONPAGES]!++;
  let pte = pteMkdirty(k, pfnPte(k, newPage, k.pte.protectionMap[dst.vmPageProt]!));
  if ((dst.vmFlags & VM_WRITE) !== 0) pte = pteMkwrite(k, pte);
  if (how.tracked && pteUffdWp(k, srcPte)) pte = pteWrprotect(k, pteMkuffdWp(k, pte));
  yield* setPteAt(k, dstPtepOf(copy, srcPtep), pte);
  return 0;
}
