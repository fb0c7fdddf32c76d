import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  mmuStore,
  pteDirty,
  pteMkdirty,
  pteMkwrite,
  ptePresent,
  pteSame,
  pteWrite,
  pteWrprotect,
} from '../pgtable/pte.js';

/** What can be wrong with entries, worst first. */
export const findingNames = ['corrupts', 'open', 'unrefused', 'lossy', 'order'] as const;
export type FindingName = (typeof findingNames)[number];

/** Each in one line. */
export const findingWords: Readonly<Record<FindingName, string>> = {
  corrupts: 'a store by one process changed what another reads from a private mapping',
  unrefused: 'a store went through where the mapping allows none',
  open: 'the MMU lets stores through an entry that is not writable',
  lossy: 'pte_wrprotect() forgets that the entry was dirty',
  order: 'pte_mkdirty() and pte_mkwrite() in either order give different entries',
};

/** What is wrong with an entry by itself: the three invariants of the operators, asked of an entry that a path stored. */
export function entryFindings(k: Machine, pte: Pte): FindingName[] {
  if (!ptePresent(k, pte)) return [];
  const found: FindingName[] = [];
  if (mmuStore(k, pte) !== undefined && !pteWrite(k, pte)) found.push('open');
  if (losesDirty(k, pte)) found.push('lossy');
  const dirtyFirst = pteMkwrite(k, pteMkdirty(k, pte));
  if (!pteSame(dirtyFirst, pteMkdirty(k, pteMkwrite(k, pte)))) found.push('order');
  return found;
}

/** Whether write-protecting forgets that the entry is dirty, or would be after a store through it. */
function losesDirty(k: Machine, pte: Pte): boolean {
  const stored = pteWrite(k, pte) ? mmuStore(k, pte) : undefined;
  return [pte, stored].some(
    (entry) => entry !== undefined && pteDirty(k, entry) && !pteDirty(k, pteWrprotect(k, entry)),
  );
}
