import { EINVAL } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import { pfnPte, pteMkspecial } from '../pgtable/pte.js';
import { pteAlloc, pteOffset, ptlLock, ptlUnlock, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { VM_PROT_FLAGS } from '../vma/page-prot.js';
import { VM_DONTDUMP, VM_DONTEXPAND, VM_IO, VM_PFNMAP, isCowMapping } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/**
 * Maps frames that nobody counts, all at once: for the mmap of a driver, on a VMA that is not yet in use.
 *
 * @kernel mm/memory.c remap_pfn_range v6.2 @differs no caching is tracked
 * @param size in bytes, whole pages
 * @returns 0, or -EINVAL for a part of a private mapping
 */
export function* remapPfnRange(k: Machine, vma: Vma, addr: number, pfn: number, size: number): Step<number> {
  if (isCowMapping(vma.vmFlags)) {
    if (addr !== vma.vmStart || addr + size !== vma.vmEnd) return -EINVAL;
    // By this the frames of the device are told from copies where no bit of an entry does.
    vma.vmPgoff = pfn;
  }
  vma.vmFlags |= VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
  for (let offset = 0; offset < size; offset += k.pageSize) {
    yield* remapPte(k, vma, addr + offset, pfn + offset / k.pageSize);
  }
  return 0;
}

/** One entry of remap_pte_range(). */
function* remapPte(k: Machine, vma: Vma, address: number, pfn: number): Step<void> {
  const table = pteAlloc(k, Mm.at(k, vma.vmMm).pgd, address);
  const entry = pfnPte(k, pfn, k.pte.protectionMap[vma.vmFlags & VM_PROT_FLAGS]!);
  yield* ptlLock(k, table);
  yield* setPteAt(k, pteOffset(k, table, address), pteMkspecial(k, entry));
  ptlUnlock(k, table);
}
