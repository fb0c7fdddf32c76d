import type { Machine } from '../machine/machine.js';
import { kfree, kmalloc } from '../machine/slab.js';
import { ld, st } from '../step/memory.js';
import type { AddressSpace } from '../vma/file.js';

/**
 * What stands at an index of an address space: 0 nothing, a positive number the page of that frame, a negative one
 * a value that is no page.
 *
 * MODEL: a radix tree of 64 slots a node, as high as its largest index needs; emptied nodes stay until the space goes.
 */
const BITS = 6;
const SLOTS = 1 << BITS;

/** A value entry that holds a swap entry. @kernel include/linux/swapops.h swp_to_radix_entry v6.2 */
export function swpToRadixEntry(entry: number): number {
  return -1 - entry;
}

/** @kernel include/linux/swapops.h radix_to_swp_entry v6.2 */
export function radixToSwpEntry(value: number): number {
  return -1 - value;
}

/** Whether an entry is a value, not a page. */
export function xaIsValue(entry: number): boolean {
  return entry < 0;
}

/** Indexes that a tree of that height has room for. */
function reach(height: number): number {
  return 2 ** (BITS * height);
}

function slotOf(index: number, level: number): number {
  return Math.floor(index / reach(level)) % SLOTS;
}

/** The entry at an index. */
export function xaLoad(k: Machine, mapping: AddressSpace, index: number): number {
  let { xaHead: node } = mapping;
  const { xaHeight } = mapping;
  if (node === 0 || index >= reach(xaHeight)) return 0;
  for (let level = xaHeight - 1; level >= 0 && node !== 0; level--)
    node = ld(k.slab, node + slotOf(index, level));
  return node;
}

/** Replaces the entry at an index. */
export function xaStore(k: Machine, mapping: AddressSpace, index: number, entry: number): void {
  while (mapping.xaHead === 0 || index >= reach(mapping.xaHeight)) heighten(k, mapping);
  let node = mapping.xaHead;
  for (let level = mapping.xaHeight - 1; level > 0; level--) {
    const slot = node + slotOf(index, level);
    if (ld(k.slab, slot) === 0) st(k.slab, slot, kmalloc(k, SLOTS));
    node = ld(k.slab, slot);
  }
  st(k.slab, node + slotOf(index, 0), entry);
}

function heighten(k: Machine, mapping: AddressSpace): void {
  const node = kmalloc(k, SLOTS);
  if (mapping.xaHead !== 0) st(k.slab, node, mapping.xaHead);
  mapping.xaHead = node;
  mapping.xaHeight++;
}

/** The first index in [from, to) at which something stands, -1 if there is none. */
export function xaFind(k: Machine, mapping: AddressSpace, from: number, to: number): number {
  if (mapping.xaHead === 0) return -1;
  const found = findBelow(k, mapping.xaHead, mapping.xaHeight - 1, 0, from);
  return found < to ? found : -1;
}

function findBelow(k: Machine, node: number, level: number, base: number, from: number): number {
  const span = reach(level);
  const first = Math.max(0, Math.floor((from - base) / span));
  for (let slot = first; slot < SLOTS; slot++) {
    const entry = ld(k.slab, node + slot);
    if (entry === 0) continue;
    const at = base + slot * span;
    if (level === 0) return at;
    const found = findBelow(k, entry, level - 1, at, from);
    if (found !== Infinity) return found;
  }
  return Infinity;
}

/** Frees the nodes of a tree whose entries are all gone. */
export function xaDestroy(k: Machine, mapping: AddressSpace): void {
  if (mapping.xaHead !== 0) freeBelow(k, mapping.xaHead, mapping.xaHeight - 1);
  mapping.xaHead = 0;
  mapping.xaHeight = 0;
}

function freeBelow(k: Machine, node: number, level: number): void {
  for (let slot = 0; slot < SLOTS && level > 0; slot++) {
    const below = ld(k.slab, node + slot);
    if (below !== 0) freeBelow(k, below, level - 1);
  }
  kfree(k, node, SLOTS);
}
