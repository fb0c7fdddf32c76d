import { EEXIST, ENOENT } from '../base/errno.js';
import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { kmemCacheFree, kmemCacheZalloc } from '../machine/slab.js';
import { struct } from '../machine/struct.js';
import { ld, outcomeOf, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { swpEntry, swpOffset } from './entry.js';

/** @kernel include/linux/swap.h swap_info_struct v6.2 @differs one area at most */
export const SwapInfo = struct('swap_info_struct', {
  type: 'i32',
  /** SWP_…. */
  flags: 'i32',
  /** Slots, the header among them. */
  max: 'i32',
  inusePages: 'i32',
  /** Where the next search for a free slot begins. */
  clusterNext: 'i32',
});
export type SwapInfo = ReturnType<typeof SwapInfo.at>;

/** @kernel include/linux/swap.h SWP_USED v6.2 */
export const SWP_USED = 1 << 0;
export const SWP_WRITEOK = 1 << 1;
export const SWP_STABLE_WRITES = 1 << 11;
export const SWP_SYNCHRONOUS_IO = 1 << 12;

/** Words of one slot: references and flags; the page in the cache; what the device holds; a page's shadow. */
export const SWAP_SLOT_WORDS = 4;
const MAP = 0;
const CACHE = 1;
const CONTENT = 2;
const SHADOW = 3;

/** @kernel include/linux/swap.h SWAP_HAS_CACHE v6.2 */
export const SWAP_HAS_CACHE = 1;
/** The slot holds a page of zeros that was never written (0ca0c24e3211). */
const SWAP_ZERO = 2;
const FLAGS = 0xff;
const ONE_REFERENCE = 0x100;

function at(entry: number, word: number): number {
  return swpOffset(entry) * SWAP_SLOT_WORDS + word;
}

/** The area that is in use, undefined while swap is off. */
export function swapArea(k: Machine): SwapInfo | undefined {
  return k.globals.swapAreas === 0 ? undefined : SwapInfo.at(k, k.globals.swapAreas);
}

/** Whether a page that is not in the cache may be read straight into a page table. */
export function isSynchronous(k: Machine): boolean {
  return ((swapArea(k)?.flags ?? 0) & SWP_SYNCHRONOUS_IO) !== 0;
}

/** Starts swapping. @param flags SWP_SYNCHRONOUS_IO, SWP_STABLE_WRITES */
export function swaponArea(k: Machine, nrSlots: number, flags: number): SwapInfo {
  const si = kmemCacheZalloc(k, SwapInfo);
  si.flags = flags | SWP_USED | SWP_WRITEOK;
  si.max = nrSlots;
  si.clusterNext = 1;
  k.globals.swapAreas = si.at;
  return si;
}

/** The area is gone; no slot of it is in use any more. */
export function dropArea(k: Machine, si: SwapInfo): void {
  vmBugOn(si.inusePages !== 0, 'a swap area is dropped while slots are in use');
  k.globals.swapAreas = 0;
  kmemCacheFree(k, SwapInfo, si.at);
}

/**
 * Takes free slots, held by the cache alone; the first of them, 0 when there are none.
 *
 * @kernel mm/swap_slots.c folio_alloc_swap v6.2
 * @differs slots are not cached per CPU; the search goes round the area once
 * @param nrSlots more than 1: as many neighbours, and the first a multiple
 */
export function folioAllocSwap(k: Machine, nrSlots = 1): number {
  return outcomeOf(() => allocSlots(k, nrSlots));
}

function allocSlots(k: Machine, nrSlots: number): number {
  const si = swapArea(k);
  if (si === undefined || (si.flags & SWP_WRITEOK) === 0) return 0;
  if (nrSlots > 1) return swapAllocCluster(k, si, nrSlots);
  const slots = si.max - 1;
  for (let n = 0; n < slots; n++) {
    const offset = 1 + ((si.clusterNext - 1 + n) % slots);
    const entry = swpEntry(si.type, offset);
    if (ld(k.swapSlots, at(entry, MAP)) !== 0) continue;
    st(k.swapSlots, at(entry, MAP), SWAP_HAS_CACHE);
    si.inusePages++;
    si.clusterNext = 1 + (offset % slots);
    return entry;
  }
  return 0;
}

/** A free cluster of slots. @kernel mm/swapfile.c swap_alloc_cluster v6.2 @differs the first that there is */
function swapAllocCluster(k: Machine, si: SwapInfo, nrSlots: number): number {
  for (let first = 0; first + nrSlots <= si.max; first += nrSlots) {
    if (!clusterIsFree(k, si, first, nrSlots)) continue;
    for (let offset = first; offset < first + nrSlots; offset++) {
      st(k.swapSlots, at(swpEntry(si.type, offset), MAP), SWAP_HAS_CACHE);
    }
    si.inusePages += nrSlots;
    return swpEntry(si.type, first);
  }
  return 0;
}

/** Slot 0 is the area's header: its cluster is never free. */
function clusterIsFree(k: Machine, si: SwapInfo, first: number, nrSlots: number): boolean {
  if (first === 0) return false;
  for (let offset = first; offset < first + nrSlots; offset++) {
    if (ld(k.swapSlots, at(swpEntry(si.type, offset), MAP)) !== 0) return false;
  }
  return true;
}

/** Page-table entries and page-cache slots that refer to a slot, the cache not counted. @kernel mm/swapfile.c __swap_count v6.2 */
export function __swapCount(k: Machine, entry: number): number {
  return outcomeOf(() => ld(k.swapSlots, at(entry, MAP)) >> 8);
}

/** Whether an entry names a slot that there is: else it is garbage. MODEL: the test in get_swap_device(). */
export function namesSwapSlot(k: Machine, entry: number): boolean {
  const si = swapArea(k);
  return si !== undefined && swpOffset(entry) < si.max;
}

/** How many page-table entries share a slot, 0 for garbage. @kernel mm/swapfile.c swp_swapcount v6.2 */
export function swpSwapcount(k: Machine, entry: number): number {
  return namesSwapSlot(k, entry) ? __swapCount(k, entry) : 0;
}

export function swapHasCache(k: Machine, entry: number): boolean {
  return outcomeOf(() => (ld(k.swapSlots, at(entry, MAP)) & SWAP_HAS_CACHE) !== 0);
}

/** One more reference. @kernel mm/swapfile.c swap_duplicate v6.2 @differs counts do not overflow */
export function* swapDuplicate(k: Machine, entry: number): Step<void> {
  yield;
  outcomeOf(() => addReference(k, entry));
}

function addReference(k: Machine, entry: number): void {
  const map = ld(k.swapSlots, at(entry, MAP));
  vmBugOn(map === 0, 'a free swap slot gets a reference');
  st(k.swapSlots, at(entry, MAP), map + ONE_REFERENCE);
}

/**
 * The slot is about to be read.
 *
 * @kernel mm/swapfile.c swapcache_prepare v6.2
 * @returns 0; -EEXIST if somebody else is reading it, or its page is in the cache; -ENOENT if nothing refers to it
 */
export function* swapcachePrepare(k: Machine, entry: number): Step<number> {
  yield;
  return outcomeOf(() => takeForReading(k, entry));
}

function takeForReading(k: Machine, entry: number): number {
  const map = ld(k.swapSlots, at(entry, MAP));
  if ((map & SWAP_HAS_CACHE) !== 0) return -EEXIST;
  if (map === 0) return -ENOENT;
  st(k.swapSlots, at(entry, MAP), map | SWAP_HAS_CACHE);
  return 0;
}

/** One reference less. @kernel mm/swapfile.c swap_free v6.2 */
export function swapFree(k: Machine, entry: number): void {
  outcomeOf(() => dropReference(k, entry));
}

function dropReference(k: Machine, entry: number): void {
  const map = ld(k.swapSlots, at(entry, MAP));
  vmBugOn(map < ONE_REFERENCE, 'a swap slot loses a reference that it does not have');
  store(k, entry, map - ONE_REFERENCE);
}

/** The cache lets go of a slot. @kernel mm/swapfile.c put_swap_folio v6.2 */
export function putSwapFolio(k: Machine, entry: number): void {
  outcomeOf(() => store(k, entry, ld(k.swapSlots, at(entry, MAP)) & ~SWAP_HAS_CACHE));
}

/** The slot was read past the cache, and whoever waited for that may go on. @kernel mm/swapfile.c swapcache_clear 6.12 */
export function* swapcacheClear(k: Machine, entry: number): Step<void> {
  yield;
  putSwapFolio(k, entry);
}

/** Whether somebody reads the slot now, into the cache or past it. */
export function* slotIsRead(k: Machine, entry: number): Step<boolean> {
  yield;
  return swapHasCache(k, entry);
}

/** A slot without references and without cache is free. */
function store(k: Machine, entry: number, map: number): void {
  const used = (map & ~FLAGS) !== 0 || (map & SWAP_HAS_CACHE) !== 0;
  st(k.swapSlots, at(entry, MAP), used ? map : 0);
  if (!used) setSlotShadow(k, entry, 0);
  if (!used) SwapInfo.at(k, k.globals.swapAreas).inusePages--;
}

/** The page in the swap cache, 0 for none. */
export function cachedPage(k: Machine, entry: number): number {
  return ld(k.swapSlots, at(entry, CACHE));
}

export function setCachedPage(k: Machine, entry: number, page: number): void {
  st(k.swapSlots, at(entry, CACHE), page);
}

/** What the device holds in the slot, as pageContent() gives it. */
export function slotContent(k: Machine, entry: number): number {
  return ld(k.swapSlots, at(entry, CONTENT));
}

export function setSlotContent(k: Machine, entry: number, content: number): void {
  st(k.swapSlots, at(entry, CONTENT), content);
}

/** What reclaim left of the page that it wrote there, see workingset.ts. */
export function slotShadow(k: Machine, entry: number): number {
  return ld(k.swapSlots, at(entry, SHADOW));
}

export function setSlotShadow(k: Machine, entry: number, shadow: number): void {
  st(k.swapSlots, at(entry, SHADOW), shadow);
}

export function slotIsZero(k: Machine, entry: number): boolean {
  return (ld(k.swapSlots, at(entry, MAP)) & SWAP_ZERO) !== 0;
}

export function setSlotZero(k: Machine, entry: number, zero: boolean): void {
  const map = ld(k.swapSlots, at(entry, MAP));
  st(k.swapSlots, at(entry, MAP), zero ? map | SWAP_ZERO : map & ~SWAP_ZERO);
}

/** The first slot in use behind `offset`, 0 for none. @kernel mm/swapfile.c find_next_to_unuse v6.2 */
export function findNextToUnuse(k: Machine, si: SwapInfo, offset: number): number {
  for (let next = offset + 1; next < si.max; next++) {
    if (ld(k.swapSlots, at(swpEntry(si.type, next), MAP)) !== 0) return next;
  }
  return 0;
}
