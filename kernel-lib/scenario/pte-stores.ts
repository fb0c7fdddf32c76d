import type { Citation } from '../explore/citations.js';
import { citationOf, framesOnStack } from '../explore/stack.js';
import type { Machine } from '../machine/machine.js';
import { observedMem } from '../step/observed-mem.js';

/** A store to a page table, and who made it. */
export interface PteStore {
  /** Word of the page tables' memory, and what was stored there. */
  readonly word: number;
  readonly value: number;
  /** The kernel's functions under way, innermost first: `wp_page_copy`, `do_wp_page`, …. */
  readonly functions: readonly string[];
  /** Where the kernel has the innermost of them: `mm/memory.c`. */
  readonly file: string;
}

/** Notes every store to page tables that `body` makes. */
export function pteStores(k: Machine, body: () => void): PteStore[] {
  const stores: PteStore[] = [];
  const machine = k as { -readonly [N in keyof Machine]: Machine[N] };
  const plain = k.ptes;
  machine.ptes = observedMem(plain, (word, value) => {
    const known = callers();
    const functions = known.map(({ name }) => name);
    // A table's lock lies in front of its entries.
    if (functions[0]?.startsWith('spin_')) return;
    stores.push({ word, value, functions, file: known[0]?.file ?? '' });
  });
  try {
    body();
  } finally {
    machine.ptes = plain;
  }
  return stores;
}

/** The kernel's functions on the stack, innermost first; the ones that only the model has are left out. */
function callers(): Citation[] {
  return framesOnStack().flatMap((frame) => citationOf(frame) ?? []);
}
