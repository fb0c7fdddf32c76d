import { allocHugeFolio, folioPut } from '../folio/alloc.js';
import { hpagePmdNr } from '../folio/compound.js';
import { PG_swapcache } from '../folio/flags.js';
import { PageAnonExclusive, folioGet, folioRefCount, testFlag } from '../folio/frame.js';
import { folioLock, folioTrylock, folioUnlock } from '../folio/lock.js';
import { mapAnonFolioPmd, maybePmdMkwrite } from '../huge/map-anon-folio.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import { isHugeZeroPmd } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pmd,
  hugeAddress,
  pmdMkdirty,
  pmdMkyoung,
  pmdPfn,
  pmdSame,
  pmdUffdWp,
  pmdpGet,
  setPmdAt,
} from '../pgtable/pmd.js';
import { ptlLock, ptlUnlock } from '../pgtable/table.js';
import { pageMoveAnonRmap } from '../rmap/map.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { folioFreeSwap } from '../swap/cache.js';
import { pmdpHugeClearFlush } from '../tlb/tlb.js';
import { userfaultfdWp } from '../uffd/markers.js';
import { VM_MAYSHARE, VM_SHARED, VM_UFFD_WP } from '../vma/vm-flags.js';
import { type Vma, vmaIsAnonymous } from '../vma/vma.js';
import { daxHugeFault, hasHugeFault } from './dax.js';
import { FAULT_FLAG_UNSHARE, VM_FAULT_FALLBACK } from './flags.js';
import { handleUserfault } from './userfault.js';
import type { VmFault } from './vm-fault.js';
import { wrote } from './wp.js';

/** A fault where no lowest-level table is, and the leaf as it was read without lock. */
export type HugeFault = VmFault & { readonly origPmd: Pmd };

/**
 * A store to a leaf that is read-only, or one that is to be unshared. For what a private mapping of a file wants, a
 * copy of a page, the file is not asked since aea06577a900.
 *
 * @kernel mm/memory.c wp_huge_pmd v6.2
 */
export function* wpHugePmd(k: Machine, vmf: HugeFault): Step<number> {
  vmf.way?.push('wp_huge_pmd');
  if (!vmaIsAnonymous(vmf.vma)) return yield* wpHugeFilePmd(k, vmf);
  const unshare = (vmf.flags & FAULT_FLAG_UNSHARE) !== 0;
  if (!unshare && userfaultfdWp(vmf.vma) && pmdUffdWp(k, vmf.origPmd)) {
    return yield* handleUserfault(k, vmf, VM_UFFD_WP);
  }
  return yield* doHugePmdWpPage(k, vmf);
}

function* wpHugeFilePmd(k: Machine, vmf: HugeFault): Step<number> {
  const shared = (vmf.vma.vmFlags & (VM_SHARED | VM_MAYSHARE)) !== 0;
  if (hasHugeFault(vmf.vma) && (shared || !k.patched.hugeFaultSharedOnly)) {
    const result = yield* daxHugeFault(k, vmf, 'PE_SIZE_PMD');
    if ((result & VM_FAULT_FALLBACK) === 0) return result;
  }
  yield* __splitHugePmd(k, vmf.vma, vmf.address);
  return VM_FAULT_FALLBACK;
}

/**
 * Makes the leaf writable if the huge page is the process's own, and splits it otherwise: never is it copied whole.
 *
 * @kernel mm/huge_memory.c do_huge_pmd_wp_page v6.2
 */
function* doHugePmdWpPage(k: Machine, vmf: HugeFault): Step<number> {
  if (isHugeZeroPmd(k, vmf.origPmd)) return yield* writeHugeZero(k, vmf);
  const reused = yield* reuseHugePage(k, vmf);
  if (reused === undefined) return 0;
  if (reused) return (vmf.flags & FAULT_FLAG_UNSHARE) !== 0 ? 0 : wrote(k);
  yield* __splitHugePmd(k, vmf.vma, vmf.address);
  return VM_FAULT_FALLBACK;
}

/** A store to the huge page of zeros: to a new huge page since 1ced09e0331f, to a new small one before. */
function* writeHugeZero(k: Machine, vmf: HugeFault): Step<number> {
  const ret = k.patched.hugeZeroBecomesHuge ? yield* doHugeZeroWpPmd(k, vmf) : VM_FAULT_FALLBACK;
  if ((ret & VM_FAULT_FALLBACK) !== 0) yield* __splitHugePmd(k, vmf.vma, vmf.address);
  return ret;
}

/**
 * Puts a huge page in the place of the huge zero page.
 *
 * MODEL: do_huge_zero_wp_pmd() of v6.13.
 * @returns VM_FAULT_FALLBACK when there is no memory for it
 */
function* doHugeZeroWpPmd(k: Machine, vmf: HugeFault): Step<number> {
  const folio = allocHugeFolio(k);
  if (folio === 0) {
    k.count('thp_fault_fallback');
    return VM_FAULT_FALLBACK;
  }
  const { vma } = vmf;
  const at = yield* __pmdTransHugeLock(k, vma, vmf.address);
  const same = at !== null && pmdSame(yield* pmdpGet(k, at.pmdp), vmf.origPmd);
  if (same) {
    const haddr = hugeAddress(k, vmf.address);
    yield* pmdpHugeClearFlush(k, vma.vmMm, haddr, at.pmdp);
    yield* mapAnonFolioPmd(k, folio, at.pmdp, vma, haddr);
  }
  if (at !== null) ptlUnlock(k, at.table);
  if (!same) yield* folioPut(k, folio);
  return 0;
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
