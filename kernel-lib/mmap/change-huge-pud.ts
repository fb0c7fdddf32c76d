import type { Pgprot } from '../arch/entry.js';
import { clearsBadPud } from '../huge/bad-pud.js';
import { __pudTransHugeLock } from '../huge/pud-lock.js';
import { __splitHugePud } from '../huge/split-pud.js';
import type { Machine } from '../machine/machine.js';
import { pmdModify } from '../pgtable/pmd.js';
import { pudAddress, pudpGet, setPudAt } from '../pgtable/pud.js';
import { ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { flushPudTlbRange } from '../tlb/tlb.js';
import type { Vma } from '../vma/vma.js';

/**
 * What mprotect makes of a leaf two levels above the lowest: before v6.12 it takes it for a broken table, says so in
 * the log and throws it away.
 *
 * @param whole the change concerns all that the leaf maps
 * @returns whether there is nothing left to do up to its end
 */
export function* changePud(
  k: Machine,
  vma: Vma,
  address: number,
  newprot: Pgprot,
  whole: boolean,
): Step<boolean> {
  if (!k.patched.mprotectKnowsPuds) return yield* clearsBadPud(k, vma, address);
  if (whole) return yield* changeHugePud(k, vma, address, newprot);
  yield* __splitHugePud(k, vma, address);
  return false;
}

/** @kernel mm/huge_memory.c change_huge_pud 6.12 @returns false if there is none any more */
function* changeHugePud(k: Machine, vma: Vma, address: number, newprot: Pgprot): Step<boolean> {
  const at = yield* __pudTransHugeLock(k, vma, address);
  if (at === null) return false;
  // Never none in between: zapping, which does not hold off this, would pass it over.
  yield* setPudAt(k, at.pudp, pmdModify(k, yield* pudpGet(k, at.pudp), newprot));
  yield* flushPudTlbRange(k, vma.vmMm, pudAddress(k, address));
  ptlUnlock(k, at.table);
  return true;
}
