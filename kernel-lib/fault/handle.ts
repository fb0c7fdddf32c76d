import type { Machine } from '../machine/machine.js';
import { pteMkdirty, pteMkyoung, pteNone, ptePresent, pteSame, pteWrite } from '../pgtable/pte.js';
import { pteOffset, pteTable, ptepGet, ptepSetAccessFlags, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { VM_MAYWRITE, VM_WRITE, isCowMapping } from '../vma/vm-flags.js';
import { type Vma, isVmHugetlbPage, vmaIsAnonymous } from '../vma/vma.js';
import { mmAccountFault } from './account.js';
import { doAnonymousPage } from './anon.js';
import { doFault } from './file.js';
import { hugetlbFault } from './hugetlb.js';
import { doSwapPage } from './swapin.js';
import {
  FAULT_FLAG_ORIG_PTE_VALID,
  FAULT_FLAG_UNSHARE,
  FAULT_FLAG_WRITE,
  VM_FAULT_FALLBACK,
  VM_FAULT_SIGSEGV,
} from './flags.js';
import { hugePudFault } from './huge-pud.js';
import { hugePmdFault } from './huge.js';
import type { VmFault } from './vm-fault.js';
import { mmOf } from './vm-fault.js';
import { FaultWay } from './way.js';
import { doWpPage } from './wp.js';

/**
 * Resolves one fault.
 *
 * @kernel mm/memory.c handle_mm_fault v6.2
 * @differs no memory cgroup, no protection keys; what is refused is refused without a warning
 * @param address any byte of the page; the VMA holds it
 * @param flags FAULT_FLAG_*
 * @returns VM_FAULT_*
 */
export function* handleMmFault(k: Machine, vma: Vma, address: number, flags: number): Step<number> {
  k.count('pgfault');
  const refused = k.patched.sanitizeUnshare || k.patched.sanitizeWrite ? refuse(k, vma, flags) : 0;
  if (refused !== 0) return refused;
  const sane = k.patched.sanitizeUnshare && dropsUnshare(vma, flags) ? flags & ~FAULT_FLAG_UNSHARE : flags;
  const mm = mmOf(k, vma);
  const pageStart = address - (address & (k.pageSize - 1));
  const { pteEmpty } = k.pte;
  const way = k.onFault === undefined ? undefined : new FaultWay();
  const vmf: VmFault = {
    vma,
    mm,
    address: pageStart,
    realAddress: address,
    flags: sane,
    origPte: pteEmpty,
    table: 0,
    ptep: 0,
    page: 0,
    way,
  };
  const result = isVmHugetlbPage(vma) ? yield* hugetlbFault(k, vmf) : yield* __handleMmFault(k, vmf);
  mmAccountFault(k, address, flags, result, way);
  return result;
}

/** Faults that no caller should ask for: with dropsUnshare() what sanitize_fault_flags() does. */
function refuse(k: Machine, vma: Vma, flags: number): number {
  if ((flags & FAULT_FLAG_UNSHARE) !== 0) {
    const both = (flags & FAULT_FLAG_WRITE) !== 0;
    return k.patched.sanitizeUnshare && both ? VM_FAULT_SIGSEGV : 0;
  }
  if (!k.patched.sanitizeWrite || (flags & FAULT_FLAG_WRITE) === 0) return 0;
  if ((vma.vmFlags & VM_MAYWRITE) === 0) return VM_FAULT_SIGSEGV;
  const forced = (vma.vmFlags & VM_WRITE) === 0;
  return forced && !isCowMapping(vma.vmFlags) ? VM_FAULT_SIGSEGV : 0;
}

/** Outside COW mappings there is nothing to unshare: an ordinary read fault. */
function dropsUnshare(vma: Vma, flags: number): boolean {
  return (flags & FAULT_FLAG_UNSHARE) !== 0 && !isCowMapping(vma.vmFlags);
}

/** Where there is no table, a huge page may be or be wanted. @kernel mm/memory.c __handle_mm_fault v6.2 */
function* __handleMmFault(k: Machine, vmf: VmFault): Step<number> {
  const atPud = yield* hugePudFault(k, vmf);
  if ((atPud & VM_FAULT_FALLBACK) === 0) return atPud;
  const { pgd } = vmf.mm;
  vmf.table = pteTable(k, pgd, vmf.address);
  if (vmf.table === 0 && k.pte.huge !== undefined) {
    const result = yield* hugePmdFault(k, vmf);
    if ((result & VM_FAULT_FALLBACK) === 0) return result;
    vmf.table = pteTable(k, pgd, vmf.address);
  }
  return yield* handlePteFault(k, vmf);
}

/**
 * @kernel mm/memory.c handle_pte_fault v6.2
 * @differs no NUMA hints; a load makes an old entry young on x86, too, which leaves that to the MMU
 */
function* handlePteFault(k: Machine, vmf: VmFault): Step<number> {
  if (vmf.table !== 0) {
    vmf.ptep = pteOffset(k, vmf.table, vmf.address);
    vmf.origPte = yield* ptepGet(k, vmf.ptep);
    vmf.flags |= FAULT_FLAG_ORIG_PTE_VALID;
  }
  if (pteNone(k, vmf.origPte)) {
    return vmaIsAnonymous(vmf.vma) ? yield* doAnonymousPage(k, vmf) : yield* doFault(k, vmf);
  }
  if (!ptePresent(k, vmf.origPte)) return yield* doSwapPage(k, vmf);

  yield* ptlLock(k, vmf.table);
  if (!pteSame(yield* ptepGet(k, vmf.ptep), vmf.origPte)) {
    ptlUnlock(k, vmf.table);
    return 0;
  }
  let entry = vmf.origPte;
  if ((vmf.flags & (FAULT_FLAG_WRITE | FAULT_FLAG_UNSHARE)) !== 0) {
    if (!pteWrite(k, entry)) return yield* doWpPage(k, vmf);
    if ((vmf.flags & FAULT_FLAG_WRITE) !== 0) entry = pteMkdirty(k, entry);
  }
  entry = pteMkyoung(k, entry);
  const dirty = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  if (!pteSame(entry, vmf.origPte)) yield* ptepSetAccessFlags(k, vmf.ptep, dirty);
  ptlUnlock(k, vmf.table);
  return 0;
}
