import type { Pgprot } from '../arch/entry.js';
import type { Machine } from '../machine/machine.js';
import type { PteWords } from '../arch/predicate.js';
import { vmBugOn } from '../base/error.js';

/**
 * A page-table entry as a value: two 32-bit words in the encoding of the machine's architecture. Values are never
 * changed; each operation gives a new one.
 */
export interface Pte {
  readonly lo: number;
  readonly hi: number;
}

// What is seldom done codecs do to words in memory. No step ends while a value lies here, so one place serves every machine.
const w: PteWords = new Int32Array(2);

function load(pte: Pte): PteWords {
  w[0] = pte.lo;
  w[1] = pte.hi;
  return w;
}

function loaded(): Pte {
  return { lo: w[0]!, hi: w[1]! };
}

/** The value that `pte` has become: most changes find what they want there already, and need no new one. */
function changed(pte: Pte): Pte {
  return w[0] === pte.lo && w[1] === pte.hi ? pte : loaded();
}

// Each has a call of its own: a call site that has seen one function of the codec only is compiled into its caller.

/** Bit for bit. @kernel include/linux/pgtable.h pte_same v6.2 */
export function pteSame(a: Pte, b: Pte): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}

/**
 * One of two values. MODEL: what `condition ? a : b` does; but of a value that a branch has chosen V8 makes an object in
 * memory, and of one that was put together from words it does not.
 */
export function eitherPte(condition: boolean, a: Pte, b: Pte): Pte {
  return { lo: condition ? a.lo : b.lo, hi: condition ? a.hi : b.hi };
}

export const pteNone = (k: Machine, pte: Pte): boolean => k.values.pteNone(pte);
export const ptePresent = (k: Machine, pte: Pte): boolean => k.values.ptePresent(pte);
export const pteProtnone = (k: Machine, pte: Pte): boolean => k.values.pteProtnone(pte);
export const pteWrite = (k: Machine, pte: Pte): boolean => k.values.pteWrite(pte);
export const pteDirty = (k: Machine, pte: Pte): boolean => k.values.pteDirty(pte);
export const pteYoung = (k: Machine, pte: Pte): boolean => k.values.pteYoung(pte);
export const pteSpecial = (k: Machine, pte: Pte): boolean => k.values.pteSpecial(pte);
export const pteSoftDirty = (k: Machine, pte: Pte): boolean => k.values.pteSoftDirty(pte);
export const pteUffdWp = (k: Machine, pte: Pte): boolean => k.values.pteUffdWp(pte);

export function pteMkwrite(k: Machine, pte: Pte): Pte {
  return k.values.pteMkwrite(pte);
}

export function pteWrprotect(k: Machine, pte: Pte): Pte {
  return k.values.pteWrprotect(pte);
}

export function pteMkclean(k: Machine, pte: Pte): Pte {
  return k.values.pteMkclean(pte);
}

export function pteMkyoung(k: Machine, pte: Pte): Pte {
  return k.values.pteMkyoung(pte);
}

/**
 * What makes an entry young that maps a page for the first time, where its protection does not do so by itself. A bare
 * pte_mkyoung() would let some MMUs read what nobody may: on sparc64 and m68k it makes PROT_NONE entries valid.
 *
 * @kernel include/linux/pgtable.h pte_sw_mkyoung v6.2
 */
export function pteSwMkyoung(k: Machine, pte: Pte): Pte {
  return eitherPte(k.pte.arch.swMkyoung === true, pteMkyoung(k, pte), pte);
}

export function pteMkold(k: Machine, pte: Pte): Pte {
  return k.values.pteMkold(pte);
}

export function pteMkspecial(k: Machine, pte: Pte): Pte {
  return k.values.pteMkspecial(pte);
}

/** Of a PTE that stands for a leaf. @kernel arch/x86/include/asm/pgtable.h pte_mkhuge v6.2 */
export function pteMkhuge(k: Machine, pte: Pte): Pte {
  k.pte.huge!.pteMkhuge(load(pte), 0);
  return changed(pte);
}

export function pteMksoftDirty(k: Machine, pte: Pte): Pte {
  return k.values.pteMksoftDirty(pte);
}

export function pteClearSoftDirty(k: Machine, pte: Pte): Pte {
  return k.values.pteClearSoftDirty(pte);
}

export function pteMkuffdWp(k: Machine, pte: Pte): Pte {
  return k.values.pteMkuffdWp(pte);
}

export function pteClearUffdWp(k: Machine, pte: Pte): Pte {
  return k.values.pteClearUffdWp(pte);
}

export function pteMkdirty(k: Machine, pte: Pte): Pte {
  return k.values.pteMkdirty(pte);
}

/** The entry with what the walker or its handlers note in it before a user's access is tried. MODEL: the MMU. */
export function mmuNoted(k: Machine, pte: Pte, write: boolean): Pte {
  return k.mmu.noted(pte, write);
}

/** Whether a user's access goes through an entry as it stands. MODEL: the MMU. */
export function mmuAllows(k: Machine, pte: Pte, write: boolean): boolean {
  return k.mmu.allows(pte, write);
}

/** @kernel arch/x86/include/asm/pgtable.h pte_modify v6.2 */
export function pteModify(k: Machine, pte: Pte, prot: Pgprot): Pte {
  return k.values.pteModify(pte, prot);
}

/** The frame that a present entry maps. */
export function ptePfn(k: Machine, pte: Pte): number {
  return k.values.ptePfn(pte);
}

/** An entry that maps a frame. @kernel arch/x86/include/asm/pgtable.h pfn_pte v6.2 */
export function pfnPte(k: Machine, pfn: number, prot: Pgprot): Pte {
  return k.values.pfnPte(pfn, prot);
}

/** The same entry for the `nr`-th frame behind. @kernel include/linux/pgtable.h pte_advance_pfn 6.12 */
export function pteAdvancePfn(k: Machine, pte: Pte, nr: number): Pte {
  k.pte.pteAdvancePfn(load(pte), 0, nr);
  return loaded();
}

/** An entry that is not present and holds a swap entry. */
export function swpEntryToPte(k: Machine, type: number, offset: number): Pte {
  k.pte.swpEntryToPte(w, 0, type, offset);
  return loaded();
}

/** The swap type of an entry that is not present, markers stripped first. */
export function pteSwpType(k: Machine, pte: Pte): number {
  strip(k, pte);
  return k.pte.pteSwpType(w, 0);
}

/** The swap offset of an entry that is not present, markers stripped first. */
export function pteSwpOffset(k: Machine, pte: Pte): number {
  strip(k, pte);
  return k.pte.pteSwpOffset(w, 0);
}

function strip(k: Machine, pte: Pte): void {
  vmBugOn(ptePresent(k, pte), 'a present entry holds no swap entry');
  k.pte.pteSwpClearFlags(load(pte), 0);
}

export const pteSwpExclusive = (k: Machine, pte: Pte): boolean => k.pte.pteSwpExclusive(load(pte), 0);
export const pteSwpSoftDirty = (k: Machine, pte: Pte): boolean => k.pte.pteSwpSoftDirty(load(pte), 0);
export const pteSwpUffdWp = (k: Machine, pte: Pte): boolean => k.pte.pteSwpUffdWp(load(pte), 0);
export function pteSwpMkexclusive(k: Machine, pte: Pte): Pte {
  k.pte.pteSwpMkexclusive(load(pte), 0);
  return changed(pte);
}

export function pteSwpClearExclusive(k: Machine, pte: Pte): Pte {
  k.pte.pteSwpClearExclusive(load(pte), 0);
  return changed(pte);
}

export function pteSwpMksoftDirty(k: Machine, pte: Pte): Pte {
  k.pte.pteSwpMksoftDirty(load(pte), 0);
  return changed(pte);
}

export function pteSwpClearSoftDirty(k: Machine, pte: Pte): Pte {
  k.pte.pteSwpClearSoftDirty(load(pte), 0);
  return changed(pte);
}

export function pteSwpMkuffdWp(k: Machine, pte: Pte): Pte {
  k.pte.pteSwpMkuffdWp(load(pte), 0);
  return changed(pte);
}

export function pteSwpClearUffdWp(k: Machine, pte: Pte): Pte {
  k.pte.pteSwpClearUffdWp(load(pte), 0);
  return changed(pte);
}

/** @kernel include/linux/swapops.h pte_swp_clear_flags v6.2 */
export function pteSwpClearFlags(k: Machine, pte: Pte): Pte {
  k.pte.pteSwpClearFlags(load(pte), 0);
  return changed(pte);
}
