import type { Machine } from '../machine/machine.js';
import { warnOnOnce } from '../machine/warn.js';
import { type Pmd, pmdDirty, pmdWrite } from '../pgtable/pmd.js';
import { type Pud, pudDirty, pudLeaf, pudWrite, pudpGet } from '../pgtable/pud.js';
import { pteDirty, pteMkclean, pteWrite, pteWrprotect } from '../pgtable/pte.js';
import { ptepGet, ptepGetAndClear, setPteAt } from '../pgtable/table.js';
import type { Step } from '../step/step.js';
import { flushTlbMmRange } from '../tlb/tlb.js';
import { type AddressSpace, iMmapLockRead, iMmapUnlockRead } from '../vma/file.js';
import { VM_HUGETLB, VM_MAYWRITE, VM_SHARED } from '../vma/vm-flags.js';
import { linearPageIndex } from '../vma/vma.js';
import { type MmWalk, type MmWalkOps, walkPageMapping } from './pagewalk.js';

/** For drivers whose devices write to a page cache: they learn which pages processes have written. */

/** What a walk has changed. @kernel mm/mapping_dirty_helpers.c wp_walk v6.2 */
interface WpWalk {
  /** First address, and first behind the last, whose translations may be cached. */
  tlbflushStart: number;
  tlbflushEnd: number;
  total: number;
  /** Indexes of the pages that were dirty. */
  readonly bitmap: Set<number>;
}

const newWalk = (): WpWalk => ({ tlbflushStart: Infinity, tlbflushEnd: 0, total: 0, bitmap: new Set() });

/**
 * Makes a range of an object read-only wherever it is mapped shared, so that the next store faults.
 *
 * @kernel mm/mapping_dirty_helpers.c wp_shared_mapping_range v6.2
 * @returns how many entries were writable
 */
export function* wpSharedMappingRange(
  k: Machine,
  mapping: AddressSpace,
  firstIndex: number,
  nr: number,
): Step<number> {
  const walk = newWalk();
  yield* iMmapLockRead(k, mapping);
  yield* walkPageMapping(k, mapping, firstIndex, nr, wpWalkOps, walk);
  iMmapUnlockRead(k, mapping);
  return walk.total;
}

/**
 * Makes a range of an object clean wherever it is mapped shared.
 *
 * @kernel mm/mapping_dirty_helpers.c clean_record_shared_mapping_range v6.2
 * @returns the indexes of the pages that some entry called dirty; others may be dirtied before it returns
 */
export function* cleanRecordSharedMappingRange(
  k: Machine,
  mapping: AddressSpace,
  firstIndex: number,
  nr: number,
): Step<ReadonlySet<number>> {
  const walk = newWalk();
  yield* iMmapLockRead(k, mapping);
  yield* walkPageMapping(k, mapping, firstIndex, nr, cleanWalkOps, walk);
  iMmapUnlockRead(k, mapping);
  return walk.bitmap;
}

const wpWalkOps: MmWalkOps<WpWalk> = {
  pteEntry: wpPte,
  pudEntry: wpCleanPudEntry,
  leaf: wpCleanPmdEntry,
  lockless: true,
  testWalk: wpCleanTestWalk,
  postVma: wpCleanPostVma,
};
const cleanWalkOps: MmWalkOps<WpWalk> = {
  pteEntry: cleanRecordPte,
  pudEntry: wpCleanPudEntry,
  leaf: wpCleanPmdEntry,
  lockless: true,
  testWalk: wpCleanTestWalk,
  postVma: wpCleanPostVma,
};

/** @kernel mm/mapping_dirty_helpers.c wp_pte v6.2 */
function* wpPte(k: Machine, { private: walk }: MmWalk<WpWalk>, ptep: number, address: number): Step<number> {
  if (!pteWrite(k, yield* ptepGet(k, ptep))) return 0;
  // Taken away first: what the MMU notes in it meanwhile is not lost.
  const old = yield* ptepGetAndClear(k, ptep);
  yield* setPteAt(k, ptep, pteWrprotect(k, old));
  touched(k, walk, address);
  return 0;
}

/** @kernel mm/mapping_dirty_helpers.c clean_record_pte v6.2 */
function* cleanRecordPte(
  k: Machine,
  { vma, private: walk }: MmWalk<WpWalk>,
  ptep: number,
  address: number,
): Step<number> {
  if (!pteDirty(k, yield* ptepGet(k, ptep))) return 0;
  const old = yield* ptepGetAndClear(k, ptep);
  yield* setPteAt(k, ptep, pteMkclean(k, old));
  touched(k, walk, address);
  walk.bitmap.add(linearPageIndex(vma!, address));
  return 0;
}

/** Who tracks dirty pages maps small ones; a huge one must be neither writable nor dirty. @kernel mm/mapping_dirty_helpers.c wp_clean_pmd_entry v6.2 */
function* wpCleanPmdEntry(k: Machine, _walk: MmWalk<WpWalk>, pmd: Pmd): Step<number> {
  if (pmdWrite(k, pmd) || pmdDirty(k, pmd)) {
    warnOnOnce(k, 'wp_clean_pmd_entry', 'a huge page that may be dirty is left alone');
  }
  return 0;
}

/** The same two levels up; the leaf is not split. @kernel mm/mapping_dirty_helpers.c wp_clean_pud_entry v6.2 */
function* wpCleanPudEntry(k: Machine, walk: MmWalk<WpWalk>, seen: Pud, pudp: number): Step<number> {
  const pud = k.patched.pagewalkPassesPud ? seen : yield* pudpGet(k, pudp);
  if (!pudLeaf(pud)) return 0;
  if (pudWrite(k, pud) || pudDirty(k, pud)) {
    warnOnOnce(k, 'wp_clean_pud_entry', 'a device’s memory that may be dirty is left alone');
  }
  walk.action = 'ACTION_CONTINUE';
  return 0;
}

function touched(k: Machine, walk: WpWalk, address: number): void {
  walk.total++;
  walk.tlbflushStart = Math.min(walk.tlbflushStart, address);
  walk.tlbflushEnd = Math.max(walk.tlbflushEnd, address + k.pageSize);
}

/** Only who shares the object's pages can dirty them. @kernel mm/mapping_dirty_helpers.c wp_clean_test_walk v6.2 */
function wpCleanTestWalk(_k: Machine, { vma }: MmWalk<WpWalk>): number {
  const kind = vma!.vmFlags & (VM_SHARED | VM_MAYWRITE | VM_HUGETLB);
  return kind === (VM_SHARED | VM_MAYWRITE) ? 0 : 1;
}

/** Until here other CPUs may store through what they have cached. @kernel mm/mapping_dirty_helpers.c wp_clean_post_vma v6.2 */
function* wpCleanPostVma(k: Machine, { mm, private: walk }: MmWalk<WpWalk>): Step<void> {
  if (walk.tlbflushEnd > walk.tlbflushStart) {
    yield* flushTlbMmRange(k, mm.at, walk.tlbflushStart, walk.tlbflushEnd);
  }
  walk.tlbflushStart = Infinity;
  walk.tlbflushEnd = 0;
}
