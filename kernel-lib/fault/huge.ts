import { allocHugeFolio, folioPut } from '../folio/alloc.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { hugepageVmaCheck, transhugeVmaSuitable } from '../huge/vma-check.js';
import { mapAnonFolioPmd } from '../huge/map-anon-folio.js';
import { mmGetHugeZeroPage } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { pgtableTransHugeDeposit } from '../pgtable/deposit.js';
import {
  hugeAddress,
  isSwapPmd,
  mkHugePmd,
  pmdMkdirty,
  pmdMkyoung,
  pmdNone,
  pmdOffset,
  pmdSame,
  pmdTable,
  pmdTransHuge,
  pmdWrite,
  pmdpGet,
  setPmdAt,
  pmdEmpty,
} from '../pgtable/pmd.js';
import { allocPteTable, freePteTable, pmdAlloc, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { userfaultfdMissing } from '../uffd/markers.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { VM_UFFD_MISSING } from '../vma/vm-flags.js';
import { FAULT_FLAG_UNSHARE, FAULT_FLAG_WRITE, VM_FAULT_FALLBACK } from './flags.js';
import { daxHugeFault, hasHugeFault } from './dax.js';
import { handleUserfault } from './userfault.js';
import { type HugeFault, wpHugePmd } from './huge-wp.js';
import { pmdMigrationEntryWait } from './migration-wait.js';
import { type VmFault } from './vm-fault.js';

/**
 * A fault where no lowest-level table is.
 *
 * MODEL: the part of __handle_mm_fault() that deals with PMDs.
 * @returns VM_FAULT_FALLBACK where the fault is one of a single page
 */
export function* hugePmdFault(k: Machine, fault: VmFault): Step<number> {
  const table = pmdTable(k, fault.mm.pgd, fault.address);
  const origPmd = table === 0 ? pmdEmpty(k) : yield* pmdpGet(k, pmdOffset(k, table, fault.address));
  const vmf: HugeFault = { ...fault, origPmd };
  if (pmdNone(k, vmf.origPmd)) {
    return yield* createHugePmd(k, vmf);
  }
  if (isSwapPmd(k, vmf.origPmd)) {
    yield* pmdMigrationEntryWait(k, vmf.vma, vmf.address);
    return 0;
  }
  if (!pmdTransHuge(k, vmf.origPmd)) return VM_FAULT_FALLBACK;
  const write = (vmf.flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)) !== 0;
  if (write && !pmdWrite(k, vmf.origPmd)) return yield* wpHugePmd(k, vmf);
  yield* hugePmdSetAccessed(k, vmf);
  return 0;
}

/** @kernel mm/memory.c create_huge_pmd v6.2 */
function* createHugePmd(k: Machine, vmf: HugeFault): Step<number> {
  const dax = hasHugeFault(vmf.vma);
  if (!dax && !hugepageVmaCheck(k, vmf.vma, true)) return VM_FAULT_FALLBACK;
  vmf.way?.push('create_huge_pmd');
  return dax ? yield* daxHugeFault(k, vmf, 'PE_SIZE_PMD') : yield* doHugePmdAnonymousPage(k, vmf);
}

/** @kernel mm/huge_memory.c do_huge_pmd_anonymous_page v6.2 */
function* doHugePmdAnonymousPage(k: Machine, vmf: HugeFault): Step<number> {
  const { vma } = vmf;
  if (!transhugeVmaSuitable(k, vma, hugeAddress(k, vmf.address))) return VM_FAULT_FALLBACK;
  anonVmaPrepare(k, vma);
  if ((vmf.flags & FAULT_FLAG_WRITE) === 0) {
    const zero = mmGetHugeZeroPage(k);
    if (zero !== 0) return yield* __doHugePmdAnonymousPage(k, vmf, zero, false);
  } else {
    const folio = allocHugeFolio(k);
    if (folio !== 0) return yield* __doHugePmdAnonymousPage(k, vmf, folio, true);
  }
  k.count('thp_fault_fallback');
  return VM_FAULT_FALLBACK;
}

/**
 * Sets the leaf if there is none yet.
 *
 * @kernel mm/huge_memory.c __do_huge_pmd_anonymous_page v6.2
 * @param fresh the folio is new, not the huge zero page
 */
function* __doHugePmdAnonymousPage(k: Machine, vmf: HugeFault, folio: number, fresh: boolean): Step<number> {
  const { vma } = vmf;
  const deposit = allocPteTable(k);
  const table = pmdAlloc(k, vmf.mm.pgd, vmf.address);
  const pmdp = pmdOffset(k, table, vmf.address);
  yield* ptlLock(k, table);
  const raced = !pmdNone(k, yield* pmdpGet(k, pmdp));
  const missing = !raced && userfaultfdMissing(vma);
  if (raced || missing) {
    ptlUnlock(k, table);
    freePteTable(k, deposit);
    if (fresh) yield* folioPut(k, folio);
    return missing ? yield* handleUserfault(k, vmf, VM_UFFD_MISSING) : 0;
  }
  pgtableTransHugeDeposit(k, table, deposit);
  if (fresh) yield* mapAnonFolioPmd(k, folio, pmdp, vma, hugeAddress(k, vmf.address));
  else yield* setPmdAt(k, pmdp, mkHugePmd(k, folio, k.pte.protectionMap[vma.vmPageProt]!));
  ptlUnlock(k, table);
  return 0;
}

/** @kernel mm/huge_memory.c huge_pmd_set_accessed v6.2 @differs loads and stores the entry in two steps: what a walker notes in between is lost */
function* hugePmdSetAccessed(k: Machine, vmf: HugeFault): Step<void> {
  const at = yield* __pmdTransHugeLock(k, vmf.vma, vmf.address);
  if (at === null) return;
  const pmd = yield* pmdpGet(k, at.pmdp);
  const young = pmdMkyoung(k, pmd);
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  if (pmdSame(pmd, vmf.origPmd)) yield* setPmdAt(k, at.pmdp, write ? pmdMkdirty(k, young) : young);
  ptlUnlock(k, at.table);
}
