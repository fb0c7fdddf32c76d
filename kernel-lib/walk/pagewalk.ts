import { vmBugOn } from '../base/error.js';
import { type HugePteAt, hugePteOffset } from '../huge/hugetlb-pte.js';
import { splitHugePud } from '../huge/split-pud.js';
import type { Machine } from '../machine/machine.js';
import { type Pmd, hpagePmdSize, hugeAddress } from '../pgtable/pmd.js';
import {
  PUD_NONE,
  type Pud,
  hasPudLeaves,
  pudAddrEnd,
  pudLeaf,
  pudNone,
  pudOffset,
  pudTable,
  pudpGet,
} from '../pgtable/pud.js';
import { emptyLevel } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { type AddressSpace, vmasMapping } from '../vma/file.js';
import { Mm } from '../vma/mm.js';
import { VM_PFNMAP } from '../vma/vm-flags.js';
import { findVma } from '../vma/vma-list.js';
import { type Vma, isVmHugetlbPage, vmaPages } from '../vma/vma.js';
import { hole, realDepth, walkPmdRange } from './walk-pmd.js';

/**
 * What a callback wants next: what lies below its entry, the next entry, or this one looked at anew.
 * `enum page_walk_action` of include/linux/pagewalk.h.
 */
export type PageWalkAction = 'ACTION_SUBTREE' | 'ACTION_CONTINUE' | 'ACTION_AGAIN';

/** A walk under way. @kernel include/linux/pagewalk.h mm_walk v6.2 */
export interface MmWalk<T> {
  readonly mm: Mm;
  /** NULL between mappings. */
  vma: Vma | null;
  action: PageWalkAction;
  readonly private: T;
}

/**
 * What a walk calls. Each gives 0 to go on; anything else ends the walk and is its result.
 *
 * @kernel include/linux/pagewalk.h mm_walk_ops v6.2
 * @differs no callbacks above the lowest table but for leaves
 */
export interface MmWalkOps<T> {
  /** A lowest table; instead of visiting its entries one by one. It takes the table's lock itself. */
  readonly pmdEntry?: (
    k: Machine,
    walk: MmWalk<T>,
    table: number,
    start: number,
    end: number,
  ) => Step<number>;
  /**
   * An entry two levels above the lowest that was not none; it takes the table's lock itself, and sets `walk.action`.
   *
   * @param pud what the walk read; only a kernel with the RFC of 2020 lets callbacks have it
   */
  readonly pudEntry?: (
    k: Machine,
    walk: MmWalk<T>,
    pud: Pud,
    pudp: number,
    start: number,
    end: number,
  ) => Step<number>;
  /** A leaf that maps a huge page, under its table's lock; absent: it is split. */
  readonly leaf?: (k: Machine, walk: MmWalk<T>, pmd: Pmd, start: number, end: number) => Step<number>;
  /** A leaf is taken as it was read, without the lock. */
  readonly lockless?: true;
  /** A leaf that went just now, and maybe came back; absent: nothing is said of it. Only until 7780d04046a2. */
  readonly unstable?: (k: Machine, walk: MmWalk<T>, start: number, end: number) => Step<number>;
  /** One entry, also an empty one, under its table's lock. */
  readonly pteEntry?: (k: Machine, walk: MmWalk<T>, ptep: number, address: number) => Step<number>;
  /** An entry for a huge page of hugetlb; it takes the table's lock itself. */
  readonly hugetlbEntry?: (
    k: Machine,
    walk: MmWalk<T>,
    at: HugePteAt,
    start: number,
    end: number,
  ) => Step<number>;
  /** A range without tables. @param depth 0 for the root, 3 for the level above the lowest */
  readonly pteHole?: (k: Machine, walk: MmWalk<T>, start: number, end: number, depth: number) => Step<number>;
  /** Asked of each mapping: 0 to walk it, 1 to leave it out, a negative error number to end the walk. */
  readonly testWalk?: (k: Machine, walk: MmWalk<T>, start: number, end: number) => number;
  /** Behind each mapping that was walked. */
  readonly postVma?: (k: Machine, walk: MmWalk<T>) => Step<void>;
}

/**
 * Visits the page tables behind [start, end), mappings and the holes between them. The caller holds mmap_lock.
 *
 * @kernel mm/pagewalk.c walk_page_range v6.2
 * @returns 0, or what a callback ended the walk with
 */
export function* walkPageRange<T>(
  k: Machine,
  mm: Mm,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
  arg: T,
): Step<number> {
  const walk: MmWalk<T> = { mm, vma: null, action: 'ACTION_SUBTREE', private: arg };
  for (let at = start; at < end;) {
    const vma = findVma(k, mm, at);
    walk.vma = vma !== null && vma.vmStart <= at ? vma : null;
    const next = Math.min(end, walk.vma?.vmEnd ?? vma?.vmStart ?? end);
    const err =
      walk.vma === null
        ? yield* hole(k, walk, at, next, 0, ops)
        : yield* __walkPageRange(k, walk, at, next, ops);
    if (err !== 0) return err;
    at = next;
  }
  return 0;
}

/** The part of one mapping. @kernel mm/pagewalk.c __walk_page_range v6.2 */
function* __walkPageRange<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  const test = ops.testWalk?.(k, walk, start, end) ?? 0;
  if (test !== 0) return Math.min(test, 0);
  // Frames without struct page look like a hole to whoever has not said otherwise.
  const hidden = ops.testWalk === undefined && (walk.vma!.vmFlags & VM_PFNMAP) !== 0;
  if (hidden) return yield* hole(k, walk, start, end, 0, ops);
  const err = isVmHugetlbPage(walk.vma!)
    ? yield* walkHugetlbRange(k, walk, start, end, ops)
    : yield* walkPudRange(k, walk, start, end, ops);
  if (ops.postVma !== undefined) yield* ops.postVma(k, walk);
  return err;
}

/** @kernel mm/pagewalk.c walk_hugetlb_range v6.2 */
function* walkHugetlbRange<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  let err = 0;
  for (let at = start; at < end && err === 0;) {
    const next = Math.min(end, hugeAddress(k, at) + hpagePmdSize(k));
    const entry = hugePteOffset(k, walk.vma!, at);
    if (entry === null) err = yield* hole(k, walk, at, next, -1, ops);
    else if (ops.hugetlbEntry !== undefined) err = yield* ops.hugetlbEntry(k, walk, entry, at, next);
    at = next;
  }
  return err;
}

/**
 * Visits the page tables of every mapping of a part of an object. The caller holds i_mmap_rwsem.
 *
 * @kernel mm/pagewalk.c walk_page_mapping v6.2
 * @param firstIndex first page; @param nr number of pages
 * @returns 0, or what a callback ended the walk with
 */
export function* walkPageMapping<T>(
  k: Machine,
  mapping: AddressSpace,
  firstIndex: number,
  nr: number,
  ops: MmWalkOps<T>,
  arg: T,
): Step<number> {
  for (const vma of vmasMapping(k, mapping, firstIndex, firstIndex + nr - 1)) {
    const from = Math.max(firstIndex, vma.vmPgoff) - vma.vmPgoff;
    const to = Math.min(firstIndex + nr - vma.vmPgoff, vmaPages(vma));
    const walk: MmWalk<T> = { mm: Mm.at(k, vma.vmMm), vma, action: 'ACTION_SUBTREE', private: arg };
    const start = vma.vmStart + from * k.pageSize;
    const err = yield* __walkPageRange(k, walk, start, vma.vmStart + to * k.pageSize, ops);
    if (err !== 0) return err;
  }
  return 0;
}

/**
 * @kernel mm/pagewalk.c walk_pud_range v6.2
 * @differs the levels above are not visited one by one, nor is this one where it has no leaves
 */
function* walkPudRange<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  if (!hasPudLeaves(k)) return yield* walkPmdRange(k, walk, start, end, ops);
  let err = 0;
  for (let at = start; at < end && err === 0;) {
    const next = pudAddrEnd(k, at, end);
    err = yield* walkPud(k, walk, at, next, ops);
    if (walk.action !== 'ACTION_AGAIN') at = next;
  }
  return err;
}

function* walkPud<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  walk.action = 'ACTION_SUBTREE';
  const table = pudTable(k, walk.mm.pgd, start);
  const pudp = table === 0 ? 0 : pudOffset(k, table, start);
  const pud = pudp === 0 ? PUD_NONE : yield* pudpGet(k, pudp);
  if (pudNone(pud))
    return yield* hole(k, walk, start, end, realDepth(k, emptyLevel(k, walk.mm.pgd, start)), ops);
  if (ops.pudEntry !== undefined) {
    const err = yield* ops.pudEntry(k, walk, pud, pudp, start, end);
    if (err !== 0 || walk.action !== 'ACTION_SUBTREE') return err;
  }
  // Who asks for what lies below gets a leaf in pieces: none is left, or what a fault has brought meanwhile.
  yield* splitHugePud(k, walk.vma!, pudp, start);
  const below = yield* pudBelow(k, pudp);
  if (below === null) {
    walk.action = 'ACTION_AGAIN';
    return 0;
  }
  vmBugOn(pudNone(below), 'a page table is read behind an entry that is none');
  vmBugOn(pudLeaf(below), 'a device’s page is read as a page table');
  return yield* walkPmdRange(k, walk, start, end, ops);
}

/**
 * The entry that is followed to the table below it; null where it is to be looked at anew. An entry that leads to a
 * table stays. Any other may change: from none or a leaf to none, a leaf or a table.
 */
function* pudBelow(k: Machine, pudp: number): Step<Pud | null> {
  const pud = yield* pudpGet(k, pudp);
  const again = pudNone(pud) || (k.patched.pagewalkRetriesLeaf && pudLeaf(pud));
  if (again) return null;
  // pmd_offset() is given where the entry stands, and reads it once more.
  return k.patched.pagewalkPassesPud ? pud : yield* pudpGet(k, pudp);
}
