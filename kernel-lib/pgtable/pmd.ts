import { vmBugOn } from '../base/error.js';
import { isDevicePfn } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import {
  type Pte,
  pteClearSoftDirty,
  pteClearUffdWp,
  pteDirty,
  pteMkclean,
  pteMkdirty,
  pteMkold,
  pteMksoftDirty,
  pteMkuffdWp,
  pteMkwrite,
  pteMkyoung,
  pteModify,
  ptePfn,
  pteProtnone,
  pteSame,
  pteSoftDirty,
  pteUffdWp,
  pteWrite,
  pteWrprotect,
  pteYoung,
  pfnPte,
} from './pte.js';
import type { Pgprot } from '../arch/codec.js';
import {
  exchangeLowFirst,
  exchangeWhole,
  lowHighLow,
  lowThenHighIfAny,
  readOnce,
  storeWhole,
} from './halves.js';
import { TABLE, TABLE_DEPOSIT, entryOf, lowest, pmdSpan, pteOffset, pteTable, readPte } from './table.js';

/**
 * An entry of the level above the lowest: none, a table, or a leaf that maps a huge page and is encoded like a PTE.
 */
export type Pmd = Pte;

export const PMD_NONE: Pmd = { lo: 0, hi: 0 };

export const pmdSame = pteSame;
export const pmdWrite = pteWrite;
export const pmdDirty = pteDirty;
export const pmdYoung = pteYoung;
export const pmdProtnone = pteProtnone;
export const pmdSoftDirty = pteSoftDirty;
export const pmdUffdWp = pteUffdWp;
export const pmdMkwrite = pteMkwrite;
export const pmdWrprotect = pteWrprotect;
export const pmdMkdirty = pteMkdirty;
export const pmdMkclean = pteMkclean;
export const pmdMkyoung = pteMkyoung;
export const pmdMkold = pteMkold;
export const pmdMksoftDirty = pteMksoftDirty;
export const pmdClearSoftDirty = pteClearSoftDirty;
export const pmdMkuffdWp = pteMkuffdWp;
export const pmdClearUffdWp = pteClearUffdWp;
/** The first frame of a huge page. */
export const pmdPfn = ptePfn;

const w = new Int32Array(2);

function load(pmd: Pmd): Int32Array {
  w[0] = pmd.lo;
  w[1] = pmd.hi;
  return w;
}

export function pmdNone(k: Machine, pmd: Pmd): boolean {
  // Where halves are loaded, the high one may be late.
  return pmd.lo === 0 && (pmd.hi === 0 || k.entryLoads !== 'whole');
}

/** Whether the entry maps a huge page, possibly one that a split has made invalid. @kernel arch/x86/include/asm/pgtable.h pmd_trans_huge v6.2 */
export function pmdTransHuge(k: Machine, pmd: Pmd): boolean {
  if (k.pte.huge === undefined) return false;
  // MODEL: where halves are loaded the low one tells, as in Linux: of the few tables none has the bit of a leaf in its address.
  if (k.entryLoads !== 'whole') return k.pte.huge.pmdTransHuge(load({ lo: pmd.lo, hi: 0 }), 0);
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
  const pte = load(pfnPte(k, page, prot));
  k.pte.huge!.pmdMkhuge(pte, 0);
  return { lo: pte[0]!, hi: pte[1]! };
}

/** Gives a leaf another protection. @kernel arch/x86/include/asm/pgtable.h pmd_modify v6.2 */
export function pmdModify(k: Machine, pmd: Pmd, prot: Pgprot): Pmd {
  const modified = load(pteModify(k, pmd, prot));
  // Its size is no part of the protection, and stays.
  k.pte.huge!.pmdMkhuge(modified, 0);
  return { lo: modified[0]!, hi: modified[1]! };
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
  return table === 0 ? PMD_NONE : readPmd(k, pmdOffset(k, table, address));
}

/**
 * What stands for an address, as an onlooker sees it: its entry, or the leaf or marker one level above in place of a
 * table; none without either.
 */
export function entryAt(k: Machine, pgd: number, address: number): Pte {
  const table = pteTable(k, pgd, address);
  if (table !== 0) return readPte(k, pteOffset(k, table, address));
  return k.pte.huge === undefined ? k.pte.pteEmpty : pmdAt(k, pgd, address);
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
  if (k.entryLoads === 'whole') return yield* readOnce(k, pmdp);
  return k.patched.pmdReadRechecks ? yield* pmdpGetLockless(k, pmdp) : yield* lowThenHighIfAny(k, pmdp);
}

/** Writes a leaf, or none. @kernel arch/x86/include/asm/pgtable.h set_pmd_at v6.2 */
export function* setPmdAt(k: Machine, pmdp: number, pmd: Pmd): Step<void> {
  vmBugOn(pmd.hi === TABLE, 'a leaf cannot be told from a table');
  yield* storeWhole(k, pmdp, pmd);
}

/** Lets an entry lead to a table: `pmd_populate` of arch/x86/include/asm/pgalloc.h. */
export function* pmdPopulate(k: Machine, pmdp: number, table: number): Step<void> {
  yield* storeWhole(k, pmdp, { lo: table, hi: TABLE });
}

/** Takes a leaf and leaves none, in one atomic step where a word holds it. @kernel include/linux/pgtable.h pmdp_huge_get_and_clear v6.2 */
export function* pmdpHugeGetAndClear(k: Machine, pmdp: number): Step<Pmd> {
  const exchange = k.entryLoads === 'whole' ? exchangeWhole : exchangeLowFirst;
  return yield* exchange(k, pmdp, PMD_NONE);
}

/** Makes a leaf invalid, in one atomic step where a word holds it; the leaf as the MMU left it. The caller flushes the TLBs. @kernel mm/pgtable-generic.c pmdp_invalidate v6.2 */
export function* pmdpInvalidate(k: Machine, pmdp: number): Step<Pmd> {
  if (k.entryLoads === 'whole') return yield* invalidateWhole(k, pmdp);
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

/**
 * Puts a table aside for the day when the huge page is split: that must not fail for want of memory.
 *
 * @kernel mm/pgtable-generic.c pgtable_trans_huge_deposit v6.2
 */
export function pgtableTransHugeDeposit(k: Machine, pmd: number, table: number): void {
  st(k.ptes, table + TABLE_DEPOSIT, ld(k.ptes, pmd + TABLE_DEPOSIT));
  st(k.ptes, pmd + TABLE_DEPOSIT, table);
}

/** Takes one of the tables put aside. @kernel mm/pgtable-generic.c pgtable_trans_huge_withdraw v6.2 */
export function pgtableTransHugeWithdraw(k: Machine, pmd: number): number {
  const table = ld(k.ptes, pmd + TABLE_DEPOSIT);
  vmBugOn(table === 0, 'every huge page has put a table aside');
  st(k.ptes, pmd + TABLE_DEPOSIT, ld(k.ptes, table + TABLE_DEPOSIT));
  st(k.ptes, table + TABLE_DEPOSIT, 0);
  return table;
}
