import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { pmdNone, pmdOffset, readPmd } from './pmd.js';
import {
  TABLE,
  allocPteTable,
  forgetWalk,
  freePteTable,
  pmdAlloc,
  ptlLock,
  ptlUnlock,
  pteTable,
} from './table.js';

/**
 * The lowest-level table for an address, made where nothing is mapped. Others may be about to map something, too: the
 * lock of the table above tells who comes first.
 *
 * @kernel mm/memory.c __pte_alloc v6.2
 * @returns 0 where a leaf has come: whoever wanted a table looks again
 */
export function* __pteAlloc(k: Machine, pgd: number, address: number): Step<number> {
  const table = pteTable(k, pgd, address);
  if (table !== 0) return table;
  const pmds = pmdAlloc(k, pgd, address);
  const pmdp = pmdOffset(k, pmds, address);
  if (pmdNone(k, readPmd(k, pmdp))) yield* pmdInstall(k, pmds, pmdp);
  return ld(k.ptes, pmdp + 1) === TABLE ? ld(k.ptes, pmdp) : 0;
}

/** @kernel mm/memory.c pmd_install v6.2 */
function* pmdInstall(k: Machine, pmds: number, pmdp: number): Step<void> {
  const table = allocPteTable(k);
  yield* ptlLock(k, pmds);
  if (pmdNone(k, readPmd(k, pmdp))) {
    // In the step of the look: who makes a table by pteAlloc() takes no lock.
    st(k.ptes, pmdp, table);
    st(k.ptes, pmdp + 1, TABLE);
    forgetWalk(k);
  } else freePteTable(k, table);
  ptlUnlock(k, pmds);
}
