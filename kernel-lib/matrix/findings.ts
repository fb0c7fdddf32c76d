import type { Machine } from '../machine/machine.js';
import {
  pmdAccessPermitted,
  pmdDirty,
  pmdMkdirty,
  pmdMkwrite,
  pmdPte,
  pmdWrite,
  pmdWrprotect,
  ptePmd,
} from '../pgtable/pmd.js';
import {
  type Pte,
  mmuAllows,
  mmuNoted,
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

/** What the kernel does to entries of one kind, and what the MMU makes of a store through one. */
interface Operators {
  readonly present: (k: Machine, entry: Pte) => boolean;
  readonly write: (k: Machine, entry: Pte) => boolean;
  readonly dirty: (k: Machine, entry: Pte) => boolean;
  readonly mkwrite: (k: Machine, entry: Pte) => Pte;
  readonly mkdirty: (k: Machine, entry: Pte) => Pte;
  readonly wrprotect: (k: Machine, entry: Pte) => Pte;
  readonly store: (k: Machine, entry: Pte) => Pte | undefined;
}

/** The entry after a store through it; undefined where that faults. */
function stored(k: Machine, pte: Pte): Pte | undefined {
  const noted = mmuNoted(k, pte, true);
  return mmuAllows(k, noted, true) ? noted : undefined;
}

const ofPtes: Operators = {
  present: ptePresent,
  write: pteWrite,
  dirty: pteDirty,
  mkwrite: pteMkwrite,
  mkdirty: pteMkdirty,
  wrprotect: pteWrprotect,
  store: stored,
};

const ofLeaves: Operators = {
  present: (k, pmd) => pmdAccessPermitted(k, pmd, false),
  write: pmdWrite,
  dirty: pmdDirty,
  mkwrite: pmdMkwrite,
  mkdirty: pmdMkdirty,
  wrprotect: pmdWrprotect,
  store(k, pmd) {
    const pte = stored(k, pmdPte(k, pmd));
    return pte && ptePmd(k, pte);
  },
};

/**
 * What is wrong with an entry by itself: the three invariants of the operators, asked of an entry that a path stored.
 *
 * @param leaf whether it stands above the lowest level
 */
export function entryFindings(k: Machine, entry: Pte, leaf: boolean): FindingName[] {
  const of = leaf ? ofLeaves : ofPtes;
  if (!of.present(k, entry)) return [];
  const found: FindingName[] = [];
  if (of.store(k, entry) !== undefined && !of.write(k, entry)) found.push('open');
  if (losesDirty(k, entry, of)) found.push('lossy');
  const dirtyFirst = of.mkwrite(k, of.mkdirty(k, entry));
  if (!pteSame(dirtyFirst, of.mkdirty(k, of.mkwrite(k, entry)))) found.push('order');
  return found;
}

/** Whether write-protecting forgets that the entry is dirty, or would be after a store through it. */
function losesDirty(k: Machine, entry: Pte, of: Operators): boolean {
  const stored = of.write(k, entry) ? of.store(k, entry) : undefined;
  return [entry, stored].some(
    (seen) => seen !== undefined && of.dirty(k, seen) && !of.dirty(k, of.wrprotect(k, seen)),
  );
}
