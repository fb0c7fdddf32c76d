import { ld, st } from '../step/memory.js';
import type { Machine } from '../machine/machine.js';

/** Entries of one batch: the kernel's PAGEVEC_SIZE. */
export const PAGEVEC_SIZE = 15;
const BATCH_WORDS = PAGEVEC_SIZE + 1;

/** The batches of one CPU. Each holds a reference on its pages. @kernel mm/swap.c cpu_fbatches v6.2 */
export const BATCH_LRU_ADD = 0;
export const BATCH_LRU_DEACTIVATE_FILE = 1;
export const BATCH_LRU_DEACTIVATE = 2;
export const BATCH_LRU_LAZYFREE = 3;
export const BATCH_ACTIVATE = 4;
export const BATCH_MLOCK = 5;
/** The kernel has it beside the others: it is filled by interrupts. */
export const BATCH_ROTATE = 6;
const NR_BATCHES = 7;

export const BATCHES_WORDS = NR_BATCHES * BATCH_WORDS;

/** One batch of the running CPU: where its count stands, which its entries follow. */
export function cpuFbatch(k: Machine, batch: number): number {
  return k.batches + (k.cpu * NR_BATCHES + batch) * BATCH_WORDS;
}

export function batchCount(k: Machine, fbatch: number): number {
  return ld(k.slab, fbatch);
}

export function batchEntry(k: Machine, fbatch: number, index: number): number {
  return ld(k.slab, fbatch + 1 + index);
}

/** Adds an entry; the room that is left. */
export function folioBatchAdd(k: Machine, fbatch: number, entry: number): number {
  const count = ld(k.slab, fbatch);
  st(k.slab, fbatch + 1 + count, entry);
  st(k.slab, fbatch, count + 1);
  return PAGEVEC_SIZE - count - 1;
}

/** Empties a batch. */
export function folioBatchInit(k: Machine, fbatch: number): void {
  st(k.slab, fbatch, 0);
}
