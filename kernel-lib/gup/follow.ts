import { vmBugOn } from '../base/error.js';
import { EMLINK } from '../base/errno.js';
import { PG_dirty } from '../folio/flags.js';
import { PageAnon, PageAnonExclusive, pageFolio, setFlag, testFlag } from '../folio/frame.js';
import { folioMarkAccessed } from '../folio/lru.js';
import { __pmdTransHugeLock, mapsHugePage } from '../huge/pmd-lock.js';
import type { Machine } from '../machine/machine.js';
import {
  hugeAddress,
  pmdMkdirty,
  pmdMkyoung,
  pmdPfn,
  pmdPresent,
  pmdProtnone,
  pmdWrite,
  pmdpGet,
  setPmdAt,
  pmdPte,
} from '../pgtable/pmd.js';
import {
  type Pte,
  pteDirty,
  ptePfn,
  ptePresent,
  pteProtnone,
  pteSoftDirty,
  pteUffdWp,
  pteWrite,
} from '../pgtable/pte.js';
import { pteOffset, pteTable, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { vmNormalPage } from '../rmap/map.js';
import type { PmdMappedAt } from '../rmap/walk.js';
import type { Step } from '../step/step.js';
import { Mm } from '../vma/mm.js';
import { vmaSoftDirtyEnabled } from '../vma/page-prot.js';
import { VM_MAYSHARE, VM_MAYWRITE, VM_SHARED, VM_UFFD_WP, VM_WRITE, isCowMapping } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';
import { FOLL_FORCE, FOLL_LONGTERM, FOLL_PIN, FOLL_TOUCH, FOLL_WRITE } from './flags.js';
import { tryGrabPage } from './grab.js';

/**
 * Looks a page up and takes what the flags ask for.
 *
 * @kernel mm/gup.c follow_page_pte v6.2
 * @differs no raw frames: every entry has a page
 * @returns the frame, 0 when a fault must bring it first, -EMLINK when a fault must unshare it first
 */
export function* followPagePte(k: Machine, vma: Vma, address: number, flags: number): Step<number> {
  const table = pteTable(k, Mm.at(k, vma.vmMm).pgd, address);
  if (table === 0) return mapsHugePage(k, vma, address) ? yield* followHugePmd(k, vma, address, flags) : 0;
  yield* ptlLock(k, table);
  const pte = yield* ptepGet(k, pteOffset(k, table, address));
  const page = yield* followEntry(k, vma, pte, flags);
  ptlUnlock(k, table);
  return page;
}

function* followEntry(k: Machine, vma: Vma, pte: Pte, flags: number): Step<number> {
  if (!ptePresent(k, pte)) return 0;
  if (pteProtnone(k, pte) && !gupCanFollowProtnone(k, flags)) return 0;
  if ((flags & FOLL_WRITE) !== 0 && !canFollowWritePte(k, vma, pte, flags)) return 0;
  const page = ptePfn(k, pte);
  if (!pteWrite(k, pte) && gupMustUnshare(k, vma, flags, page)) return -EMLINK;
  const pinned = (flags & FOLL_PIN) !== 0 && PageAnon(k, page);
  vmBugOn(pinned && !PageAnonExclusive(k, page), 'only exclusive anonymous pages are pinned');
  yield* tryGrabPage(k, page, flags);
  if (flags & FOLL_TOUCH) yield* touch(k, page, pte, flags);
  return page;
}

/**
 * An inaccessible VMA looks like NUMA hints. Before d74943a2f3cd only who forced the access could pass; GUP itself
 * comes to such a VMA in no other way.
 *
 * @kernel include/linux/mm.h gup_can_follow_protnone v6.2
 */
export function gupCanFollowProtnone(k: Machine, flags: number): boolean {
  return k.patched.followPageProtnone || (flags & FOLL_FORCE) !== 0;
}

function* touch(k: Machine, page: number, pte: Pte, flags: number): Step<void> {
  const folio = pageFolio(k, page);
  const write = (flags & FOLL_WRITE) !== 0;
  if (write && !pteDirty(k, pte) && !testFlag(k, folio, PG_dirty)) setFlag(k, folio, PG_dirty);
  yield* folioMarkAccessed(k, folio);
}

/** A page within a huge one. */
function* followHugePmd(k: Machine, vma: Vma, address: number, flags: number): Step<number> {
  const at = yield* __pmdTransHugeLock(k, vma, address);
  if (at === null) return 0;
  const page = yield* followTransHugePmd(k, vma, address, at, flags);
  ptlUnlock(k, at.table);
  return page;
}

/**
 * Pages of hugetlb, too: follow_hugetlb_page() is gone in 6.12.
 *
 * @kernel mm/huge_memory.c follow_trans_huge_pmd v6.2
 * @differs makes entries of hugetlb young and dirty in every release, where 6.1 leaves them as they are
 */
function* followTransHugePmd(
  k: Machine,
  vma: Vma,
  address: number,
  at: PmdMappedAt,
  flags: number,
): Step<number> {
  const pmd = yield* pmdpGet(k, at.pmdp);
  const write = (flags & FOLL_WRITE) !== 0;
  const folio = pmdPfn(k, pmd);
  // A fault will wait until it has moved.
  if (!pmdPresent(k, pmd)) return 0;
  if (write && !canFollowWritePte(k, vma, pmdPte(k, pmd), flags)) return 0;
  if (pmdProtnone(k, pmd) && !gupCanFollowProtnone(k, flags)) return 0;
  if (!pmdWrite(k, pmd) && gupMustUnshare(k, vma, flags, folio)) return -EMLINK;
  yield* tryGrabPage(k, folio, flags);
  if (flags & FOLL_TOUCH) yield* touchPmd(k, at.pmdp, write);
  return folio + (address - hugeAddress(k, address)) / k.pageSize;
}

/** @kernel mm/huge_memory.c touch_pmd v6.2 @differs loads and stores the entry in two steps: what a walker notes in between is lost */
function* touchPmd(k: Machine, pmdp: number, write: boolean): Step<void> {
  const young = pmdMkyoung(k, yield* pmdpGet(k, pmdp));
  yield* setPmdAt(k, pmdp, write ? pmdMkdirty(k, young) : young);
}

/**
 * Whether the page may be written through an entry that may be read-only: then only by force, and only where
 * copy-on-write is already done.
 *
 * @kernel mm/gup.c can_follow_write_pte v6.2
 */
function canFollowWritePte(k: Machine, vma: Vma, pte: Pte, flags: number): boolean {
  if (pteWrite(k, pte)) return true;
  if ((flags & FOLL_FORCE) === 0) return false;
  if ((vma.vmFlags & (VM_MAYSHARE | VM_SHARED | VM_MAYWRITE | VM_WRITE)) !== VM_MAYWRITE) return false;
  const page = vmNormalPage(k, pte);
  if (page === 0 || !PageAnon(k, page) || !PageAnonExclusive(k, page)) return false;
  if (vmaSoftDirtyEnabled(k, vma) && !pteSoftDirty(k, pte)) return false;
  return (vma.vmFlags & VM_UFFD_WP) === 0 || !pteUffdWp(k, pte);
}

/**
 * Whether a read-only pin would come to miss what the process writes later, because its next store copies the
 * page. Since 84209e87c696 that holds for all that a long-term pin may find in a COW mapping.
 *
 * @kernel include/linux/mm.h gup_must_unshare v6.2
 * @param vma NULL when it is not known, in GUP-fast
 */
export function gupMustUnshare(k: Machine, vma: Vma | null, flags: number, page: number): boolean {
  if ((flags & (FOLL_WRITE | FOLL_PIN)) !== FOLL_PIN) return false;
  if (PageAnon(k, page)) return !PageAnonExclusive(k, page);
  if (!k.patched.longtermUnshare || (flags & FOLL_LONGTERM) === 0) return false;
  return vma === null || isCowMapping(vma.vmFlags);
}
