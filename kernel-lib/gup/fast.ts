import { vmBugOn } from '../base/error.js';
import { PG_referenced } from '../folio/flags.js';
import { PageAnon, ZERO_PFN, pageFolio, pageOwner, setFlag, isDevicePfn } from '../folio/frame.js';
import { PageHuge } from '../folio/hugetlb-pool.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pmd,
  hugeAddress,
  pmdNone,
  pmdOffset,
  pmdPfn,
  pmdProtnone,
  pmdSame,
  pmdTable,
  pmdTransHuge,
  pmdWrite,
  pmdpGet,
  pmdpGetLockless,
  pmdAccessPermitted,
} from '../pgtable/pmd.js';
import { ptePfn, ptePresent, pteProtnone, pteSame, pteSpecial, pteWrite } from '../pgtable/pte.js';
import { TABLE, pteOffset, ptepGet, ptepGetLockless } from '../pgtable/table.js';
import { ld } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { localIrqRestore, localIrqSave } from '../tlb/irqs.js';
import { AddressSpace } from '../vma/file.js';
import { MMF_HAS_PINNED, Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { FOLL_FAST_ONLY, FOLL_LONGTERM, FOLL_PIN, FOLL_TOUCH, FOLL_UNLOCKABLE, FOLL_WRITE } from './flags.js';
import { gupMustUnshare } from './follow.js';
import { __getUserPagesLocked } from './get-user-pages.js';
import { gupPutFolio, tryGrabFolio, unpinUserPages } from './grab.js';

/**
 * Finds the pages of the current process's [start, start + nrPages): without locks as far as every page is ready,
 * the rest with the mmap lock.
 *
 * @kernel mm/gup.c internal_get_user_pages_fast v6.2
 * @param gupFlags FOLL_GET or FOLL_PIN among them
 * @param pages receives the frames, each with a reference or a pin
 * @returns how many pages, or a negative error number when there is not one
 */
export function* internalGetUserPagesFast(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  gupFlags: number,
  pages: number[],
): Step<number> {
  if (gupFlags & FOLL_PIN) mm.flags |= MMF_HAS_PINNED;
  const nrPinned = yield* locklessPagesFromMm(k, mm, start, nrPages, gupFlags, pages);
  if (nrPinned === nrPages || (gupFlags & FOLL_FAST_ONLY) !== 0) return nrPinned;
  const at = start + nrPinned * k.pageSize;
  const ret = yield* getUserPagesUnlocked(k, mm, at, nrPages - nrPinned, gupFlags, pages);
  if (ret < 0) return nrPinned > 0 ? nrPinned : ret;
  return nrPinned + ret;
}

/** @kernel mm/gup.c get_user_pages_unlocked v6.2 */
export function* getUserPagesUnlocked(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  gupFlags: number,
  pages: number[],
): Step<number> {
  const locked = { held: true };
  yield* mmapReadLock(k, mm);
  const flags = gupFlags | FOLL_TOUCH | FOLL_UNLOCKABLE;
  const ret = yield* __getUserPagesLocked(k, mm, start, nrPages, pages, locked, flags);
  if (locked.held) mmapReadUnlock(k, mm);
  return ret;
}

/**
 * Takes pages with no lock at all. A fork that was under way meanwhile may have shared a page that is pinned now:
 * then all pins are given back.
 *
 * @kernel mm/gup.c lockless_pages_from_mm v6.2
 */
function* locklessPagesFromMm(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  gupFlags: number,
  pages: number[],
): Step<number> {
  const seq = yield* writeProtectSeq(k, mm);
  const pinning = k.patched.gupFastSeesFork && (gupFlags & FOLL_PIN) !== 0;
  if (pinning && seq & 1) return 0;
  const before = pages.length;
  yield* localIrqSave(k);
  for (let i = 0; i < nrPages; i++) {
    if (!(yield* gupPmdRange(k, mm, start + i * k.pageSize, gupFlags, pages))) break;
  }
  localIrqRestore(k);
  if (pinning && (yield* writeProtectSeq(k, mm)) !== seq) yield* unpinUserPages(k, pages.splice(before));
  return pages.length - before;
}

/** The count that fork makes odd while it write-protects, as another CPU may just have left it. */
function* writeProtectSeq(k: Machine, mm: Mm): Step<number> {
  yield;
  return ld(k.slab, mm.at + Mm.offset.writeProtectSeq);
}

/**
 * One page behind an entry that may be a leaf or lead to a table, and may change at any time: whoever takes a page by
 * what it read here compares again before it keeps it.
 *
 * @kernel mm/gup.c gup_pmd_range v6.2
 * @differs page by page; the levels above do not change
 */
function* gupPmdRange(k: Machine, mm: Mm, address: number, flags: number, pages: number[]): Step<boolean> {
  const table = pmdTable(k, mm.pgd, address);
  if (table === 0) return false;
  const pmdp = pmdOffset(k, table, address);
  const pmd = k.patched.gupReadsPmdWhole ? yield* pmdpGetLockless(k, pmdp) : yield* pmdpGet(k, pmdp);
  // On some architectures the present bit is that of leaves alone, so a table is what is neither none nor a leaf.
  if (pmdNone(k, pmd)) return false;
  if (pmdTransHuge(k, pmd)) return yield* gupHugePmd(k, pmdp, pmd, address, flags, pages);
  return yield* gupPteRange(k, pmdp, pmd, address, flags, pages);
}

/**
 * Takes one page and looks again whether it is still mapped: only then nobody can have missed the reference.
 *
 * @kernel mm/gup.c gup_pte_range v6.2
 * @differs page by page
 */
function* gupPteRange(
  k: Machine,
  pmdp: number,
  pmd: Pmd,
  address: number,
  flags: number,
  pages: number[],
): Step<boolean> {
  vmBugOn(pmd.hi !== TABLE, 'a page table is read where there is none');
  const ptep = pteOffset(k, pmd.lo, address);
  const pte = yield* ptepGetLockless(k, ptep);
  if (!ptePresent(k, pte) || pteProtnone(k, pte) || pteSpecial(k, pte)) return false;
  if ((flags & FOLL_WRITE) !== 0 && !pteWrite(k, pte)) return false;
  const page = ptePfn(k, pte);
  if (page === ZERO_PFN || isDaxPfn(k, page)) return false;
  vmBugOn(page >= k.nrFrames, 'a page is looked at that does not exist');
  if (!(yield* tryGrabFolio(k, page, flags))) return false;
  const moved = k.patched.gupSeesCollapse && !pmdSame(pmd, yield* pmdpGet(k, pmdp));
  const changed = moved || !pteSame(pte, yield* ptepGet(k, ptep));
  const refused = changed || !gupFastFolioAllowed(k, page, flags);
  if (refused || (!pteWrite(k, pte) && gupMustUnshare(k, null, flags, page))) {
    yield* gupPutFolio(k, page, flags);
    return false;
  }
  setFlag(k, pageFolio(k, page), PG_referenced);
  pages.push(page);
  return true;
}

/** One page within a huge one. @kernel mm/gup.c gup_huge_pmd v6.2 @differs page by page */
function* gupHugePmd(
  k: Machine,
  pmdp: number,
  orig: Pmd,
  address: number,
  flags: number,
  pages: number[],
): Step<boolean> {
  if (pmdProtnone(k, orig) || !pmdAccessPermitted(k, orig, (flags & FOLL_WRITE) !== 0)) return false;
  const folio = pmdPfn(k, orig);
  if (isDaxPfn(k, folio)) return false;
  vmBugOn(folio >= k.nrFrames, 'a page is looked at that does not exist');
  if (!(yield* tryGrabFolio(k, folio, flags))) return false;
  const changed = !pmdSame(orig, yield* pmdpGet(k, pmdp));
  if (changed || (!pmdWrite(k, orig) && gupMustUnshare(k, null, flags, folio))) {
    yield* gupPutFolio(k, folio, flags);
    return false;
  }
  setFlag(k, folio, PG_referenced);
  pages.push(folio + (address - hugeAddress(k, address)) / k.pageSize);
  return true;
}

/**
 * Whether the page may be had without a look at its mapping: not for long-term writes, unless it is anonymous or of a
 * file in memory.
 *
 * @kernel mm/gup.c gup_fast_folio_allowed 6.12
 */
function gupFastFolioAllowed(k: Machine, page: number, flags: number): boolean {
  const longtermWrite = FOLL_PIN | FOLL_LONGTERM | FOLL_WRITE;
  if (!k.patched.gupFastKeepsFilesClean || (flags & longtermWrite) !== longtermWrite) return true;
  const folio = pageFolio(k, page);
  if (PageHuge(k, folio) || PageAnon(k, folio)) return true;
  const mapping = pageOwner(k, folio);
  return mapping !== 0 && AddressSpace.at(k, mapping).disk === 0;
}

/** Memory of devices is left to the slow way, which refuses it. */
function isDaxPfn(k: Machine, pfn: number): boolean {
  return k.globals.daxMappings !== 0 && isDevicePfn(k, pfn);
}
