import { vmBugOn } from '../base/error.js';
import { __pmdTransHugeLock } from '../huge/pmd-lock.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import type { Machine } from '../machine/machine.js';
import { pmdIsHuge, pmdNone, pmdOffset, pmdReadAtomic, pmdTable, pmdpGet, readPmd } from '../pgtable/pmd.js';
import { emptyLevel, pmdAddrEnd, pteOffset, pteTable, ptlLock, ptlUnlock } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import type { MmWalk, MmWalkOps } from './pagewalk.js';

/**
 * Visits the entries above lowest-level tables. Who walks holds mmap_lock for reading at most, so that between any two
 * reads of an entry it may change: from none to a leaf or a table, from a leaf to none or a table. A table stays.
 *
 * @kernel mm/pagewalk.c walk_pmd_range v6.2
 */
export function* walkPmdRange<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  let err = 0;
  for (let at = start; at < end && err === 0;) {
    const next = pmdAddrEnd(k, at, end);
    err = yield* walkPmd(k, walk, at, next, ops);
    if (walk.action !== 'ACTION_AGAIN') at = next;
  }
  return err;
}

function* walkPmd<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  walk.action = 'ACTION_SUBTREE';
  const { pgd } = walk.mm;
  const above = pmdTable(k, pgd, start);
  if (above === 0) return yield* hole(k, walk, start, end, realDepth(k, emptyLevel(k, pgd, start)), ops);
  const pmdp = pmdOffset(k, above, start);
  if (yield* wasNone(k, pmdp))
    return yield* hole(k, walk, start, end, realDepth(k, k.levels.length - 2), ops);
  const err = yield* pmdEntry(k, walk, pmdp, start, end, ops);
  if (err !== 0 || walk.action !== 'ACTION_SUBTREE' || ops.pteEntry === undefined) return err;
  if (k.pte.huge !== undefined) {
    if (pmdIsHuge(k, yield* pmdpGet(k, pmdp))) yield* __splitHugePmd(k, walk.vma!, start);
    // Of a file nothing is left by the split; and a fault may have brought another leaf.
    if (yield* pmdTransUnstable(k, pmdp)) {
      walk.action = 'ACTION_AGAIN';
      return 0;
    }
  }
  return yield* walkPteRange(k, walk, tableBelow(k, walk, start), start, end, ops);
}

/** Without huge pages an entry only ever becomes a table: there is nothing to lose between two reads. */
function* wasNone(k: Machine, pmdp: number): Step<boolean> {
  return pmdNone(k, k.pte.huge === undefined ? readPmd(k, pmdp) : yield* pmdpGet(k, pmdp));
}

/** The first half of every callback for this level. MODEL: Linux has it in each of them. */
function* pmdEntry<T>(
  k: Machine,
  walk: MmWalk<T>,
  pmdp: number,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  if (k.pte.huge !== undefined && ops.leaf !== undefined) {
    const err = ops.lockless
      ? yield* leafAsRead(k, walk, pmdp, start, end, ops)
      : yield* leafLocked(k, walk, pmdp, start, end, ops);
    if (err !== 0 || walk.action !== 'ACTION_SUBTREE') return err;
  }
  if (ops.pmdEntry === undefined) return 0;
  const asked = k.pte.huge !== undefined && ops.lockless === undefined;
  if (asked && (yield* pmdTransUnstable(k, pmdp))) return yield* unstable(k, walk, start, end, ops);
  return yield* ops.pmdEntry(k, walk, tableBelow(k, walk, start), start, end);
}

/** Shows a callback the leaf that the lock keeps still. MODEL: what pmd_trans_huge_lock() is used for. */
function* leafLocked<T>(
  k: Machine,
  walk: MmWalk<T>,
  pmdp: number,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  if (!pmdIsHuge(k, yield* pmdpGet(k, pmdp))) return 0;
  const at = yield* __pmdTransHugeLock(k, walk.vma!, start);
  if (at === null) return 0;
  walk.action = 'ACTION_CONTINUE';
  const err = yield* ops.leaf!(k, walk, readPmd(k, pmdp), start, end);
  ptlUnlock(k, at.table);
  return err;
}

/** Shows a callback the leaf that it read itself. */
function* leafAsRead<T>(
  k: Machine,
  walk: MmWalk<T>,
  pmdp: number,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  const pmd = yield* pmdReadAtomic(k, pmdp);
  if (pmdNone(k, pmd)) walk.action = 'ACTION_AGAIN';
  if (!pmdIsHuge(k, pmd)) return 0;
  walk.action = 'ACTION_CONTINUE';
  return yield* ops.leaf!(k, walk, pmd, start, end);
}

/**
 * Whether there is no table that will stay.
 *
 * @kernel include/linux/pgtable.h pmd_trans_unstable v6.1
 */
function* pmdTransUnstable(k: Machine, pmdp: number): Step<boolean> {
  const pmd = yield* pmdReadAtomic(k, pmdp);
  return pmdNone(k, pmd) || pmdIsHuge(k, pmd);
}

/** A leaf went after the walk had met it. */
function* unstable<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  walk.action = k.patched.pagewalkersRetry ? 'ACTION_AGAIN' : 'ACTION_CONTINUE';
  if (k.patched.pagewalkersRetry || ops.unstable === undefined) return 0;
  return yield* ops.unstable(k, walk, start, end);
}

/** The table below an entry that is one for good. */
function tableBelow<T>(k: Machine, { mm }: MmWalk<T>, address: number): number {
  const table = pteTable(k, mm.pgd, address);
  vmBugOn(table === 0, 'an entry is followed to a page table that leads to none');
  return table;
}

/** @kernel mm/pagewalk.c walk_pte_range v6.2 */
function* walkPteRange<T>(
  k: Machine,
  walk: MmWalk<T>,
  table: number,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  yield* ptlLock(k, table);
  const err = yield* walkPteRangeInner(k, walk, table, start, end, ops);
  ptlUnlock(k, table);
  return err;
}

/** @kernel mm/pagewalk.c walk_pte_range_inner v6.2 */
export function* walkPteRangeInner<T>(
  k: Machine,
  walk: MmWalk<T>,
  table: number,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  let err = 0;
  for (let at = start; at < end && err === 0; at += k.pageSize) {
    err = yield* ops.pteEntry!(k, walk, pteOffset(k, table, at), at);
  }
  return err;
}

/** What the walk says of a range without tables. */
export function* hole<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  depth: number,
  ops: MmWalkOps<T>,
): Step<number> {
  return ops.pteHole === undefined ? 0 : yield* ops.pteHole(k, walk, start, end, depth);
}

/**
 * Levels as a kernel with five of them numbers them: folded ones are missing between the root and the others.
 *
 * @kernel mm/pagewalk.c real_depth v6.2
 */
export function realDepth(k: Machine, level: number): number {
  return level === 0 ? 0 : level + 5 - k.levels.length;
}
