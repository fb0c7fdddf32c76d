import { vmBugOn } from '../base/error.js';
import { maybePmdMkwrite } from '../huge/map-anon-folio.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pmd,
  hpagePmdSize,
  mkHugePmd,
  pmdNone,
  pmdOffset,
  pmdPfn,
  pmdpGet,
  setPmdAt,
  pmdMkdirty,
  pmdMkyoung,
} from '../pgtable/pmd.js';
import { hpagePudSize, pudNone, pudOffset, pudPfn, pudTable, pudpGet, setPudAt } from '../pgtable/pud.js';
import { pfnPte, pteMkdirty, pteMkyoung, pteNone, ptePfn, type Pte } from '../pgtable/pte.js';
import { pmdAlloc, pteAlloc, pteOffset, ptepGet, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { type AddressSpace, vmaMapping } from '../vma/file.js';
import { VM_SHARED } from '../vma/vm-flags.js';
import { VM_OPS_DAX, type Vma, linearPageIndex } from '../vma/vma.js';
import { FAULT_FLAG_WRITE, VM_FAULT_FALLBACK, VM_FAULT_NOPAGE, VM_FAULT_SIGBUS } from './flags.js';
import { type VmFault, maybeMkwrite } from './vm-fault.js';

/** What a fault on memory of a device may map: `enum page_entry_size` of include/linux/mm.h. */
export type PageEntrySize = 'PE_SIZE_PTE' | 'PE_SIZE_PMD' | 'PE_SIZE_PUD';

/** Whether the VMA's file can map more than a page at once. */
export function hasHugeFault(vma: Vma): boolean {
  return vma.vmOps === VM_OPS_DAX;
}

/**
 * The huge_fault of a device's file: maps the whole of what an entry spans, if the file, the mapping and the device
 * lie alike.
 *
 * MODEL: dev_dax_huge_fault() of drivers/dax/device.c for shared mappings, and for private ones, which that refuses,
 * the rules of file systems on DAX.
 */
export function* daxHugeFault(k: Machine, vmf: VmFault, size: PageEntrySize): Step<number> {
  const mapping = mappingOf(k, vmf.vma);
  mapping.hugeFaults++;
  const span = size === 'PE_SIZE_PUD' ? hpagePudSize(k) : hpagePmdSize(k);
  const haddr = vmf.address - (vmf.address % span);
  if (span > mapping.daxAlign || daxFaultCheckFallback(k, vmf, mapping, haddr, span))
    return VM_FAULT_FALLBACK;
  const pfn = mapping.daxPfn + linearPageIndex(vmf.vma, haddr);
  // Whoever remaps for a store to a private mapping maps for reading again.
  const write = (vmf.flags & FAULT_FLAG_WRITE) !== 0 && (vmf.vma.vmFlags & VM_SHARED) !== 0;
  return size === 'PE_SIZE_PUD'
    ? yield* vmfInsertPfnPud(k, vmf, pfn, write)
    : yield* vmfInsertPfnPmd(k, vmf, pfn, write);
}

/** Whether a fault has to be answered page by page. @kernel fs/dax.c dax_fault_check_fallback v6.2 */
function daxFaultCheckFallback(
  k: Machine,
  { vma, flags }: VmFault,
  mapping: AddressSpace,
  haddr: number,
  span: number,
): boolean {
  const privateWrite = (flags & FAULT_FLAG_WRITE) !== 0 && (vma.vmFlags & VM_SHARED) === 0;
  if (privateWrite && mapping.daxRemaps === 0) return true;
  const index = vma.vmPgoff + (haddr - vma.vmStart) / k.pageSize;
  if ((index * k.pageSize) % span !== 0) return true;
  if (haddr < vma.vmStart || haddr + span > vma.vmEnd) return true;
  return index * k.pageSize + span > mapping.iSize;
}

/** Lets an entry two levels up map a device's memory. @kernel include/linux/huge_mm.h vmf_insert_pfn_pud v6.2 */
export function* vmfInsertPfnPud(k: Machine, vmf: VmFault, pfn: number, write: boolean): Step<number> {
  const { vma, mm, address } = vmf;
  if (address < vma.vmStart || address >= vma.vmEnd) return VM_FAULT_SIGBUS;
  const table = pudTable(k, mm.pgd, address);
  yield* ptlLock(k, table);
  yield* insertPfnPud(k, vma, pudOffset(k, table, address), pfn, write);
  ptlUnlock(k, table);
  return VM_FAULT_NOPAGE;
}

/** @kernel mm/huge_memory.c insert_pfn_pud v6.2 */
function* insertPfnPud(k: Machine, vma: Vma, pudp: number, pfn: number, write: boolean): Step<void> {
  const there = yield* pudpGet(k, pudp);
  if (pudNone(there)) yield* setPudAt(k, pudp, deviceLeaf(k, vma, pfn, write));
  else if (write && pudPfn(k, there) === pfn) yield* setPudAt(k, pudp, written(k, vma, there));
}

/** The same one level up. @kernel include/linux/huge_mm.h vmf_insert_pfn_pmd v6.2 @differs no table is put aside */
export function* vmfInsertPfnPmd(k: Machine, vmf: VmFault, pfn: number, write: boolean): Step<number> {
  const { vma, mm, address } = vmf;
  if (address < vma.vmStart || address >= vma.vmEnd) return VM_FAULT_SIGBUS;
  const table = pmdAlloc(k, mm.pgd, address);
  yield* ptlLock(k, table);
  yield* insertPfnPmd(k, vma, pmdOffset(k, table, address), pfn, write);
  ptlUnlock(k, table);
  return VM_FAULT_NOPAGE;
}

/** @kernel mm/huge_memory.c insert_pfn_pmd v6.2 */
function* insertPfnPmd(k: Machine, vma: Vma, pmdp: number, pfn: number, write: boolean): Step<void> {
  const there = yield* pmdpGet(k, pmdp);
  if (pmdNone(k, there)) yield* setPmdAt(k, pmdp, deviceLeaf(k, vma, pfn, write));
  else if (write && pmdPfn(k, there) === pfn) yield* setPmdAt(k, pmdp, writtenPmd(k, vma, there));
}

function deviceLeaf(k: Machine, vma: Vma, pfn: number, write: boolean): Pmd {
  const entry = mkHugePmd(k, pfn, k.pte.protectionMap[vma.vmPageProt]!);
  return write ? writtenPmd(k, vma, entry) : entry;
}

/** A leaf through which somebody is about to store. */
function writtenPmd(k: Machine, vma: Vma, pmd: Pmd): Pmd {
  return maybePmdMkwrite(k, pmdMkyoung(k, pmdMkdirty(k, pmd)), vma);
}

/** An entry through which somebody is about to store. */
function written(k: Machine, vma: Vma, entry: Pte): Pte {
  return maybeMkwrite(k, pteMkyoung(k, pteMkdirty(k, entry)), vma);
}

/** The device's part of a fault on a single page, which it maps itself. MODEL: dev_dax_fault() and dax_iomap_fault(). */
export function* daxFault(k: Machine, vmf: VmFault): Step<number> {
  const pfn = devicePfnAt(k, vmf.vma, vmf.address);
  if (pfn === 0) return VM_FAULT_SIGBUS;
  return yield* vmfInsertMixed(k, vmf, pfn);
}

/** The device's frame behind an address, 0 behind its end. */
export function devicePfnAt(k: Machine, vma: Vma, address: number): number {
  const mapping = mappingOf(k, vma);
  const index = linearPageIndex(vma, address);
  return index < mapping.daxNrPages ? mapping.daxPfn + index : 0;
}

/** @kernel mm/memory.c vmf_insert_mixed v6.2 */
function* vmfInsertMixed(k: Machine, { vma, mm, address, flags }: VmFault, pfn: number): Step<number> {
  const table = pteAlloc(k, mm.pgd, address);
  const ptep = pteOffset(k, table, address);
  const write = (flags & FAULT_FLAG_WRITE) !== 0;
  yield* ptlLock(k, table);
  const there = yield* ptepGet(k, ptep);
  const entry = pfnPte(k, pfn, k.pte.protectionMap[vma.vmPageProt]!);
  if (pteNone(k, there)) yield* setPteAt(k, ptep, write ? written(k, vma, entry) : entry);
  else if (write && ptePfn(k, there) === pfn) yield* setPteAt(k, ptep, written(k, vma, there));
  ptlUnlock(k, table);
  return VM_FAULT_NOPAGE;
}

function mappingOf(k: Machine, vma: Vma): AddressSpace {
  const mapping = vmaMapping(k, vma);
  vmBugOn(mapping === null || mapping.daxPfn === 0, 'only memory of devices is mapped as it is');
  return mapping!;
}
