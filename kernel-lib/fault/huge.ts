import { allocHugeFolio, folioPut } from '../folio/alloc.js';
import { hpagePmdNr } from '../folio/compound.js';
import { PG_swapcache, PG_uptodate } from '../folio/flags.js';
import { PageAnonExclusive, folioGet, folioRefCount, setFlag, testFlag } from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import { hugepageVmaCheck, transhugeVmaSuitable } from '../huge/vma-check.js';
import { isHugeZeroPmd, mmGetHugeZeroPage } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import {
  PMD_NONE,
  type Pmd,
  hugeAddress,
  mkHugePmd,
  pgtableTransHugeDeposit,
  pmdMkdirty,
  pmdMkwrite,
  pmdMkyoung,
  pmdNone,
  pmdOffset,
  pmdPfn,
  pmdSame,
  pmdTable,
  pmdTransHuge,
  pmdUffdWp,
  pmdWrite,
  pmdpGet,
  setPmdAt,
} from '../pgtable/pmd.js';
import { allocPteTable, freePteTable, pmdAlloc, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { folioAddLruVma } from '../rmap/lru.js';
import { pageAddNewAnonRmap, pageMoveAnonRmap } from '../rmap/map.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { folioFreeSwap } from '../swap/cache.js';
import { userfaultfdMissing, userfaultfdWp } from '../uffd/markers.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { MM_ANONPAGES, addMmCounter } from '../vma/mm.js';
import { VM_UFFD_MISSING, VM_UFFD_WP, VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, VM_FAULT_FALLBACK } from './flags.js';
import { handleUserfault } from './userfault.js';
import { type VmFault, mmOf } from './vm-fault.js';
import { wrote } from './wp.js';

/** A fault where no lowest-level table is, and the leaf as it was read without lock. */
type HugeFault = VmFault & { readonly origPmd: Pmd };

/**
 * A fault where no lowest-level table is.
 *
 * MODEL: the part of __handle_mm_fault() that deals with PMDs.
 * @returns VM_FAULT_FALLBACK where the fault is one of a single page
 */
export function* hugePmdFault(k: Machine, fault: VmFault): Step<number> {
  const table = pmdTable(k, mmOf(k, fault.vma).pgd, fault.address);
  const origPmd = table === 0 ? PMD_NONE : yield* pmdpGet(k, pmdOffset(k, table, fault.address));
  const vmf: HugeFault = { ...fault, origPmd };
  if (pmdNone(vmf.origPmd)) {
    return hugepageVmaCheck(k, vmf.vma, true) ? yield* doHugePmdAnonymousPage(k, vmf) : VM_FAULT_FALLBACK;
  }
  if (!pmdTransHuge(k, vmf.origPmd)) return VM_FAULT_FALLBACK;
  const write = (vmf.flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)) !== 0;
  if (write && !pmdWrite(k, vmf.origPmd)) return yield* wpHugePmd(k, vmf);
  yield* hugePmdSetAccessed(k, vmf);
  return 0;
}

/** @kernel mm/huge_memory.c do_huge_pmd_anonymous_page v6.2 */
function* doHugePmdAnonymousPage(k: Machine, vmf: HugeFault): Step<number> {
  const { vma } = vmf;
  if (!transhugeVmaSuitable(k, vma, hugeAddress(k, vmf.address))) return VM_FAULT_FALLBACK;
  anonVmaPrepare(k, vma);
  if ((vmf.flags & FAULT_FLAG_WRITE) === 0) {
    const zero = mmGetHugeZeroPage(k);
    if (zero !== 0) return yield* install(k, vmf, zero, mkHugePmd(k, zero, protOf(k, vma)), false);
  } else {
    const folio = allocHugeFolio(k);
    if (folio !== 0) return yield* __doHugePmdAnonymousPage(k, vmf, folio);
  }
  k.count('thp_fault_fallback');
  return VM_FAULT_FALLBACK;
}

/** @kernel mm/huge_memory.c __do_huge_pmd_anonymous_page v6.2 */
function* __doHugePmdAnonymousPage(k: Machine, vmf: HugeFault, folio: number): Step<number> {
  setFlag(k, folio, PG_uptodate);
  const entry = maybePmdMkwrite(k, pmdMkdirty(k, mkHugePmd(k, folio, protOf(k, vmf.vma))), vmf.vma);
  return yield* install(k, vmf, folio, entry, true);
}

/** Sets the leaf if there is none yet. @param fresh the folio is new, not the huge zero page */
function* install(k: Machine, vmf: HugeFault, folio: number, entry: Pmd, fresh: boolean): Step<number> {
  const { vma } = vmf;
  const deposit = allocPteTable(k);
  const table = pmdAlloc(k, mmOf(k, vma).pgd, vmf.address);
  const pmdp = pmdOffset(k, table, vmf.address);
  yield* ptlLock(k, table);
  const raced = !pmdNone(yield* pmdpGet(k, pmdp));
  const missing = !raced && userfaultfdMissing(vma);
  if (raced || missing) {
    ptlUnlock(k, table);
    freePteTable(k, deposit);
    if (fresh) yield* folioPut(k, folio);
    return missing ? yield* handleUserfault(k, vmf, VM_UFFD_MISSING) : 0;
  }
  if (fresh) {
    yield* pageAddNewAnonRmap(k, folio, vma, hugeAddress(k, vmf.address));
    yield* folioAddLruVma(k, folio, vma);
    addMmCounter(k, mmOf(k, vma), MM_ANONPAGES, hpagePmdNr(k));
    k.count('thp_fault_alloc');
  }
  pgtableTransHugeDeposit(k, table, deposit);
  yield* setPmdAt(k, pmdp, entry);
  ptlUnlock(k, table);
  return 0;
}

function protOf(k: Machine, vma: Vma) {
  return k.pte.protectionMap[vma.vmPageProt]!;
}

/** @kernel mm/huge_memory.c maybe_pmd_mkwrite v6.2 */
function maybePmdMkwrite(k: Machine, pmd: Pmd, vma: Vma): Pmd {
  return (vma.vmFlags & VM_WRITE) !== 0 ? pmdMkwrite(k, pmd) : pmd;
}

/** @kernel mm/memory.c wp_huge_pmd v6.2 @differs anonymous memory only */
function* wpHugePmd(k: Machine, vmf: HugeFault): Step<number> {
  const unshare = (vmf.flags & FAULT_FLAG_UNSHARE) !== 0;
  if (!unshare && userfaultfdWp(vmf.vma) && pmdUffdWp(k, vmf.origPmd)) {
    return yield* handleUserfault(k, vmf, VM_UFFD_WP);
  }
  return yield* doHugePmdWpPage(k, vmf);
}

/**
 * Makes the leaf writable if the huge page is the process's own, and splits it otherwise: never is it copied whole.
 *
 * @kernel mm/huge_memory.c do_huge_pmd_wp_page v6.2
 */
function* doHugePmdWpPage(k: Machine, vmf: HugeFault): Step<number> {
  const reused = isHugeZeroPmd(k, vmf.origPmd) ? false : yield* reuseHugePage(k, vmf);
  if (reused === undefined) return 0;
  if (reused) return (vmf.flags & FAULT_FLAG_UNSHARE) !== 0 ? 0 : wrote(k);
  yield* __splitHugePmd(k, vmf.vma, vmf.address);
  return VM_FAULT_FALLBACK;
}

/** @returns undefined when the leaf has changed meanwhile */
function* reuseHugePage(k: Machine, vmf: HugeFault): Step<boolean | undefined> {
  const at = yield* __pmdTransHugeLock(k, vmf.vma, vmf.address);
  if (at === null) return undefined;
  const same = pmdSame(yield* pmdpGet(k, at.pmdp), vmf.origPmd);
  const folio = pmdPfn(k, vmf.origPmd);
  let exclusive = same && PageAnonExclusive(k, folio);
  if (same && !exclusive) {
    const locked = yield* lockFolio(k, vmf, at, folio);
    if (!locked) return undefined;
    exclusive = PageAnonExclusive(k, folio) || (yield* becomesExclusive(k, vmf.vma, folio));
    folioUnlock(k, folio);
  }
  if (exclusive && (vmf.flags & FAULT_FLAG_UNSHARE) === 0) {
    const entry = pmdMkdirty(k, pmdMkyoung(k, vmf.origPmd));
    yield* setPmdAt(k, at.pmdp, maybePmdMkwrite(k, entry, vmf.vma));
  }
  ptlUnlock(k, at.table);
  return same ? exclusive : undefined;
}

/** Takes the folio lock, if need be without the table's meanwhile; false, nothing locked, if the leaf changed. */
function* lockFolio(k: Machine, vmf: HugeFault, at: PmdMappedAt, folio: number): Step<boolean> {
  if (yield* folioTrylock(k, folio)) return true;
  yield* folioGet(k, folio);
  ptlUnlock(k, at.table);
  yield* folioLock(k, folio);
  yield* ptlLock(k, at.table);
  const same = pmdSame(yield* pmdpGet(k, at.pmdp), vmf.origPmd);
  if (!same) {
    ptlUnlock(k, at.table);
    folioUnlock(k, folio);
  }
  yield* folioPut(k, folio);
  return same;
}

/** Whether nobody else can reach the locked folio, by its references alone. Then it is made exclusive. */
function* becomesExclusive(k: Machine, vma: Vma, folio: number): Step<boolean> {
  const inCache = testFlag(k, folio, PG_swapcache) ? hpagePmdNr(k) : 0;
  if ((yield* folioRefCount(k, folio)) > 1 + inCache) return false;
  if (inCache > 0) yield* folioFreeSwap(k, folio);
  if ((yield* folioRefCount(k, folio)) !== 1) return false;
  pageMoveAnonRmap(k, folio, vma);
  return true;
}

/** @kernel mm/huge_memory.c huge_pmd_set_accessed v6.2 */
function* hugePmdSetAccessed(k: Machine, vmf: HugeFault): Step<void> {
  const at = yield* __pmdTransHugeLock(k, vmf.vma, vmf.address);
  if (at === null) return;
  const pmd = yield* pmdpGet(k, at.pmdp);
  const young = pmdMkyoung(k, pmd);
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  if (pmdSame(pmd, vmf.origPmd)) yield* setPmdAt(k, at.pmdp, write ? pmdMkdirty(k, young) : young);
  ptlUnlock(k, at.table);
}
