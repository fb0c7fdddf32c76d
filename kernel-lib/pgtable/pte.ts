import type { Pgprot } from '../arch/codec.js';
import type { Machine } from '../machine/machine.js';
import type { Predicate, PteWords } from '../arch/predicate.js';
import { vmBugOn } from '../base/error.js';

/**
 * A page-table entry as a value: two 32-bit words in the encoding of the machine's architecture. Values are never
 * changed; each operation gives a new one.
 */
export interface Pte {
  readonly lo: number;
  readonly hi: number;
}

// Codecs work on words in memory. No step ends while a value lies here, so one place serves every machine.
const w: PteWords = new Int32Array(2);

function ask(is: Predicate, pte: Pte): boolean {
  w[0] = pte.lo;
  w[1] = pte.hi;
  return is(w, 0);
}

function changed(pte: Pte, change: (w: PteWords, i: number) => void): Pte {
  w[0] = pte.lo;
  w[1] = pte.hi;
  change(w, 0);
  return { lo: w[0], hi: w[1] };
}

/** Bit for bit. @kernel include/linux/pgtable.h pte_same v6.2 */
export function pteSame(a: Pte, b: Pte): boolean {
  return a.lo === b.lo && a.hi === b.hi;
}

export const pteNone = (k: Machine, pte: Pte): boolean => ask(k.pte.pteNone, pte);
export const ptePresent = (k: Machine, pte: Pte): boolean => ask(k.pte.ptePresent, pte);
export const pteProtnone = (k: Machine, pte: Pte): boolean => ask(k.pte.pteProtnone, pte);
export const pteWrite = (k: Machine, pte: Pte): boolean => ask(k.pte.pteWrite, pte);
export const pteDirty = (k: Machine, pte: Pte): boolean => ask(k.pte.pteDirty, pte);
export const pteYoung = (k: Machine, pte: Pte): boolean => ask(k.pte.pteYoung, pte);
export const pteSpecial = (k: Machine, pte: Pte): boolean => ask(k.pte.pteSpecial, pte);
export const pteSoftDirty = (k: Machine, pte: Pte): boolean => ask(k.pte.pteSoftDirty, pte);
export const pteUffdWp = (k: Machine, pte: Pte): boolean => ask(k.pte.pteUffdWp, pte);

export const pteMkwrite = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteMkwrite);
export const pteWrprotect = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteWrprotect);
export const pteMkclean = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteMkclean);
export const pteMkyoung = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteMkyoung);
export const pteMkold = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteMkold);
export const pteMkspecial = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteMkspecial);
export const pteMksoftDirty = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteMksoftDirty);
export const pteClearSoftDirty = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteClearSoftDirty);
export const pteMkuffdWp = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteMkuffdWp);
export const pteClearUffdWp = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteClearUffdWp);
export const pteMkdirty = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteMkdirty);

/**
 * The entry after a user's load through it, with what the walker or its handlers noted in it; undefined where it faults.
 *
 * MODEL: the MMU.
 */
export function mmuLoad(k: Machine, pte: Pte): Pte | undefined {
  const noted = changed(pte, k.mmu.onLoad);
  return ask(k.mmu.loads, noted) ? noted : undefined;
}

/** The same of a store. MODEL: the MMU. */
export function mmuStore(k: Machine, pte: Pte): Pte | undefined {
  const noted = changed(pte, k.mmu.onStore);
  return ask(k.mmu.stores, noted) ? noted : undefined;
}

/** @kernel arch/x86/include/asm/pgtable.h pte_modify v6.2 */
export function pteModify(k: Machine, pte: Pte, prot: Pgprot): Pte {
  w[0] = pte.lo;
  w[1] = pte.hi;
  k.pte.pteModify(w, 0, prot);
  return { lo: w[0], hi: w[1] };
}

/** The frame that a present entry maps. */
export function ptePfn(k: Machine, pte: Pte): number {
  w[0] = pte.lo;
  w[1] = pte.hi;
  return k.pte.ptePfn(w, 0);
}

/** An entry that maps a frame. @kernel arch/x86/include/asm/pgtable.h pfn_pte v6.2 */
export function pfnPte(k: Machine, pfn: number, prot: Pgprot): Pte {
  k.pte.pfnPte(w, 0, pfn, prot);
  return { lo: w[0]!, hi: w[1]! };
}

/** The same entry for the `nr`-th frame behind. @kernel include/linux/pgtable.h pte_advance_pfn 6.12 */
export function pteAdvancePfn(k: Machine, pte: Pte, nr: number): Pte {
  w[0] = pte.lo;
  w[1] = pte.hi;
  k.pte.pteAdvancePfn(w, 0, nr);
  return { lo: w[0]!, hi: w[1]! };
}

/** An entry that is not present and holds a swap entry. */
export function swpEntryToPte(k: Machine, type: number, offset: number): Pte {
  k.pte.swpEntryToPte(w, 0, type, offset);
  return { lo: w[0]!, hi: w[1]! };
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
  vmBugOn(ask(k.pte.ptePresent, pte), 'a present entry holds no swap entry');
  k.pte.pteSwpClearFlags(w, 0);
}

export const pteSwpExclusive = (k: Machine, pte: Pte): boolean => ask(k.pte.pteSwpExclusive, pte);
export const pteSwpSoftDirty = (k: Machine, pte: Pte): boolean => ask(k.pte.pteSwpSoftDirty, pte);
export const pteSwpUffdWp = (k: Machine, pte: Pte): boolean => ask(k.pte.pteSwpUffdWp, pte);
export const pteSwpMkexclusive = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteSwpMkexclusive);
export const pteSwpClearExclusive = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteSwpClearExclusive);
export const pteSwpMksoftDirty = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteSwpMksoftDirty);
export const pteSwpClearSoftDirty = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteSwpClearSoftDirty);
export const pteSwpMkuffdWp = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteSwpMkuffdWp);
export const pteSwpClearUffdWp = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteSwpClearUffdWp);
/** @kernel include/linux/swapops.h pte_swp_clear_flags v6.2 */
export const pteSwpClearFlags = (k: Machine, pte: Pte): Pte => changed(pte, k.pte.pteSwpClearFlags);
