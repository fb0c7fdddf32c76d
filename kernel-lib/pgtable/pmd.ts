import { vmBugOn } from '../base/error.js';
import { isDevicePfn } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { type Pte, pteSame } from './pte.js';
import type { Pgprot } from '../arch/entry.js';
import {
  exchangeLowFirst,
  exchangeWhole,
  lowHighLow,
  lowThenHighIfAny,
  readOnce,
  storeWhole,
} from './halves.js';
import {
  TABLE,
  entryOf,
  forgetWalk,
  lowest,
  pmdSpan,
  pteOffset,
  pteTable,
  readPte,
  storeEntry,
} from './table.js';

/** An entry of the level above the lowest: none, a table, or a leaf that maps a huge page. */
export type Pmd = Pte;

const w = new Int32Array(2);

function load(pmd: Pmd): Int32Array {
  w[0] = pmd.lo;
  w[1] = pmd.hi;
  return w;
}

/** The value that `pmd` has become. */
function changed(pmd: Pmd): Pmd {
  return w[0] === pmd.lo && w[1] === pmd.hi ? pmd : { lo: w[0]!, hi: w[1]! };
}

export const pmdSame = pteSame;
export const pmdWrite = (k: Machine, pmd: Pmd): boolean => k.leaf.pteWrite(load(pmd), 0);
export const pmdDirty = (k: Machine, pmd: Pmd): boolean => k.leaf.pteDirty(load(pmd), 0);
export const pmdYoung = (k: Machine, pmd: Pmd): boolean => k.leaf.pteYoung(load(pmd), 0);
export const pmdProtnone = (k: Machine, pmd: Pmd): boolean => k.leaf.pteProtnone(load(pmd), 0);
export const pmdSoftDirty = (k: Machine, pmd: Pmd): boolean => k.leaf.pteSoftDirty(load(pmd), 0);
export const pmdUffdWp = (k: Machine, pmd: Pmd): boolean => k.leaf.pteUffdWp(load(pmd), 0);
/** The first frame of a huge page. */
export const pmdPfn = (k: Machine, pmd: Pmd): number => k.leaf.ptePfn(load(pmd), 0);

export function pmdMkwrite(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteMkwrite(load(pmd), 0);
  return changed(pmd);
}

export function pmdWrprotect(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteWrprotect(load(pmd), 0);
  return changed(pmd);
}

export function pmdMkdirty(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteMkdirty(load(pmd), 0);
  return changed(pmd);
}

export function pmdMkclean(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteMkclean(load(pmd), 0);
  return changed(pmd);
}

export function pmdMkyoung(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteMkyoung(load(pmd), 0);
  return changed(pmd);
}

export function pmdMkold(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteMkold(load(pmd), 0);
  return changed(pmd);
}

export function pmdMksoftDirty(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteMksoftDirty(load(pmd), 0);
  return changed(pmd);
}

export function pmdClearSoftDirty(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteClearSoftDirty(load(pmd), 0);
  return changed(pmd);
}

export function pmdMkuffdWp(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteMkuffdWp(load(pmd), 0);
  return changed(pmd);
}

export function pmdClearUffdWp(k: Machine, pmd: Pmd): Pmd {
  k.leaf.pteClearUffdWp(load(pmd), 0);
  return changed(pmd);
}

/** An entry that is none. */
export const pmdEmpty = (k: Machine): Pmd => k.leaf.pteEmpty;

/** The leaf as the PTE that would map its first page: as hugetlb sees it. MODEL: `__rste_to_pte` of arch/s390/mm/hugetlbpage.c; the same on all others. */
export function pmdPte(k: Machine, pmd: Pmd): Pte {
  const seenAs = k.pte.huge?.seenAs;
  if (seenAs === undefined) return pmd;
  seenAs.leafToPte(load(pmd), 0);
  return changed(pmd);
}

/** The leaf that hugetlb sees as this PTE: `__pte_to_rste` there. */
export function ptePmd(k: Machine, pte: Pte): Pmd {
  const seenAs = k.pte.huge?.seenAs;
  if (seenAs === undefined) return pte;
  seenAs.pteToLeaf(load(pte), 0);
  return changed(pte);
}

export function pmdNone(k: Machine, pmd: Pmd): boolean {
  const { lo, hi } = pmdEmpty(k);
  // Where halves are loaded, the high one may be late.
  return pmd.lo === lo && (pmd.hi === hi || k.entryHalves !== undefined);
}

/** Whether the entry maps a huge page, possibly one that a split has made invalid. @kernel arch/x86/include/asm/pgtable.h pmd_trans_huge v6.2 */
export function pmdTransHuge(k: Machine, pmd: Pmd): boolean {
  if (k.pte.huge === undefined) return false;
  // MODEL: where halves are loaded the low one tells, as in Linux: of the few tables none has the bit of a leaf in its address.
  if (k.entryHalves !== undefined) return k.pte.huge.pmdTransHuge(load({ lo: pmd.lo, hi: 0 }), 0);
  return pmd.hi !== TABLE && k.pte.huge.pmdTransHuge(load(pmd), 0);
}

/** Whether a leaf maps memory of a device. MODEL: told by its frames, which x86 marks by a bit. */
export function pmdDevmap(k: Machine, pmd: Pmd): boolean {
  return pmdTransHuge(k, pmd) && isDevicePfn(k, pmdPfn(k, pmd));
}

/** Of an entry that is no table: whether it maps a page. @kernel arch/x86/include/asm/pgtable.h pmd_present v6.2 */
export function pmdPresent(k: Machine, pmd: Pmd): boolean {
  return k.pte.huge !== undefined && k.pte.huge.pmdPresent(load(pmd), 0);
}

/** Whether a user may reach the page through the leaf. @kernel arch/x86/include/asm/pgtable.h pmd_access_permitted v6.2 */
export function pmdAccessPermitted(k: Machine, pmd: Pmd, write: boolean): boolean {
  return k.leaf.ptePresent(load(pmd), 0) && (!write || k.leaf.pteWrite(w, 0));
}

/**
 * Neither none, nor a table, nor a leaf: it stands for a huge page that is moving.
 *
 * @kernel include/linux/huge_mm.h is_swap_pmd v6.2
 */
export function isSwapPmd(k: Machine, pmd: Pmd): boolean {
  // Where huge pages never move so, halves may be loaded, and a table be taken for anything.
  const moves = k.pte.huge?.migration !== undefined;
  return moves && pmd.hi !== TABLE && !pmdNone(k, pmd) && !pmdPresent(k, pmd);
}

/**
 * The entry that stands for a huge page, of the one that would stand for its first page alone.
 *
 * @kernel include/linux/swapops.h swp_entry_to_pmd v6.2
 */
export function swpEntryToPmd(k: Machine, pte: Pte): Pmd {
  const { lo, hi } = k.pte.huge!.migration!;
  return { lo: pte.lo | lo, hi: pte.hi | hi };
}

/** Whether the entry maps a huge page or stands for one. MODEL: pmd_is_huge() of v6.19. */
export function pmdIsHuge(k: Machine, pmd: Pmd): boolean {
  return pmdTransHuge(k, pmd) || isSwapPmd(k, pmd);
}

/** An entry that maps the huge page that begins with a frame: `mk_huge_pmd` of include/linux/huge_mm.h. */
export function mkHugePmd(k: Machine, page: number, prot: Pgprot): Pmd {
  k.pte.huge!.pfnPmd(w, 0, page, prot);
  k.pte.huge!.pmdMkhuge(w, 0);
  return { lo: w[0]!, hi: w[1]! };
}

/** Gives a leaf another protection. @kernel arch/x86/include/asm/pgtable.h pmd_modify v6.2 */
export function pmdModify(k: Machine, pmd: Pmd, prot: Pgprot): Pmd {
  k.pte.huge!.pmdModify(load(pmd), 0, prot);
  return changed(pmd);
}

/** @kernel arch/x86/include/asm/pgtable.h pmd_mkinvalid v6.2 */
export function pmdMkinvalid(k: Machine, pmd: Pmd): Pmd {
  const invalid = load(pmd);
  k.pte.huge!.pmdMkinvalid(invalid, 0);
  return { lo: invalid[0]!, hi: invalid[1]! };
}

/** First address of what one PMD entry spans. */
export function hugeAddress(k: Machine, address: number): number {
  return address - (address % hpagePmdSize(k));
}

/** Bytes of a huge page. @kernel include/linux/huge_mm.h HPAGE_PMD_SIZE v6.2 */
export const hpagePmdSize = pmdSpan;

/** The table one level above the lowest that holds an address, 0 where there is none. */
export function pmdTable(k: Machine, pgd: number, address: number): number {
  let table = pgd;
  for (let level = 0; level < lowest(k) - 1; level++) {
    const entry = entryOf(k, table, level, address);
    if (ld(k.ptes, entry + 1) !== TABLE) return 0;
    table = ld(k.ptes, entry);
  }
  return table;
}

/** Where the entry for an address stands in its PMD table. */
export function pmdOffset(k: Machine, table: number, address: number): number {
  return entryOf(k, table, lowest(k) - 1, address);
}

/** Reads an entry for an onlooker, for whom nobody else runs. */
export function readPmd(k: Machine, pmdp: number): Pmd {
  return { lo: ld(k.ptes, pmdp), hi: ld(k.ptes, pmdp + 1) };
}

/** The entry for an address as an onlooker sees it; none where a table above is missing. */
export function pmdAt(k: Machine, pgd: number, address: number): Pmd {
  const table = pmdTable(k, pgd, address);
  return table === 0 ? pmdEmpty(k) : readPmd(k, pmdOffset(k, table, address));
}

/**
 * What stands for an address, as an onlooker sees it: its entry, or the leaf or marker one level above in place of a
 * table; none without either.
 */
export function entryAt(k: Machine, pgd: number, address: number): Pte | Pmd {
  const table = pteTable(k, pgd, address);
  if (table !== 0) return readPte(k, pteOffset(k, table, address));
  return k.pte.huge === undefined ? k.pte.pteEmpty : pmdAt(k, pgd, address);
}

/** The same, and a leaf as the PTE that would map its first page. */
export function pteAt(k: Machine, pgd: number, address: number): Pte {
  const entry = entryAt(k, pgd, address);
  return pteTable(k, pgd, address) === 0 ? pmdPte(k, entry) : entry;
}

/** Reads an entry; another CPU may have changed it just before. @kernel include/linux/pgtable.h pmdp_get v6.12 */
export function* pmdpGet(k: Machine, pmdp: number): Step<Pmd> {
  return yield* readOnce(k, pmdp);
}

/**
 * Reads an entry that no lock keeps still: if it is present, its halves belong together.
 *
 * @kernel include/linux/pgtable.h pmdp_get_lockless 6.12
 */
export function* pmdpGetLockless(k: Machine, pmdp: number): Step<Pmd> {
  return yield* lowHighLow(k, pmdp);
}

/**
 * Reads an entry that no lock keeps still, well enough to tell none, leaf and table apart.
 *
 * @kernel arch/x86/include/asm/pgtable-3level.h pmd_read_atomic v6.1
 */
export function* pmdReadAtomic(k: Machine, pmdp: number): Step<Pmd> {
  if (k.entryHalves === undefined) return yield* readOnce(k, pmdp);
  return k.patched.pmdReadRechecks ? yield* pmdpGetLockless(k, pmdp) : yield* lowThenHighIfAny(k, pmdp);
}

/** Writes a leaf, or none. @kernel arch/x86/include/asm/pgtable.h set_pmd_at v6.2 */
export function* setPmdAt(k: Machine, pmdp: number, pmd: Pmd): Step<void> {
  vmBugOn(pmd.hi === TABLE, 'a leaf cannot be told from a table');
  yield* storeWhole(k, pmdp, pmd);
  forgetWalk(k);
}

/** Takes the right to write from a leaf, in one atomic step. @kernel arch/x86/include/asm/pgtable.h pmdp_set_wrprotect v6.2 */
export function* pmdpSetWrprotect(k: Machine, pmdp: number): Step<void> {
  yield;
  storeEntry(k, pmdp, pmdWrprotect(k, readPmd(k, pmdp)));
}

/**
 * Makes a leaf old, in one atomic step. The caller flushes the TLBs if need be.
 *
 * @kernel arch/x86/mm/pgtable.c pmdp_test_and_clear_young v6.2
 * @returns whether it was young
 */
export function* pmdpTestAndClearYoung(k: Machine, pmdp: number): Step<boolean> {
  yield;
  const pmd = readPmd(k, pmdp);
  if (!pmdYoung(k, pmd)) return false;
  storeEntry(k, pmdp, pmdMkold(k, pmd));
  return true;
}

/** Lets an entry lead to a table: `pmd_populate` of arch/x86/include/asm/pgalloc.h. */
export function* pmdPopulate(k: Machine, pmdp: number, table: number): Step<void> {
  yield* storeWhole(k, pmdp, { lo: table, hi: TABLE });
  forgetWalk(k);
}

/** Takes a leaf and leaves none, in one atomic step where a word holds it. @kernel include/linux/pgtable.h pmdp_huge_get_and_clear v6.2 */
export function* pmdpHugeGetAndClear(k: Machine, pmdp: number): Step<Pmd> {
  const exchange = k.entryHalves === undefined ? exchangeWhole : exchangeLowFirst;
  const pmd = yield* exchange(k, pmdp, pmdEmpty(k));
  forgetWalk(k);
  return pmd;
}

/** Makes a leaf invalid, in one atomic step where a word holds it; the leaf as the MMU left it. The caller flushes the TLBs. @kernel mm/pgtable-generic.c pmdp_invalidate v6.2 */
export function* pmdpInvalidate(k: Machine, pmdp: number): Step<Pmd> {
  if (k.entryHalves === undefined) return yield* invalidateWhole(k, pmdp);
  return yield* pmdpEstablish(k, pmdp, pmdMkinvalid(k, readPmd(k, pmdp)));
}

function* invalidateWhole(k: Machine, pmdp: number): Step<Pmd> {
  yield;
  const pmd = { lo: ld(k.ptes, pmdp), hi: ld(k.ptes, pmdp + 1) };
  const invalid = pmdMkinvalid(k, pmd);
  st(k.ptes, pmdp, invalid.lo);
  st(k.ptes, pmdp + 1, invalid.hi);
  return pmd;
}

/** The half with the present bit goes first. @kernel arch/x86/include/asm/pgtable-3level.h pmdp_establish v6.2 */
function* pmdpEstablish(k: Machine, pmdp: number, invalid: Pmd): Step<Pmd> {
  return yield* exchangeLowFirst(k, pmdp, invalid);
}
