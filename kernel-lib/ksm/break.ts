import { ENOMEM } from '../base/errno.js';
import { vmBugOn } from '../base/error.js';
import {
  FAULT_FLAG_REMOTE,
  FAULT_FLAG_UNSHARE,
  FAULT_FLAG_WRITE,
  VM_FAULT_OOM,
  VM_FAULT_SIGBUS,
  VM_FAULT_SIGSEGV,
  VM_FAULT_WRITE,
} from '../fault/flags.js';
import { handleMmFault } from '../fault/handle.js';
import { PageKsm } from '../folio/frame.js';
import { gupCanFollowProtnone } from '../gup/follow.js';
import { mapsHugePage } from '../huge/pmd-lock.js';
import { isHugeZeroPmd } from '../huge/zero-page.js';
import type { Machine } from '../machine/machine.js';
import { type Pmd, hugeAddress, pmdAt, pmdPfn, pmdPresent, pmdProtnone } from '../pgtable/pmd.js';
import { ptePresent, pteProtnone } from '../pgtable/pte.js';
import { pteOffset, pteTable, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { vmNormalPage } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import type { Vma } from '../vma/vma.js';

/** MODEL: the kernel would try for ever. */
const MANY_FAULTS = 1000;

/** The page that is mapped at an address, 0 for none. */
function* mappedPage(k: Machine, vma: Vma, address: number): Step<number> {
  return yield* pageAt(k, vma, address, true);
}

/**
 * The page as follow_page() finds it, which before d74943a2f3cd took an inaccessible one for a NUMA hint.
 *
 * @kernel mm/gup.c follow_page v6.2
 * @differs takes no reference
 */
export function* followPage(k: Machine, vma: Vma, address: number): Step<number> {
  return yield* pageAt(k, vma, address, gupCanFollowProtnone(k, 0));
}

function* pageAt(k: Machine, vma: Vma, address: number, protnone: boolean): Step<number> {
  const { pgd } = Mm.at(k, vma.vmMm);
  const table = pteTable(k, pgd, address);
  if (table === 0) {
    return mapsHugePage(k, vma, address) ? pageOfLeaf(k, pmdAt(k, pgd, address), address, protnone) : 0;
  }
  yield* ptlLock(k, table);
  const pte = yield* ptepGet(k, pteOffset(k, table, address));
  ptlUnlock(k, table);
  if (!ptePresent(k, pte) || (pteProtnone(k, pte) && !protnone)) return 0;
  return vmNormalPage(k, pte);
}

/** The page within a huge one; 0 for one of zeros, and for one that is moving. */
function pageOfLeaf(k: Machine, pmd: Pmd, address: number, protnone: boolean): number {
  if (!pmdPresent(k, pmd) || isHugeZeroPmd(k, pmd)) return 0;
  if (pmdProtnone(k, pmd) && !protnone) return 0;
  return pmdPfn(k, pmd) + (address - hugeAddress(k, address)) / k.pageSize;
}

/**
 * Gives a place a page of its own again if it maps a merged one.
 *
 * @kernel mm/ksm.c break_ksm v6.2
 * @returns 0 or -ENOMEM
 */
export function* breakKsm(k: Machine, vma: Vma, address: number): Step<number> {
  const flags = (k.patched.breakKsmUnshare ? FAULT_FLAG_UNSHARE : FAULT_FLAG_WRITE) | FAULT_FLAG_REMOTE;
  // Before, the fault's own report ended the loop; that the page is gone ends it since.
  const failed = VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_OOM;
  const stop = k.patched.breakKsmUnshare ? failed : failed | VM_FAULT_WRITE;
  for (let faults = 0; ; faults++) {
    vmBugOn(faults > MANY_FAULTS, 'break_ksm() faults for ever: the page stays merged');
    const page = yield* breakable(k, vma, address);
    if (page === 0 || !PageKsm(k, page)) return 0;
    const fault = yield* handleMmFault(k, vma, address, flags);
    if ((fault & stop) !== 0) return (fault & VM_FAULT_OOM) !== 0 ? -ENOMEM : 0;
  }
}

function* breakable(k: Machine, vma: Vma, address: number): Step<number> {
  if (k.patched.breakKsmWalks) return yield* mappedPage(k, vma, address);
  return yield* followPage(k, vma, address);
}

/** Unmerges a range. @kernel mm/ksm.c unmerge_ksm_pages v6.2 @returns 0 or -ENOMEM */
export function* unmergeKsmPages(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  for (let address = start; address < end; address += k.pageSize) {
    const error = yield* breakKsm(k, vma, address);
    if (error !== 0) return error;
  }
  return 0;
}
