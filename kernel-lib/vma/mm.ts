import type { Machine } from '../machine/machine.js';
import { kmemCacheFree } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import { ld, outcomeOf, st } from '../step/memory.js';

/**
 * An address space.
 *
 * @kernel include/linux/mm_types.h mm_struct v6.2
 * @differs the VMAs stand in a vector sorted by address instead of a maple tree
 */
export const Mm = struct('mm_struct', {
  /** What keeps the record, and what keeps the address space: 0 once it has exited. */
  mmCount: 'i32',
  mmUsers: 'i32',
  /** The topmost page table. */
  pgd: 'i32',
  /** Number of readers of mmap_lock, -1 for a writer. */
  mmapLock: 'i32',
  /** Odd while fork write-protects the pages. */
  writeProtectSeq: 'i32',
  /** Vector of Vma addresses, ascending, mapCount of them in use; see vma-list.ts. */
  vmas: 'i32',
  vmasCapacity: 'i32',
  mapCount: 'i32',
  /** Resident pages by kind and swapped ones, in the order of MM_FILEPAGES and its neighbours. */
  rssFile: 'i32',
  rssAnon: 'i32',
  swapEnts: 'i32',
  rssShmem: 'i32',
  /** Pages in VMAs, and in VMAs with VM_LOCKED. */
  totalVm: 'i32',
  lockedVm: 'i32',
  /** VM_… flags that every new mapping gets: what mlockall(MCL_FUTURE) asked for. */
  defFlags: 'i32',
  /** MMF_… */
  flags: 'i32',
  /** The next address space that KSM looks at, and what it watches in this one. */
  ksmNext: 'i32',
  ksmRmapList: 'i32',
  /** The next of all address spaces. */
  mmNext: 'i32',
});
export type Mm = ReturnType<typeof Mm.at>;

/** Keeps the record, but not the address space: mmgrab() of linux/sched/mm.h. */
export function mmgrab(mm: Mm): void {
  mm.mmCount++;
}

/** Ends what mmgrab() began. */
export function mmdrop(k: Machine, mm: Mm): void {
  mm.mmCount--;
  if (mm.mmCount === 0) kmemCacheFree(k, Mm, mm.at);
}

/** In `flags`: some page of this address space was pinned, so fork has to look for pinned pages. */
export const MMF_HAS_PINNED = 1;
/** In `flags`: KSM knows this address space. */
export const MMF_VM_MERGEABLE = 2;

/** Counters of an address space's pages, for addMmCounter. */
export const MM_FILEPAGES = 0;
export const MM_ANONPAGES = 1;
export const MM_SWAPENTS = 2;
export const MM_SHMEMPAGES = 3;

/**
 * @kernel include/linux/mm.h add_mm_counter v6.2
 * @differs exact: nothing is batched per task
 */
export function addMmCounter(k: Machine, mm: Mm, member: number, value: number): void {
  const at = mm.at + Mm.offset.rssFile + member;
  outcomeOf(() => st(k.slab, at, ld(k.slab, at) + value));
}

/** What is still to be added to the counters of an address space, in their order. @kernel mm/memory.c init_rss_vec v6.2 */
export function initRssVec(): number[] {
  return [0, 0, 0, 0];
}

/** @kernel mm/memory.c add_mm_rss_vec v6.2 */
export function addMmRssVec(k: Machine, mm: Mm, rss: readonly number[]): void {
  for (let member = 0; member < rss.length; member++) {
    if (rss[member] !== 0) addMmCounter(k, mm, member, rss[member]!);
  }
}
