import type { Machine } from '../machine/machine.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { exchangeWhole, readOnce, storeWhole } from './halves.js';
import { mkHugePmd } from './pmd.js';
import {
  type Pte,
  pteDirty,
  pteMkdirty,
  pteMkold,
  pteMkwrite,
  pteMkyoung,
  ptePfn,
  pteSame,
  pteWrite,
  pteWrprotect,
} from './pte.js';
import { TABLE, entryOf, lowest } from './table.js';

/**
 * An entry two levels above the lowest: none, a table, or a leaf, which only memory of devices is mapped by. Wherever
 * there are such leaves they are encoded like PTEs.
 */
export type Pud = Pte;

export const PUD_NONE: Pud = { lo: 0, hi: 0 };

export const pudSame = pteSame;
export const pudWrite = pteWrite;
export const pudDirty = pteDirty;
export const pudMkwrite = pteMkwrite;
export const pudMkdirty = pteMkdirty;
export const pudMkyoung = pteMkyoung;
export const pudMkold = pteMkold;
export const pudWrprotect = pteWrprotect;
export const mkHugePud = mkHugePmd;
/** The first frame of what a leaf maps. */
export const pudPfn = ptePfn;

/** Whether entries of this level may be leaves: CONFIG_HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD. */
export function hasPudLeaves(k: Machine): boolean {
  return k.pte.huge !== undefined && k.pte.arch.kconfig.HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD;
}

export function pudNone(pud: Pud): boolean {
  return pud.lo === 0 && pud.hi === 0;
}

/** Whether the entry is a leaf. MODEL: pud_trans_huge() or pud_devmap(), for there is no other. */
export function pudLeaf(pud: Pud): boolean {
  return pud.hi !== TABLE && !pudNone(pud);
}

function level(k: Machine): number {
  return lowest(k) - 2;
}

/** Bytes that one leaf maps: HPAGE_PUD_SIZE of include/linux/huge_mm.h. */
export function hpagePudSize(k: Machine): number {
  return k.levels[level(k)]!.span;
}

/** Small pages that one leaf maps: HPAGE_PUD_NR. */
export function hpagePudNr(k: Machine): number {
  return hpagePudSize(k) / k.pageSize;
}

/** First address of what the entry for `address` spans. */
export function pudAddress(k: Machine, address: number): number {
  return address - (address % hpagePudSize(k));
}

/** First address behind what the entry for `address` spans, or `end` if that comes first. */
export function pudAddrEnd(k: Machine, address: number, end: number): number {
  return Math.min(pudAddress(k, address) + hpagePudSize(k), end);
}

/** The table that holds the entry for an address, 0 where there is none. */
export function pudTable(k: Machine, pgd: number, address: number): number {
  let table = pgd;
  for (let at = 0; at < level(k); at++) {
    const entry = entryOf(k, table, at, address);
    if (ld(k.ptes, entry + 1) !== TABLE) return 0;
    table = ld(k.ptes, entry);
  }
  return table;
}

/** Where the entry for an address stands in its table. */
export function pudOffset(k: Machine, table: number, address: number): number {
  return entryOf(k, table, level(k), address);
}

/** Reads an entry for an onlooker, for whom nobody else runs. */
export function readPud(k: Machine, pudp: number): Pud {
  return { lo: ld(k.ptes, pudp), hi: ld(k.ptes, pudp + 1) };
}

/** The entry for an address as an onlooker sees it; none where a table above is missing, or there are no leaves. */
export function pudAt(k: Machine, pgd: number, address: number): Pud {
  if (!hasPudLeaves(k)) return PUD_NONE;
  const table = pudTable(k, pgd, address);
  return table === 0 ? PUD_NONE : readPud(k, pudOffset(k, table, address));
}

/** Reads an entry; another CPU may have changed it just before. @kernel include/linux/pgtable.h pudp_get 6.12 */
export function* pudpGet(k: Machine, pudp: number): Step<Pud> {
  return yield* readOnce(k, pudp);
}

/** Writes a leaf. @kernel arch/x86/include/asm/pgtable.h set_pud_at v6.2 */
export function* setPudAt(k: Machine, pudp: number, pud: Pud): Step<void> {
  yield* storeWhole(k, pudp, pud);
}

/** Takes a leaf and leaves none, in one atomic step. @kernel include/linux/pgtable.h pudp_huge_get_and_clear v6.2 */
export function* pudpHugeGetAndClear(k: Machine, pudp: number): Step<Pud> {
  return yield* exchangeWhole(k, pudp, PUD_NONE);
}

/**
 * Throws an entry away that is neither none nor a table: to who knows no leaves here, a leaf is a broken table.
 *
 * @kernel mm/pgtable-generic.c pud_clear_bad v6.2
 */
export function* pudClearBad(k: Machine, pudp: number): Step<void> {
  yield;
  st(k.ptes, pudp, 0);
  st(k.ptes, pudp + 1, 0);
}
