import { vmBugOn } from '../base/error.js';
import { folioPut } from '../folio/alloc.js';
import { PG_anon_exclusive, PG_uptodate } from '../folio/flags.js';
import {
  NO_PAGE,
  PageAnon,
  PageAnonExclusive,
  folioGet,
  pageOwner,
  setFlag,
  testFlag,
} from '../folio/frame.js';
import { folioEntireMapcount } from '../folio/compound.js';
import { setHugetlbMigratable, setRestoreReserve } from '../folio/hugetlb-pool.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import {
  allocHugePage,
  copyUserHugePage,
  restoreReserveOnError,
  vmaHugecacheOffset,
} from '../huge/hugetlb.js';
import {
  type HugePteAt,
  hugePteAlloc,
  hugePteNoneMostly,
  hugePtepGet,
  makeHugePte,
  setHugePteAt,
  setHugePtepWritable,
} from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import { hugetlbAddToPageCache } from '../pagecache/hugetlb-file.js';
import { __filemapGetFolio } from '../pagecache/page-cache.js';
import { hpagePmdSize, hugeAddress } from '../pgtable/pmd.js';
import {
  type Pte,
  pteMkdirty,
  pteMkuffdWp,
  pteMkyoung,
  ptePfn,
  ptePresent,
  pteSame,
  pteUffdWp,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import { folioRemoveRmapPmd, mappedEntirely, pageAddNewAnonRmap, pageMoveAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { pmdpHugeClearFlush } from '../tlb/tlb.js';
import {
  markerOf,
  pteMarkerUffdWp,
  pteSwpUffdWpAny,
  userfaultfdMinor,
  userfaultfdMissing,
  userfaultfdWp,
} from '../uffd/markers.js';
import { PTE_MARKER_POISONED, isHwpoisonEntry, isMigrationEntry, pteToSwpEntry } from '../swap/entry.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { vmaMapping } from '../vma/file.js';
import {
  VM_MAYSHARE,
  VM_SHARED,
  VM_UFFD_MINOR,
  VM_UFFD_MISSING,
  VM_UFFD_WP,
  VM_WRITE,
} from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import {
  FAULT_FLAG_UNSHARE,
  FAULT_FLAG_WRITE,
  VM_FAULT_HWPOISON_LARGE,
  VM_FAULT_SIGBUS,
  VM_FAULT_SIGSEGV,
} from './flags.js';
import { migrationEntryWaitHuge } from './migration-wait.js';
import { handleUserfault } from './userfault.js';
import type { VmFault } from './vm-fault.js';

/** A hugetlb fault under way. */
interface HugeFault {
  readonly vmf: VmFault;
  /** First byte of the huge page. */
  readonly haddr: number;
  readonly at: HugePteAt;
}

/**
 * A fault in hugetlb memory.
 *
 * @kernel mm/hugetlb.c hugetlb_fault v6.2
 * @differs no fault mutex: two CPUs may race for the last page of the pool; a store does not lock the page
 */
export function* hugetlbFault(k: Machine, vmf: VmFault): Step<number> {
  vmf.way?.push('hugetlb_fault');
  const haddr = hugeAddress(k, vmf.address);
  const fault: HugeFault = { vmf, haddr, at: hugePteAlloc(k, vmf.vma, haddr) };
  const entry = yield* hugePtepGet(k, fault.at.ptep);
  if ((markerOf(k, entry) & PTE_MARKER_POISONED) !== 0) return VM_FAULT_HWPOISON_LARGE;
  // Write-protection is handled as none is: what the marker says goes to the entry that takes its place.
  if (hugePteNoneMostly(k, entry)) return yield* hugetlbNoPage(k, fault, entry);
  if (!ptePresent(k, entry)) return yield* notPresent(k, fault, entry);
  yield* ptlLock(k, fault.at.table);
  if (!pteSame(yield* hugePtepGet(k, fault.at.ptep), entry)) return unlock(k, fault, 0);
  const { vma, flags } = vmf;
  const write = (flags & FAULT_FLAG_WRITE) !== 0;
  if (userfaultfdWp(vma) && pteUffdWp(k, entry) && write && !pteWrite(k, entry)) {
    ptlUnlock(k, fault.at.table);
    return yield* handleUserfault(k, { ...vmf, address: haddr }, VM_UFFD_WP);
  }
  if ((flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)) !== 0 && !pteWrite(k, entry)) {
    return unlock(k, fault, yield* hugetlbWp(k, fault));
  }
  yield* setHugePteAt(k, fault.at.ptep, pteMkyoung(k, write ? pteMkdirty(k, entry) : entry));
  return unlock(k, fault, 0);
}

/** A page that is moving is waited for, and the access tried again; one that is lost is lost. */
function* notPresent(k: Machine, { at }: HugeFault, entry: Pte): Step<number> {
  const swpEntry = pteToSwpEntry(k, entry);
  if (isMigrationEntry(k, swpEntry)) yield* migrationEntryWaitHuge(k, at);
  return isHwpoisonEntry(k, swpEntry) ? VM_FAULT_HWPOISON_LARGE : 0;
}

function unlock(k: Machine, { at }: HugeFault, result: number): number {
  ptlUnlock(k, at.table);
  return result;
}

/**
 * Nothing is mapped: finds the page in the object, or takes a new one out of the pool.
 *
 * @kernel mm/hugetlb.c hugetlb_no_page v6.2
 * @differs who finds the pool empty or nothing in the object does not look whether another CPU was quicker; a
 *   poisoned page of the object is mapped
 */
function* hugetlbNoPage(k: Machine, fault: HugeFault, oldPte: Pte): Step<number> {
  const { vmf, haddr, at } = fault;
  const { vma } = vmf;
  const mapping = vmaMapping(k, vma)!;
  const index = vmaHugecacheOffset(k, vma, haddr);
  let page = yield* __filemapGetFolio(k, mapping, index);
  const found = page !== 0;
  if (!found) {
    if (index * hpagePmdSize(k) >= mapping.iSize) return VM_FAULT_SIGBUS;
    if (userfaultfdMissing(vma))
      return yield* handleUserfault(k, { ...vmf, address: haddr }, VM_UFFD_MISSING);
    page = yield* newPage(k, fault, index);
    if (page === NO_PAGE) return VM_FAULT_SIGBUS;
  }
  if (found && userfaultfdMinor(vma)) {
    folioUnlock(k, page);
    yield* folioPut(k, page);
    return yield* handleUserfault(k, { ...vmf, address: haddr }, VM_UFFD_MINOR);
  }
  yield* ptlLock(k, at.table);
  if (!pteSame(yield* hugePtepGet(k, at.ptep), oldPte)) {
    ptlUnlock(k, at.table);
    folioUnlock(k, page);
    if (pageOwner(k, page) === 0) restoreReserveOnError(k, vma, haddr, page);
    yield* folioPut(k, page);
    return 0;
  }
  yield* mapPage(k, fault, page, oldPte, !found);
  if (!found) setHugetlbMigratable(k, page, true);
  const copies = (vmf.flags & FAULT_FLAG_WRITE) !== 0 && (vma.vmFlags & VM_SHARED) === 0;
  // Without a second fault.
  const result = copies ? yield* hugetlbWp(k, fault) : 0;
  ptlUnlock(k, at.table);
  folioUnlock(k, page);
  return result;
}

/** A page that is new to its object, or to a private mapping, locked; NO_PAGE when the pool has none. */
function* newPage(k: Machine, { vmf, haddr }: HugeFault, index: number): Step<number> {
  const { vma } = vmf;
  const page = allocHugePage(k, vma, haddr, false);
  if (page === NO_PAGE) return NO_PAGE;
  setFlag(k, page, PG_uptodate);
  yield* folioTrylock(k, page);
  if ((vma.vmFlags & VM_MAYSHARE) !== 0) yield* hugetlbAddToPageCache(k, page, vmaMapping(k, vma)!, index);
  else anonVmaPrepare(k, vma);
  return page;
}

function* mapPage(
  k: Machine,
  { vmf, haddr, at }: HugeFault,
  page: number,
  oldPte: Pte,
  fresh: boolean,
): Step<void> {
  const { vma } = vmf;
  if (fresh && (vma.vmFlags & VM_MAYSHARE) === 0) {
    setRestoreReserve(k, page, false);
    yield* pageAddNewAnonRmap(k, page, vma, haddr);
  } else {
    yield* mappedEntirely(k, page);
  }
  const writable = (vma.vmFlags & (VM_WRITE | VM_SHARED)) === (VM_WRITE | VM_SHARED);
  const pte = makeHugePte(k, vma, page, writable);
  // What was protected while nothing was mapped stays so.
  const wp = pteMarkerUffdWp(k, oldPte) || pteSwpUffdWpAny(k, oldPte);
  yield* setHugePteAt(k, at.ptep, wp ? pteWrprotect(k, pteMkuffdWp(k, pte)) : pte);
}

/**
 * A store to a page that is mapped read-only; the table is locked.
 *
 * @kernel mm/hugetlb.c hugetlb_wp v6.2
 * @differs a parent that finds the pool empty does not take its page from a child
 */
function* hugetlbWp(k: Machine, fault: HugeFault): Step<number> {
  const { vmf, at } = fault;
  const { vma } = vmf;
  const unshare = (vmf.flags & FAULT_FLAG_UNSHARE) !== 0;
  const pte = yield* hugePtepGet(k, at.ptep);
  // Only who maps and copies in one fault comes here so: the next fault is shown to userfaultfd.
  if (!unshare && pteUffdWp(k, pte)) return 0;
  if (!unshare && (vma.vmFlags & VM_WRITE) === 0) return VM_FAULT_SIGSEGV;
  if ((vma.vmFlags & VM_MAYSHARE) !== 0) {
    if (!unshare) yield* setHugePtepWritable(k, vma, at.ptep);
    return 0;
  }
  const old = ptePfn(k, pte);
  if (folioEntireMapcount(k, old) === 1 && PageAnon(k, old)) {
    if (!PageAnonExclusive(k, old)) pageMoveAnonRmap(k, old, vma);
    if (!unshare) yield* setHugePtepWritable(k, vma, at.ptep);
    return 0;
  }
  vmBugOn(PageAnon(k, old) && testFlag(k, old, PG_anon_exclusive), 'an exclusive page is mapped once');
  return yield* copyOld(k, fault, pte, old, unshare);
}

/** The VMA gets a copy of its own; the table is unlocked while it is made. */
function* copyOld(k: Machine, fault: HugeFault, pte: Pte, old: number, unshare: boolean): Step<number> {
  const { vmf, haddr, at } = fault;
  const { vma } = vmf;
  // The parent counts on its reservations for pages that it has not touched yet.
  const outsideReserve = vma.vmResvMap !== 0 && PageAnon(k, old);
  yield* folioGet(k, old);
  ptlUnlock(k, at.table);
  const copy = allocHugePage(k, vma, haddr, outsideReserve);
  if (copy === NO_PAGE) {
    yield* folioPut(k, old);
    yield* ptlLock(k, at.table);
    return VM_FAULT_SIGBUS;
  }
  anonVmaPrepare(k, vma);
  yield* copyUserHugePage(k, copy, old);
  setFlag(k, copy, PG_uptodate);
  yield* ptlLock(k, at.table);
  const raced = !pteSame(yield* hugePtepGet(k, at.ptep), pte);
  if (!raced) {
    setRestoreReserve(k, copy, false);
    yield* pmdpHugeClearFlush(k, vma.vmMm, haddr, at.ptep);
    yield* folioRemoveRmapPmd(k, old, vma);
    yield* pageAddNewAnonRmap(k, copy, vma, haddr);
    yield* setHugePteAt(k, at.ptep, copiedPte(k, vma, copy, pte, unshare));
    setHugetlbMigratable(k, copy, true);
    yield* folioPut(k, old);
  } else {
    restoreReserveOnError(k, vma, haddr, copy);
    yield* folioPut(k, copy);
  }
  yield* folioPut(k, old);
  return 0;
}

/** The entry of the copy. Since 0f230bc24b6e what was write-protected and is unshared stays protected. */
function copiedPte(k: Machine, vma: Vma, copy: number, old: Pte, unshare: boolean): Pte {
  const pte = makeHugePte(k, vma, copy, !unshare);
  return k.patched.hugetlbUnshareKeepsWp && pteUffdWp(k, old) ? pteMkuffdWp(k, pte) : pte;
}
