import { EINVAL, ENOMEM } from '../base/errno.js';
import { PG_uptodate } from '../folio/flags.js';
import { testFlag } from '../folio/frame.js';
import { type HugePteAt, hugePteNoneMostly, hugePtepGet } from '../huge/hugetlb-pte.js';
import type { Machine } from '../machine/machine.js';
import { radixToSwpEntry, xaIsValue, xaLoad } from '../pagecache/xarray.js';
import { pageAlign } from '../mmap/mmap.js';
import { type Pte, ptePresent } from '../pgtable/pte.js';
import { pteOffset, ptepGet, ptlLock, ptlUnlock, taskSize } from '../pgtable/table.js';
import type { Pmd } from '../pgtable/pmd.js';
import type { Step } from '../step/step.js';
import { cachedPage, namesSwapSlot } from '../swap/area.js';
import { nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { pteNoneMostly } from '../swap/special-pte.js';
import { type AddressSpace, vmaMapping } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { vmaLookup } from '../vma/vma-list.js';
import { type Vma, linearPageIndex } from '../vma/vma.js';
import { type MmWalk, type MmWalkOps, walkPageRange } from './pagewalk.js';

/** What the walk fills: 1 for each page in memory, in the order of addresses. */
type Vec = number[];

/**
 * The mincore system call.
 *
 * @param len in bytes
 * @returns a byte for each page, 1 where it is in memory; -EINVAL, or -ENOMEM where something is not mapped
 */
export function* mincore(k: Machine, mm: Mm, start: number, len: number): Step<number | readonly number[]> {
  if (start % k.pageSize !== 0) return -EINVAL;
  if (len < 0 || start + len > taskSize(k)) return -ENOMEM;
  const vec: Vec = [];
  for (let at = start; at < start + len; at = start + vec.length * k.pageSize) {
    const found = yield* doMincore(k, mm, at, start + pageAlign(k, len));
    if (typeof found === 'number') return found;
    vec.push(...found);
  }
  return vec;
}

/**
 * Which pages of one mapping are in memory; not which of them the process has mapped.
 *
 * @kernel mm/mincore.c do_mincore v6.2
 * @differs every file is the process's own to look at
 * @returns a byte for each page of [start, end) up to the mapping's end, or -ENOMEM where nothing is mapped
 */
export function* doMincore(k: Machine, mm: Mm, start: number, end: number): Step<number | Vec> {
  yield* mmapReadLock(k, mm);
  const vma = vmaLookup(k, mm, start);
  const vec: Vec = [];
  if (vma !== null) yield* walkPageRange(k, mm, start, Math.min(end, vma.vmEnd), mincoreOps, vec);
  mmapReadUnlock(k, mm);
  return vma === null ? -ENOMEM : vec;
}

const mincoreOps: MmWalkOps<Vec> = {
  pmdEntry: mincorePteRange,
  leaf: mincoreLeaf,
  unstable: mincoreUnmappedRange,
  hugetlbEntry: mincoreHugetlb,
  pteHole: mincoreUnmappedRange,
};

/** @kernel mm/mincore.c mincore_pte_range v6.2 */
function* mincorePteRange(
  k: Machine,
  { vma, private: vec }: MmWalk<Vec>,
  table: number,
  start: number,
  end: number,
): Step<number> {
  yield* ptlLock(k, table);
  for (let at = start; at < end; at += k.pageSize) {
    const pte = yield* ptepGet(k, pteOffset(k, table, at));
    vec.push(mincorePte(k, vma!, pte, at) ? 1 : 0);
  }
  ptlUnlock(k, table);
  return 0;
}

function* mincoreLeaf(
  k: Machine,
  { private: vec }: MmWalk<Vec>,
  _pmd: Pmd,
  start: number,
  end: number,
): Step<number> {
  for (let at = start; at < end; at += k.pageSize) vec.push(1);
  return 0;
}

/** Huge pages of hugetlb are never swapped. @kernel mm/mincore.c mincore_hugetlb v6.2 */
function* mincoreHugetlb(
  k: Machine,
  { private: vec }: MmWalk<Vec>,
  { ptep }: HugePteAt,
  start: number,
  end: number,
): Step<number> {
  const present = !hugePteNoneMostly(k, yield* hugePtepGet(k, ptep));
  for (let at = start; at < end; at += k.pageSize) vec.push(present ? 1 : 0);
  return 0;
}

/** Whether the page behind one entry is in memory: where nothing is mapped the page cache tells. */
export function mincorePte(k: Machine, vma: Vma, pte: Pte, address: number): boolean {
  if (pteNoneMostly(k, pte)) return inPageCache(k, vma, address);
  if (ptePresent(k, pte)) return true;
  const entry = pteToSwpEntry(k, pte);
  // What stands for a page, or for a page that is lost, does not have to be read.
  return nonSwapEntry(k, entry) || (namesSwapSlot(k, entry) && isUptodate(k, cachedPage(k, entry)));
}

function isUptodate(k: Machine, page: number): boolean {
  return page !== 0 && testFlag(k, page, PG_uptodate);
}

function inPageCache(k: Machine, vma: Vma, address: number): boolean {
  const mapping = vmaMapping(k, vma);
  return mapping !== null && mincorePage(k, mapping, linearPageIndex(vma, address));
}

/** @kernel mm/mincore.c mincore_unmapped_range v6.2 */
function* mincoreUnmappedRange(
  k: Machine,
  { vma, private: vec }: MmWalk<Vec>,
  start: number,
  end: number,
): Step<number> {
  for (let at = start; at < end; at += k.pageSize) vec.push(inPageCache(k, vma!, at) ? 1 : 0);
  return 0;
}

/** Whether a page is in memory: in the page cache or the swap cache. @kernel mm/mincore.c mincore_page v6.2 */
export function mincorePage(k: Machine, mapping: AddressSpace, index: number): boolean {
  const entry = xaLoad(k, mapping, index);
  if (!xaIsValue(entry)) return isUptodate(k, entry);
  const swap = radixToSwpEntry(entry);
  return !nonSwapEntry(k, swap) && isUptodate(k, cachedPage(k, swap));
}
