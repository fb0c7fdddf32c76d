import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import { hpagePmdNr } from './compound.js';
import { PG_anon_exclusive, PG_dirty, PG_head, PG_swapbacked, PG_swapcache, PG_uptodate } from './flags.js';
import {
  LRU_NEXT,
  NO_PAGE,
  clearFlag,
  frameWord,
  pagePrivate,
  setPageContent,
  setPageIndex,
  setPageMapping,
  setPagePrivate,
  setPageRefcount,
  testFlag,
} from './frame.js';

/**
 * The pool of huge pages that hugetlb hands out: taken from memory once, and back to the pool when they are freed.
 *
 * MODEL: `struct hstate` of include/linux/hugetlb.h lies in the machine's globals; there is one size, that of a
 * PMD entry, and the pool never grows by itself.
 */

/** What the private word of a head says: `enum hugetlb_page_flags` of include/linux/hugetlb.h. MODEL: and that it is one. */
const HPG_HUGETLB = 1 << 0;
/** Freeing the page gives a reservation back. */
const HPG_RESTORE_RESERVE = 1 << 1;
/** The page may move: it is mapped, or was, and nobody is moving it. */
const HPG_MIGRATABLE = 1 << 2;
/** The page is more than the pool shall have: it goes when it is freed. */
const HPG_TEMPORARY = 1 << 3;

/** @kernel mm/hugetlb.c PageHuge v6.2 */
export function PageHuge(k: Machine, folio: number): boolean {
  // In the swap cache, where hugetlb never is, the word names a slot.
  if (!testFlag(k, folio, PG_head) || testFlag(k, folio, PG_swapcache)) return false;
  return (pagePrivate(k, folio) & HPG_HUGETLB) !== 0;
}

/** Whether freeing the page gives a reservation back: `HPageRestoreReserve` of include/linux/hugetlb.h. */
export function setRestoreReserve(k: Machine, folio: number, restore: boolean): void {
  note(k, folio, HPG_RESTORE_RESERVE, restore);
}

/** @returns what setRestoreReserve() was told last */
export function restoresReserve(k: Machine, folio: number): boolean {
  return (pagePrivate(k, folio) & HPG_RESTORE_RESERVE) !== 0;
}

/** Whether the page may be isolated to move: `HPageMigratable` of include/linux/hugetlb.h. */
export function setHugetlbMigratable(k: Machine, folio: number, migratable: boolean): void {
  note(k, folio, HPG_MIGRATABLE, migratable);
}

/** @returns what setHugetlbMigratable() was told last */
export function hugetlbMigratable(k: Machine, folio: number): boolean {
  return (pagePrivate(k, folio) & HPG_MIGRATABLE) !== 0;
}

function note(k: Machine, folio: number, flag: number, on: boolean): void {
  const flags = pagePrivate(k, folio);
  setPagePrivate(k, folio, on ? flags | flag : flags & ~flag);
}

/** A large folio becomes part of the pool. @kernel mm/hugetlb.c prep_new_hugetlb_folio v6.2 */
export function prepNewHugetlbFolio(k: Machine, folio: number): void {
  setPageRefcount(k, folio, 0);
  k.globals.nrHugePages++;
  enqueueHugetlbFolio(k, folio);
}

/** A large folio with one reference belongs to hugetlb for as long as somebody uses it. MODEL: alloc_migrate_huge_page(). */
export function prepTemporaryHugePage(k: Machine, folio: number): void {
  setPagePrivate(k, folio, HPG_HUGETLB | HPG_TEMPORARY);
  k.globals.nrHugePages++;
}

/**
 * A page has moved: the pool keeps the new one, and if it was only lent takes leave of the old one in its stead.
 *
 * @kernel mm/hugetlb.c move_hugetlb_state v6.2
 */
export function moveHugetlbState(k: Machine, src: number, dst: number): void {
  if ((pagePrivate(k, dst) & HPG_TEMPORARY) !== 0) {
    note(k, src, HPG_TEMPORARY, true);
    note(k, dst, HPG_TEMPORARY, false);
  }
  setHugetlbMigratable(k, dst, true);
}

/** @kernel mm/hugetlb.c enqueue_hugetlb_folio v6.2 */
function enqueueHugetlbFolio(k: Machine, folio: number): void {
  setPagePrivate(k, folio, HPG_HUGETLB);
  st(k.frames, frameWord(folio, LRU_NEXT), k.globals.hugepageFreelist);
  k.globals.hugepageFreelist = folio;
  k.globals.freeHugePages++;
}

/** A free page with one reference and content 0; NO_PAGE when there is none. MODEL: dequeue_huge_page_node_exact(). */
export function dequeueHugePage(k: Machine): number {
  const folio = k.globals.hugepageFreelist;
  if (folio === NO_PAGE) return NO_PAGE;
  k.globals.hugepageFreelist = ld(k.frames, frameWord(folio, LRU_NEXT));
  st(k.frames, frameWord(folio, LRU_NEXT), 0);
  k.globals.freeHugePages--;
  setPageRefcount(k, folio, 1);
  for (let page = folio; page < folio + hpagePmdNr(k); page++) setPageContent(k, page, 0);
  return folio;
}

/**
 * A page without references goes back to the pool.
 *
 * @kernel mm/hugetlb.c free_huge_page v6.2
 * @returns false when the pool does not want it: the caller frees what is an ordinary large folio now
 */
export function freeHugePage(k: Machine, folio: number): boolean {
  if (restoresReserve(k, folio)) k.globals.resvHugePages++;
  setPageMapping(k, folio, 0, 0);
  setPageIndex(k, folio, 0);
  clearFlag(k, folio, PG_anon_exclusive | PG_dirty | PG_swapbacked | PG_uptodate);
  if ((pagePrivate(k, folio) & HPG_TEMPORARY) === 0) {
    enqueueHugetlbFolio(k, folio);
    return true;
  }
  k.globals.nrHugePages--;
  setPagePrivate(k, folio, 0);
  return false;
}

/**
 * Reserves pages of the pool, or gives reservations back.
 *
 * @kernel mm/hugetlb.c hugetlb_acct_memory v6.2
 * @returns false when not so many are free
 */
export function hugetlbAcctMemory(k: Machine, delta: number): boolean {
  if (delta > k.globals.freeHugePages - k.globals.resvHugePages) return false;
  k.globals.resvHugePages += delta;
  return true;
}
