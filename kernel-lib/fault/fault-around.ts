import { folioPut } from '../folio/alloc.js';
import { PG_hwpoison, PG_reclaim, PG_uptodate } from '../folio/flags.js';
import { folioGet, testFlag } from '../folio/frame.js';
import { folioTrylock, folioUnlock } from '../folio/lock.js';
import type { Machine } from '../machine/machine.js';
import { xaFind, xaIsValue, xaLoad } from '../pagecache/xarray.js';
import { pteNone } from '../pgtable/pte.js';
import { pmdAddrEnd, pmdAddrStart, pteOffset, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { userfaultfdMinor, userfaultfdWp } from '../uffd/markers.js';
import { File, vmaMapping } from '../vma/file.js';
import { VM_OPS_DAX, type Vma, linearPageIndex } from '../vma/vma.js';
import { doSetPte } from './file.js';
import { VM_FAULT_NOPAGE } from './flags.js';
import type { VmFault } from './vm-fault.js';

/** Pages that a read fault looks at: 64 KiB. */
const FAULT_AROUND_BYTES = 65536;

/** @kernel mm/memory.c should_fault_around v6.2 */
export function shouldFaultAround(k: Machine, vma: Vma): boolean {
  if (vma.vmOps === VM_OPS_DAX || k.pageSize >= FAULT_AROUND_BYTES) return false;
  return !userfaultfdWp(vma) && !userfaultfdMinor(vma);
}

/**
 * Maps pages that are in the page cache anyway, around the one that is asked for.
 *
 * @kernel mm/memory.c do_fault_around v6.2
 * @returns VM_FAULT_NOPAGE when the faulting address was among them, else 0
 */
export function* doFaultAround(k: Machine, vmf: VmFault): Step<number> {
  const { vma } = vmf;
  const aligned = vmf.address - (vmf.address % FAULT_AROUND_BYTES);
  const start = Math.max(aligned, vma.vmStart, pmdAddrStart(k, vmf.address));
  const end = Math.min(start + FAULT_AROUND_BYTES, vma.vmEnd, pmdAddrEnd(k, vmf.address, vma.vmEnd));
  return yield* filemapMapPages(k, vmf, start, end);
}

/** @kernel mm/filemap.c filemap_map_pages v6.2 */
function* filemapMapPages(k: Machine, vmf: VmFault, start: number, end: number): Step<number> {
  const { vma } = vmf;
  const file = File.at(k, vma.vmFile);
  const mapping = vmaMapping(k, vma)!;
  const last = Math.min(linearPageIndex(vma, end), Math.ceil(mapping.iSize / k.pageSize));
  let result = 0;
  yield* ptlLock(k, vmf.table);
  let index = xaFind(k, mapping, linearPageIndex(vma, start), last);
  for (; index >= 0; index = xaFind(k, mapping, index + 1, last)) {
    const page = xaLoad(k, mapping, index);
    if (!(yield* nextUptodatePage(k, page))) continue;
    const address = vma.vmStart + (index - vma.vmPgoff) * k.pageSize;
    const ptep = pteOffset(k, vmf.table, address);
    if (file.raMmapMiss > 0) file.raMmapMiss--;
    if (pteNone(k, yield* ptepGet(k, ptep))) {
      if (address === vmf.address) result = VM_FAULT_NOPAGE;
      yield* doSetPte(k, vmf, page, address, ptep);
      folioUnlock(k, page);
    } else {
      folioUnlock(k, page);
      yield* folioPut(k, page);
    }
  }
  ptlUnlock(k, vmf.table);
  return result;
}

/**
 * Whether a page can be mapped without waiting; then it is locked, with a reference.
 *
 * @kernel mm/filemap.c next_uptodate_page v6.2
 */
function* nextUptodatePage(k: Machine, page: number): Step<boolean> {
  // PG_reclaim and PG_readahead are one bit, so a page that waits to be written and evicted is passed over, too.
  if (xaIsValue(page) || !testFlag(k, page, PG_uptodate) || testFlag(k, page, PG_hwpoison | PG_reclaim)) {
    return false;
  }
  yield* folioGet(k, page);
  if (yield* folioTrylock(k, page)) return true;
  yield* folioPut(k, page);
  return false;
}
