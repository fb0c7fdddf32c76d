import { __pudTransHugeLock } from '../huge/pud-lock.js';
import { __splitHugePud } from '../huge/split-pud.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pud,
  hasPudLeaves,
  pudLeaf,
  pudMkdirty,
  pudMkyoung,
  pudNone,
  pudOffset,
  pudSame,
  pudWrite,
  pudpGet,
  readPud,
  setPudAt,
} from '../pgtable/pud.js';
import { pmdAlloc, ptlUnlock, pudAlloc } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { VM_MAYSHARE, VM_SHARED } from '../vma/vm-flags.js';
import { vmaIsAnonymous } from '../vma/vma.js';
import { daxHugeFault, hasHugeFault } from './dax.js';
import { FAULT_FLAG_WRITE, VM_FAULT_FALLBACK } from './flags.js';
import { type VmFault } from './vm-fault.js';

/**
 * A fault where an entry two levels above the lowest may map all there is.
 *
 * MODEL: the part of __handle_mm_fault() that deals with PUDs.
 * @returns VM_FAULT_FALLBACK where smaller entries are to answer
 */
export function* hugePudFault(k: Machine, vmf: VmFault): Step<number> {
  if (!hasHugeFault(vmf.vma) || !hasPudLeaves(k)) return VM_FAULT_FALLBACK;
  const { pgd } = vmf.mm;
  const pudp = pudOffset(k, pudAlloc(k, pgd, vmf.address), vmf.address);
  for (;;) {
    const origPud = yield* pudpGet(k, pudp);
    const result = yield* atPud(k, vmf, origPud);
    if ((result & VM_FAULT_FALLBACK) === 0) return result;
    // Another fault may have been quicker with a leaf than this one is with a table.
    if (pudLeaf(readPud(k, pudp))) continue;
    pmdAlloc(k, pgd, vmf.address);
    return VM_FAULT_FALLBACK;
  }
}

function* atPud(k: Machine, vmf: VmFault, origPud: Pud): Step<number> {
  if (pudNone(origPud)) return yield* createHugePud(k, vmf);
  if (!pudLeaf(origPud)) return VM_FAULT_FALLBACK;
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  if (write && !pudWrite(k, origPud)) return yield* wpHugePud(k, vmf);
  yield* hugePudSetAccessed(k, vmf, origPud);
  return 0;
}

/** @kernel mm/memory.c create_huge_pud v6.2 */
function* createHugePud(k: Machine, vmf: VmFault): Step<number> {
  if (vmaIsAnonymous(vmf.vma) || !hasHugeFault(vmf.vma)) return VM_FAULT_FALLBACK;
  vmf.way?.push('create_huge_pud');
  return yield* daxHugeFault(k, vmf, 'PE_SIZE_PUD');
}

/**
 * A store to a leaf that is read-only. A private mapping wants a copy of a page, which no huge_fault can give; since
 * aea06577a900 it is not asked.
 *
 * @kernel mm/memory.c wp_huge_pud v6.2
 */
function* wpHugePud(k: Machine, vmf: VmFault): Step<number> {
  vmf.way?.push('wp_huge_pud');
  const shared = (vmf.vma.vmFlags & (VM_SHARED | VM_MAYSHARE)) !== 0;
  if (hasHugeFault(vmf.vma) && (shared || !k.patched.hugeFaultSharedOnly)) {
    const result = yield* daxHugeFault(k, vmf, 'PE_SIZE_PUD');
    if ((result & VM_FAULT_FALLBACK) === 0) return result;
  }
  yield* __splitHugePud(k, vmf.vma, vmf.address);
  return VM_FAULT_FALLBACK;
}

/** @kernel mm/huge_memory.c huge_pud_set_accessed v6.2 */
function* hugePudSetAccessed(k: Machine, vmf: VmFault, origPud: Pud): Step<void> {
  const at = yield* __pudTransHugeLock(k, vmf.vma, vmf.address);
  if (at === null) return;
  const pud = yield* pudpGet(k, at.pudp);
  const young = pudMkyoung(k, pud);
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0;
  if (pudSame(pud, origPud)) yield* setPudAt(k, at.pudp, write ? pudMkdirty(k, young) : young);
  ptlUnlock(k, at.table);
}
