import { ld, outcomeOf, st } from '../step/memory.js';
import { GLOBALS } from '../machine/globals.js';
import type { Machine } from '../machine/machine.js';
import { folioNrPages } from './compound.js';
import { PG_active, PG_outside, PG_swapbacked, PG_unevictable } from './flags.js';
import { FIRST_PFN, LRU_NEXT, LRU_PREV, frameWord, pageFlags, testFlag } from './frame.js';

/**
 * The LRU lists of one memory cgroup. @kernel include/linux/mmzone.h LRU_INACTIVE_ANON v6.2
 */
export const LRU_INACTIVE_ANON = 0;
export const LRU_ACTIVE_ANON = 1;
export const LRU_INACTIVE_FILE = 2;
export const LRU_ACTIVE_FILE = 3;
export const LRU_UNEVICTABLE = 4;
export const NR_LRU_LISTS = 5;

/** Memory cgroups of the model: that of the processes, and one for everybody else. */
export const MEMCG_PROCESSES = 0;
export const MEMCG_OUTSIDE = 1;
export const NR_MEMCGS = 2;

const FIRST_HEAD = FIRST_PFN - NR_LRU_LISTS * NR_MEMCGS;

/** MODEL: list heads are frames that hold no memory. */
export function lruHead(memcg: number, list: number): number {
  return FIRST_HEAD + memcg * NR_LRU_LISTS + list;
}

export function initLruLists(k: Machine): void {
  for (let head = FIRST_HEAD; head < FIRST_PFN; head++) {
    st(k.frames, frameWord(head, LRU_NEXT), head);
    st(k.frames, frameWord(head, LRU_PREV), head);
  }
}

/** The list a page belongs to by its flags. @kernel include/linux/mm_inline.h folio_lru_list v6.2 */
export function folioLruList(k: Machine, pfn: number): number {
  return outcomeOf(() => listOf(pageFlags(k, pfn)));
}

function listOf(flags: number): number {
  if ((flags & PG_unevictable) !== 0) return LRU_UNEVICTABLE;
  const list = (flags & PG_swapbacked) === 0 ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON;
  return (flags & PG_active) !== 0 ? list + 1 : list;
}

/** @kernel include/linux/mm_inline.h folio_is_file_lru v6.2 */
export function folioIsFileLru(k: Machine, pfn: number): boolean {
  return !testFlag(k, pfn, PG_swapbacked);
}

function sizeOf(k: Machine, memcg: number, list: number): number {
  return k.globals.at + GLOBALS.offset.lruSizes + memcg * NR_LRU_LISTS + list;
}

function memcgOf(flags: number): number {
  return (flags & PG_outside) !== 0 ? MEMCG_OUTSIDE : MEMCG_PROCESSES;
}

/** The page that has been on a list for longest, 0 if the list is empty. */
export function lruTail(k: Machine, memcg: number, list: number): number {
  const head = lruHead(memcg, list);
  const tail = ld(k.frames, frameWord(head, LRU_PREV));
  return tail === head ? 0 : tail;
}

/** How many pages a list holds. */
export function lruSize(k: Machine, memcg: number, list: number): number {
  return ld(k.slab, sizeOf(k, memcg, list));
}

/**
 * Puts a page at the head of its list. Unevictable pages are only counted.
 *
 * @kernel include/linux/mm_inline.h lruvec_add_folio v6.2
 */
export function lruvecAddFolio(k: Machine, pfn: number): void {
  outcomeOf(() => addFolio(k, pfn));
}

function addFolio(k: Machine, pfn: number): void {
  const flags = pageFlags(k, pfn);
  const memcg = memcgOf(flags);
  const list = listOf(flags);
  resize(k, memcg, list, folioNrPages(k, pfn));
  if (list === LRU_UNEVICTABLE) return;
  const head = lruHead(memcg, list);
  insert(k, pfn, head, ld(k.frames, frameWord(head, LRU_NEXT)));
}

/** @kernel include/linux/mm_inline.h lruvec_add_folio_tail v6.2 */
export function lruvecAddFolioTail(k: Machine, pfn: number): void {
  outcomeOf(() => addFolioTail(k, pfn));
}

function addFolioTail(k: Machine, pfn: number): void {
  const flags = pageFlags(k, pfn);
  const memcg = memcgOf(flags);
  const list = listOf(flags);
  resize(k, memcg, list, folioNrPages(k, pfn));
  const head = lruHead(memcg, list);
  insert(k, pfn, ld(k.frames, frameWord(head, LRU_PREV)), head);
}

/** @kernel include/linux/mm_inline.h lruvec_del_folio v6.2 */
export function lruvecDelFolio(k: Machine, pfn: number): void {
  outcomeOf(() => delFolio(k, pfn));
}

function delFolio(k: Machine, pfn: number): void {
  const flags = pageFlags(k, pfn);
  const list = listOf(flags);
  resize(k, memcgOf(flags), list, -folioNrPages(k, pfn));
  if (list === LRU_UNEVICTABLE) return;
  const next = ld(k.frames, frameWord(pfn, LRU_NEXT));
  const prev = ld(k.frames, frameWord(pfn, LRU_PREV));
  st(k.frames, frameWord(prev, LRU_NEXT), next);
  st(k.frames, frameWord(next, LRU_PREV), prev);
}

/**
 * Puts a page before another one on the list that this is on: both were one folio, so the list's size is right.
 *
 * @kernel mm/huge_memory.c lru_add_page_tail v6.2
 */
export function lruAddPageTail(k: Machine, head: number, tail: number): void {
  if (folioLruList(k, tail) !== LRU_UNEVICTABLE)
    insert(k, tail, ld(k.frames, frameWord(head, LRU_PREV)), head);
}

function resize(k: Machine, memcg: number, list: number, by: number): void {
  const at = sizeOf(k, memcg, list);
  st(k.slab, at, ld(k.slab, at) + by);
}

function insert(k: Machine, pfn: number, prev: number, next: number): void {
  st(k.frames, frameWord(pfn, LRU_NEXT), next);
  st(k.frames, frameWord(pfn, LRU_PREV), prev);
  st(k.frames, frameWord(prev, LRU_NEXT), pfn);
  st(k.frames, frameWord(next, LRU_PREV), pfn);
}
