import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { kfree, kmalloc } from '../machine/slab.js';
import { ld, st } from '../step/memory.js';
import type { Mm } from './mm.js';
import { Vma } from './vma.js';

/**
 * The VMAs of an address space in ascending order. They never overlap, so the one sorted vector answers by start
 * and by end.
 */
const FIRST_CAPACITY = 8;

/**
 * The first VMA that ends above `addr`, NULL if there is none. It need not contain `addr`.
 *
 * @kernel mm/mmap.c find_vma v6.2
 */
export function findVma(k: Machine, mm: Mm, addr: number): Vma | null {
  return vmaAt(k, mm, positionAbove(k, mm, addr));
}

/**
 * The VMA that contains `addr`, NULL if there is none.
 *
 * @kernel include/linux/mm.h vma_lookup v6.2
 */
export function vmaLookup(k: Machine, mm: Mm, addr: number): Vma | null {
  if (k.lastVma !== 0) {
    const last = Vma.at(k, k.lastVma);
    if (last.vmMm === mm.at && last.vmStart <= addr && addr < last.vmEnd) return last;
  }
  const vma = findVma(k, mm, addr);
  if (vma === null || vma.vmStart > addr) return null;
  if (k.remembers) k.lastVma = vma.at;
  return vma;
}

/**
 * The first VMA that overlaps [start, end), NULL if there is none.
 *
 * @kernel mm/mmap.c find_vma_intersection v6.2
 */
export function findVmaIntersection(k: Machine, mm: Mm, start: number, end: number): Vma | null {
  const vma = findVma(k, mm, start);
  return vma !== null && vma.vmStart < end ? vma : null;
}

/** The VMA in front of the one that findVma(k, mm, addr) gives: the last one when that gives NULL. */
export function vmaBefore(k: Machine, mm: Mm, addr: number): Vma | null {
  return vmaAt(k, mm, positionAbove(k, mm, addr) - 1);
}

/** The VMA next above. */
export function vmaNext(k: Machine, mm: Mm, vma: Vma): Vma | null {
  return findVma(k, mm, vma.vmEnd);
}

/** The VMA next below. */
export function vmaPrev(k: Machine, mm: Mm, vma: Vma): Vma | null {
  return vmaBefore(k, mm, vma.vmStart);
}

/** All VMAs, or those that overlap [start, end), in ascending order. */
export function vmasOf(k: Machine, mm: Mm, start = 0, end = Infinity): Vma[] {
  const found: Vma[] = [];
  for (let at = positionAbove(k, mm, start); at < mm.mapCount; at++) {
    const vma = vmaAt(k, mm, at)!;
    if (vma.vmStart >= end) break;
    found.push(vma);
  }
  return found;
}

/** Takes `vma` into the list. Its range must be free. */
export function insertVma(k: Machine, mm: Mm, vma: Vma): void {
  vmBugOn(findVmaIntersection(k, mm, vma.vmStart, vma.vmEnd) !== null, 'VMAs never overlap');
  if (mm.mapCount === mm.vmasCapacity) grow(k, mm);
  const position = positionAbove(k, mm, vma.vmStart);
  for (let at = mm.mapCount; at > position; at--) st(k.slab, mm.vmas + at, ld(k.slab, mm.vmas + at - 1));
  st(k.slab, mm.vmas + position, vma.at);
  mm.mapCount++;
}

/** Takes `vma` out of the list; it stays allocated. */
export function removeVma(k: Machine, mm: Mm, vma: Vma): void {
  const position = positionAbove(k, mm, vma.vmStart);
  vmBugOn(vmaAt(k, mm, position) !== vma, 'a VMA is removed from the address space that it is in');
  // Its record may be freed next.
  k.lastVma = 0;
  const last = mm.mapCount - 1;
  for (let at = position; at < last; at++) st(k.slab, mm.vmas + at, ld(k.slab, mm.vmas + at + 1));
  mm.mapCount = last;
}

/** Gives back the vector of an address space that has no VMAs left. */
export function freeVmaList(k: Machine, mm: Mm): void {
  vmBugOn(mm.mapCount !== 0, 'an address space is torn down empty');
  if (mm.vmas !== 0) kfree(k, mm.vmas, mm.vmasCapacity);
  mm.vmas = 0;
  mm.vmasCapacity = 0;
}

function vmaAt(k: Machine, mm: Mm, position: number): Vma | null {
  if (position < 0 || position >= mm.mapCount) return null;
  return Vma.at(k, ld(k.slab, mm.vmas + position));
}

/** Position of the first VMA that ends above `addr`. */
function positionAbove(k: Machine, mm: Mm, addr: number): number {
  let low = 0;
  let high = mm.mapCount;
  const vmas = mm.vmas;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (Vma.at(k, ld(k.slab, vmas + middle)).vmEnd > addr) high = middle;
    else low = middle + 1;
  }
  return low;
}

function grow(k: Machine, mm: Mm): void {
  const capacity = Math.max(FIRST_CAPACITY, mm.vmasCapacity * 2);
  const vmas = kmalloc(k, capacity);
  for (let at = 0; at < mm.mapCount; at++) st(k.slab, vmas + at, ld(k.slab, mm.vmas + at));
  if (mm.vmas !== 0) kfree(k, mm.vmas, mm.vmasCapacity);
  mm.vmas = vmas;
  mm.vmasCapacity = capacity;
}
