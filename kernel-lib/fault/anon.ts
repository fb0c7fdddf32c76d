import { ZERO_PFN, setFlag } from '../folio/frame.js';
import { PG_uptodate } from '../folio/flags.js';
import { allocPage, folioPut } from '../folio/alloc.js';
import { folioAddLruVma } from '../rmap/lru.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  eitherPte,
  pfnPte,
  pteMkdirty,
  pteMkspecial,
  pteMkuffdWp,
  pteMkwrite,
  pteSwMkyoung,
  pteWrprotect,
} from '../pgtable/pte.js';
import { ptepGet, ptlUnlock, setPteAt } from '../pgtable/table.js';
import { __pteAlloc } from '../pgtable/pte-alloc.js';
import { pageAddNewAnonRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { pteMarkerUffdWp, userfaultfdMissing } from '../uffd/markers.js';
import { anonVmaPrepare } from '../vma/anon-vma-prepare.js';
import { MM_ANONPAGES, addMmCounter } from '../vma/mm.js';
import { VM_SHARED, VM_UFFD_MISSING, VM_WRITE } from '../vma/vm-flags.js';
import { FAULT_FLAG_WRITE, VM_FAULT_OOM, VM_FAULT_SIGBUS } from './flags.js';
import { handleUserfault } from './userfault.js';
import { type VmFault, mkPte, pteOffsetMapLock, vmfPteChanged } from './vm-fault.js';

/**
 * First touch of anonymous memory: a new page for a write, the zero page for a read.
 *
 * @kernel mm/memory.c do_anonymous_page v6.2
 * @differs no memory cgroup, no OOM reaper; every process may have the zero page
 */
export function* doAnonymousPage(k: Machine, vmf: VmFault): Step<number> {
  vmf.way?.push('do_anonymous_page');
  const { vma, address } = vmf;
  if ((vma.vmFlags & VM_SHARED) !== 0) return VM_FAULT_SIGBUS;
  // Under the mmap lock a table goes only where MADV_DONTNEED frees what it has emptied.
  if (vmf.table === 0 || k.patched.reclaimEmptyTables) {
    vmf.table = yield* __pteAlloc(k, vmf.mm.pgd, address);
  }
  if (vmf.table === 0) return 0;
  if ((vmf.flags & FAULT_FLAG_WRITE) === 0) return yield* installAnonPage(k, vmf, 0);
  anonVmaPrepare(k, vma);
  const page = allocPage(k);
  if (page === 0) return VM_FAULT_OOM;
  setFlag(k, page, PG_uptodate);
  return yield* installAnonPage(k, vmf, page);
}

/** Sets the entry if it is still none or the marker that it was; `page` 0 stands for the zero page. */
function* installAnonPage(k: Machine, vmf: VmFault, page: number): Step<number> {
  const { vma } = vmf;
  yield* pteOffsetMapLock(k, vmf);
  const raced = vmfPteChanged(k, vmf, yield* ptepGet(k, vmf.ptep));
  const missing = !raced && userfaultfdMissing(vma);
  if (raced || missing) {
    ptlUnlock(k, vmf.table);
    if (page !== 0) yield* folioPut(k, page);
    return missing ? yield* handleUserfault(k, vmf, VM_UFFD_MISSING) : 0;
  }
  if (page !== 0) {
    addMmCounter(k, vmf.mm, MM_ANONPAGES, 1);
    yield* pageAddNewAnonRmap(k, page, vma, vmf.address);
    yield* folioAddLruVma(k, page, vma);
  }
  if (page !== 0) yield* setPteAt(k, vmf.ptep, marked(k, vmf, newPte(k, vmf, page)));
  else yield* setPteAt(k, vmf.ptep, marked(k, vmf, zeroPte(k, vmf)));
  ptlUnlock(k, vmf.table);
  return 0;
}

function newPte(k: Machine, vmf: VmFault, page: number): Pte {
  const entry = pteSwMkyoung(k, mkPte(k, page, vmf.vma));
  // Without VM_WRITE (FOLL_FORCE) the entry stays clean, unlike after a copy.
  return eitherPte((vmf.vma.vmFlags & VM_WRITE) !== 0, pteMkwrite(k, pteMkdirty(k, entry)), entry);
}

function zeroPte(k: Machine, vmf: VmFault): Pte {
  return pteMkspecial(k, pfnPte(k, ZERO_PFN, k.pte.protectionMap[vmf.vma.vmPageProt]!));
}

/** What a marker said of the entry goes on being true of it. */
function marked(k: Machine, vmf: VmFault, entry: Pte): Pte {
  const armed = pteMarkerUffdWp(k, vmf.origPte);
  return eitherPte(armed, pteMkuffdWp(k, pteWrprotect(k, entry)), entry);
}
