import { folioAddLru } from '../folio/lru.js';
import { mlockNewPage } from '../folio/mlock.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { VM_LOCKED, VM_SPECIAL } from '../vma/vm-flags.js';
import type { Vma } from '../vma/vma.js';

/** A new page goes to the LRU, or is locked at once. @kernel mm/swap.c folio_add_lru_vma v6.2 */
export function* folioAddLruVma(k: Machine, page: number, vma: Vma): Step<void> {
  if ((vma.vmFlags & (VM_LOCKED | VM_SPECIAL)) === VM_LOCKED) yield* mlockNewPage(k, page);
  else yield* folioAddLru(k, page);
}
