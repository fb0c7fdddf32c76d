import type { Machine } from '../machine/machine.js';
import { Mm } from '../vma/mm.js';
import { VM_WRITE } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { type Pte, eitherPte, pfnPte, pteMkwrite, pteNone, pteSame } from '../pgtable/pte.js';
import { ptlLock } from '../pgtable/table.js';
import { pteOffset } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { FAULT_FLAG_ORIG_PTE_VALID } from './flags.js';
import type { FaultWay } from './way.js';

/** One fault on its way through the handlers. @kernel include/linux/mm.h vm_fault v6.2 */
export interface VmFault {
  readonly vma: Vma;
  /** The address space: `vma->vm_mm`. */
  readonly mm: Mm;
  /** First byte of the page. */
  readonly address: number;
  /** The very byte. */
  readonly realAddress: number;
  /** FAULT_FLAG_*. */
  flags: number;
  /** The entry as it was read without lock. */
  origPte: Pte;
  /** Lowest-level page table and the entry in it; 0 while not looked up. */
  table: number;
  ptep: number;
  /** The page that the handler works on. */
  page: number;
  /** MODEL: for who looks at faults, the way that this one takes; copies of the record share it. */
  readonly way?: FaultWay | undefined;
}

export function mmOf(k: Machine, vma: Vma): Mm {
  return Mm.at(k, vma.vmMm);
}

/** An entry that maps a page with the VMA's default protection. MODEL: the protection comes from the VMA. */
export function mkPte(k: Machine, page: number, vma: Vma): Pte {
  return pfnPte(k, page, k.pte.protectionMap[vma.vmPageProt]!);
}

/** @kernel include/linux/mm.h maybe_mkwrite v6.2 */
export function maybeMkwrite(k: Machine, pte: Pte, vma: Vma): Pte {
  return eitherPte((vma.vmFlags & VM_WRITE) !== 0, pteMkwrite(k, pte), pte);
}

/**
 * Looks the entry up and takes its table's lock.
 *
 * @kernel include/linux/mm.h pte_offset_map_lock v6.2
 * @differs since v6.5 it tells a fault whose table has gone meanwhile, as by a MADV_DONTNEED of another CPU (6375e95f381e)
 */
export function* pteOffsetMapLock(k: Machine, vmf: VmFault): Step<void> {
  vmf.ptep = pteOffset(k, vmf.table, vmf.address);
  yield* ptlLock(k, vmf.table);
}

/** Whether the entry is no longer what the fault saw without lock. @kernel mm/memory.c vmf_pte_changed v6.2 */
export function vmfPteChanged(k: Machine, vmf: VmFault, { lo, hi }: Pte): boolean {
  if ((vmf.flags & FAULT_FLAG_ORIG_PTE_VALID) !== 0) return !pteSame({ lo, hi }, vmf.origPte);
  // Seldom, and so a true call: it gets a value of its own, for the other way needs none in memory.
  return !pteNone(k, { lo, hi });
}
