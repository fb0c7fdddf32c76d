import type { Machine } from '../machine/machine.js';
import { pmdAt } from '../pgtable/pmd.js';
import { pudAddrEnd, pudAt, pudLeaf, pudOffset, pudTable, pudpGet } from '../pgtable/pud.js';
import { emptyLevel, pmdAddrEnd, pteTable } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import type { MmWalk, MmWalkOps } from './pagewalk.js';
import { hole, realDepth, walkPteRangeInner } from './walk-pmd.js';

/**
 * Visits page tables without regard to mappings, and without the tables' locks: for who looks at tables that are not a
 * process's. The caller holds mmap_lock for writing.
 *
 * @kernel mm/pagewalk.c walk_page_range_novma v6.2
 */
export function* walkPageRangeNovma<T>(
  k: Machine,
  mm: Mm,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
  arg: T,
): Step<number> {
  const walk: MmWalk<T> = { mm, vma: null, action: 'ACTION_SUBTREE', private: arg };
  for (let at = start; at < end;) {
    if (pudLeaf(pudAt(k, mm.pgd, at))) {
      const behind = pudAddrEnd(k, at, end);
      const err = yield* walkPudNovma(k, walk, at, behind, ops);
      if (err !== 0) return err;
      at = behind;
      continue;
    }
    const table = pteTable(k, mm.pgd, at);
    const level = emptyLevel(k, mm.pgd, at);
    const next = table === 0 && !isLowest(k, level) ? entryEnd(k, level, at, end) : pmdAddrEnd(k, at, end);
    const err = yield* walkNovma(k, walk, table, level, at, next, ops);
    if (err !== 0) return err;
    at = next;
  }
  return 0;
}

/** A leaf two levels above the lowest: without a mapping it is not split. */
function* walkPudNovma<T>(
  k: Machine,
  walk: MmWalk<T>,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  const pudp = pudOffset(k, pudTable(k, walk.mm.pgd, start), start);
  return ops.pudEntry === undefined
    ? 0
    : yield* ops.pudEntry(k, walk, yield* pudpGet(k, pudp), pudp, start, end);
}

function isLowest(k: Machine, level: number): boolean {
  return level === k.levels.length - 1;
}

function* walkNovma<T>(
  k: Machine,
  walk: MmWalk<T>,
  table: number,
  level: number,
  start: number,
  end: number,
  ops: MmWalkOps<T>,
): Step<number> {
  if (table !== 0) return yield* walkPteRangeInner(k, walk, table, start, end, ops);
  if (!isLowest(k, level)) return yield* hole(k, walk, start, end, realDepth(k, level), ops);
  // No table, and no level is empty: a leaf.
  return ops.leaf === undefined ? 0 : yield* ops.leaf(k, walk, pmdAt(k, walk.mm.pgd, start), start, end);
}

/** First address behind the entry of a level that `address` falls under. */
function entryEnd(k: Machine, level: number, address: number, end: number): number {
  const { span } = k.levels[level]!;
  return Math.min(end, (Math.floor(address / span) + 1) * span);
}
