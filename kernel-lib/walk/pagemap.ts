import { PageAnon, isDevicePfn, pageFolio, pageMapcount } from '../folio/frame.js';
import { type HugePteAt, hugePtepGet } from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import {
  type Pte,
  pteAdvancePfn,
  ptePfn,
  ptePresent,
  pteSoftDirty,
  pteSwpSoftDirty,
  pteSwpUffdWp,
  pteUffdWp,
} from '../pgtable/pte.js';
import { MAX_SWAPFILES_SHIFT } from '../pgtable/swapops.js';
import { type Pmd, hugeAddress } from '../pgtable/pmd.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock } from '../pgtable/table.js';
import { vmNormalPage } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import {
  PTE_MARKER_UFFD_WP,
  isMigrationEntry,
  pteMarkerGet,
  pteToSwpEntry,
  swpOffset,
  swpType,
} from '../swap/entry.js';
import { pageOfPmd } from '../swap/migration-entry.js';
import { isPfnSwapEntry, swpOffsetPfn } from '../swap/pfn-entry.js';
import { pteHasSwapEntry } from '../swap/special-pte.js';
import { pteSwpUffdWpAny } from '../uffd/markers.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { VM_SOFTDIRTY } from '../vma/vm-flags.js';
import { type Vma, isVmHugetlbPage } from '../vma/vma.js';
import { type MmWalk, type MmWalkOps, walkPageRange } from './pagewalk.js';

/** One page of /proc/PID/pagemap, before it is packed into 64 bits. */
export interface PagemapEntry {
  /** The frame; of an entry that is not present, swap type and offset. 0 to who may not see frames. */
  readonly frame: number;
  /** PM_…. */
  readonly flags: number;
}

/** The lowest bit that is a flag. */
export const FLAGS_SHIFT = 55;

/** Flags of a page, counted from bit 55 of its 64. @kernel fs/proc/task_mmu.c PM_SOFT_DIRTY v6.2 */
export const PM_SOFT_DIRTY = 1 << 0;
export const PM_MMAP_EXCLUSIVE = 1 << 1;
export const PM_UFFD_WP = 1 << 2;
export const PM_FILE = 1 << 6;
export const PM_SWAP = 1 << 7;
export const PM_PRESENT = 1 << 8;

/**
 * What pagemap says of one entry.
 *
 * @kernel fs/proc/task_mmu.c pte_to_pagemap_entry v6.2
 * @param showPfn whether the reader may see frames
 * @param huge whether the entry stands for a page of what a leaf above maps
 */
export function pteToPagemapEntry(
  k: Machine,
  vma: Vma,
  pte: Pte,
  showPfn: boolean,
  huge = false,
): PagemapEntry {
  const softDirty = k.softDirty && (vma.vmFlags & VM_SOFTDIRTY) !== 0 ? PM_SOFT_DIRTY : 0;
  if (isVmHugetlbPage(vma)) return hugetlbEntry(k, pte, showPfn, softDirty);
  if (ptePresent(k, pte)) {
    const flags = PM_PRESENT | softDirty | presentFlags(k, pte, huge);
    return { frame: showPfn ? ptePfn(k, pte) : 0, flags };
  }
  if (!pteHasSwapEntry(k, pte)) return { frame: 0, flags: softDirty };
  const entry = pteToSwpEntry(k, pte);
  const flags = PM_SWAP | softDirty | swapFlags(k, pte, entry);
  return { frame: showPfn ? swapFrame(k, entry) : 0, flags };
}

/** Of hugetlb: a marker says that it is protected, and not that it is swapped. */
function hugetlbEntry(k: Machine, pte: Pte, showPfn: boolean, softDirty: number): PagemapEntry {
  if (!ptePresent(k, pte)) {
    return { frame: 0, flags: softDirty | (pteSwpUffdWpAny(k, pte) ? PM_UFFD_WP : 0) };
  }
  const page = ptePfn(k, pte);
  const uffdWp = pteUffdWp(k, pte) ? PM_UFFD_WP : 0;
  const flags = PM_PRESENT | softDirty | uffdWp | pageFlags(k, pageFolio(k, page), true);
  return { frame: showPfn ? page : 0, flags };
}

function presentFlags(k: Machine, pte: Pte, huge: boolean): number {
  let flags = 0;
  if (pteSoftDirty(k, pte)) flags |= PM_SOFT_DIRTY;
  if (pteUffdWp(k, pte)) flags |= PM_UFFD_WP;
  const page = vmNormalPage(k, pte);
  // A leaf's page is asked for by its frame, and no entry counts how often it maps a device's.
  if (page === 0) return huge && isDevicePfn(k, ptePfn(k, pte)) ? flags | PM_FILE : flags;
  return flags | pageFlags(k, huge ? countedPage(k, page) : page, true);
}

/** Of a page that a leaf maps, whose map count is asked: before 2c1f057e5be6, that of the first. */
function countedPage(k: Machine, page: number): number {
  const precise = k.patched.pagemapPagePrecise && !k.patched.pagemapPageOfHead;
  return precise ? page : pageFolio(k, page);
}

function swapFlags(k: Machine, pte: Pte, entry: number): number {
  let flags = 0;
  if (pteSwpSoftDirty(k, pte)) flags |= PM_SOFT_DIRTY;
  if (pteSwpUffdWp(k, pte) || (pteMarkerGet(k, entry) & PTE_MARKER_UFFD_WP) !== 0) flags |= PM_UFFD_WP;
  if (!isPfnSwapEntry(k, entry)) return flags;
  // A page that is moving has no map count.
  const counted = !isMigrationEntry(k, entry) && !k.patched.pagemapExclusiveIsPresent;
  return flags | pageFlags(k, swpOffsetPfn(entry), counted);
}

function pageFlags(k: Machine, page: number, counted: boolean): number {
  const file = PageAnon(k, page) ? 0 : PM_FILE;
  return counted && pageMapcount(k, page) === 1 ? file | PM_MMAP_EXCLUSIVE : file;
}

function swapFrame(k: Machine, entry: number): number {
  const offset = isPfnSwapEntry(k, entry) ? swpOffsetPfn(entry) : swpOffset(entry);
  return swpType(entry) + offset * 2 ** MAX_SWAPFILES_SHIFT;
}

/** Packs a page's entry as a reader gets it. @kernel fs/proc/task_mmu.c make_pme v6.2 */
export function makePme({ frame, flags }: PagemapEntry): bigint {
  return BigInt(frame) | (BigInt(flags) << BigInt(FLAGS_SHIFT));
}

interface Pagemapread {
  readonly showPfn: boolean;
  readonly entries: bigint[];
}

/**
 * Reads /proc/PID/pagemap.
 *
 * @kernel fs/proc/task_mmu.c pagemap_read v6.2
 * @param start first byte of the first page
 * @param showPfn whether the reader has CAP_SYS_ADMIN
 * @returns 64 bits for each page of [start, end)
 */
export function* pagemapRead(
  k: Machine,
  mm: Mm,
  start: number,
  end: number,
  showPfn: boolean,
): Step<bigint[]> {
  const pm: Pagemapread = { showPfn, entries: [] };
  yield* mmapReadLock(k, mm);
  yield* walkPageRange(k, mm, start, end, pagemapOps, pm);
  mmapReadUnlock(k, mm);
  return pm.entries;
}

const pagemapOps: MmWalkOps<Pagemapread> = {
  pmdEntry: pagemapPmdRange,
  leaf: pagemapLeaf,
  hugetlbEntry: pagemapHugetlbRange,
  pteHole: pagemapPteHole,
};

/** @kernel fs/proc/task_mmu.c pagemap_pmd_range v6.2 */
function* pagemapPmdRange(
  k: Machine,
  { vma, private: pm }: MmWalk<Pagemapread>,
  table: number,
  start: number,
  end: number,
): Step<number> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const pte = yield* ptepGet(k, pteOffset(k, table, at));
    pm.entries.push(makePme(pteToPagemapEntry(k, vma!, pte, pm.showPfn)));
  }
  ptlUnlock(k, table);
  return 0;
}

/** The pages of a leaf. MODEL: the first half of pagemap_pmd_range(). */
function* pagemapLeaf(
  k: Machine,
  { vma, private: pm }: MmWalk<Pagemapread>,
  pmd: Pmd,
  start: number,
  end: number,
): Step<number> {
  const first = (start - hugeAddress(k, start)) / k.pageSize;
  for (let i = 0; i < (end - start) / k.pageSize; i++) {
    const pte = pageOfPmd(k, pmd, first + i);
    pm.entries.push(makePme(pteToPagemapEntry(k, vma!, pte, pm.showPfn, true)));
  }
  return 0;
}

/** @kernel fs/proc/task_mmu.c pagemap_hugetlb_range v6.2 */
function* pagemapHugetlbRange(
  k: Machine,
  { vma, private: pm }: MmWalk<Pagemapread>,
  { table, ptep }: HugePteAt,
  start: number,
  end: number,
): Step<number> {
  yield* ptlLock(k, table);
  const entry = yield* hugePtepGet(k, ptep);
  const first = (start - hugeAddress(k, start)) / k.pageSize;
  for (let i = 0; i < (end - start) / k.pageSize; i++) {
    const pte = ptePresent(k, entry) ? pteAdvancePfn(k, entry, first + i) : entry;
    pm.entries.push(makePme(pteToPagemapEntry(k, vma!, pte, pm.showPfn, true)));
  }
  ptlUnlock(k, table);
  return 0;
}

/** @kernel fs/proc/task_mmu.c pagemap_pte_hole v6.2 */
function* pagemapPteHole(
  k: Machine,
  { vma, private: pm }: MmWalk<Pagemapread>,
  start: number,
  end: number,
): Step<number> {
  const softDirty = k.softDirty && vma !== null && (vma.vmFlags & VM_SOFTDIRTY) !== 0;
  const pme = makePme({ frame: 0, flags: softDirty ? PM_SOFT_DIRTY : 0 });
  for (let at = start; at < end; at += k.pageSize) pm.entries.push(pme);
  return 0;
}
