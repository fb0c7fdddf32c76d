import { vmBugOn } from '../base/error.js';
import { folioPutRefs } from '../folio/alloc.js';
import { PageAnon, pageFolio } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { pageRemoveRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { freeSwapCache } from '../swap/cache.js';
import { flushTlbMmRange } from '../tlb/tlb.js';
import type { Vma } from '../vma/vma.js';
import {
  ENCODED_PAGE_BIT_DELAY_RMAP,
  ENCODED_PAGE_BIT_NR_PAGES_NEXT,
  type EncodedPage,
  encodeNrPages,
  encodePage,
  encodedNrPages,
  encodedPageFlags,
  encodedPagePtr,
  gatherSizes,
} from './encoded-page.js';

interface MmuGatherBatch {
  readonly max: number;
  readonly slots: EncodedPage[];
}

/**
 * What one unmapping has taken out of page tables and may not free before every TLB has forgotten it. It lives on
 * the stack of the thread that unmaps.
 *
 * @kernel include/asm-generic/tlb.h mmu_gather v6.2
 * @differs the range is that of pages alone, for page tables are freed elsewhere; batches are always to be had
 */
export interface MmuGather {
  /** Slab address of the Mm. */
  readonly mm: number;
  /** The range that is to be flushed; empty when start >= end. */
  start: number;
  end: number;
  /** Some page of the last two batches still counts as mapped. */
  delayedRmap: boolean;
  /** Batches in use: the stack's first, the active one last. */
  batches: MmuGatherBatch[];
  active: MmuGatherBatch;
}

/** @kernel mm/mmu_gather.c tlb_gather_mmu v6.2 */
export function tlbGatherMmu(k: Machine, mm: number): MmuGather {
  const active = newBatch(gatherSizes(k).bundle);
  return { mm, start: Infinity, end: 0, delayedRmap: false, batches: [active], active };
}

function newBatch(max: number): MmuGatherBatch {
  return { max, slots: [] };
}

/** An entry has gone: its translation is to be flushed. @kernel include/asm-generic/tlb.h tlb_remove_tlb_entry v6.2 */
export function tlbRemoveTlbEntry(k: Machine, tlb: MmuGather, address: number, size = k.pageSize): void {
  if (address < tlb.start) tlb.start = address;
  if (address + size > tlb.end) tlb.end = address + size;
}

/**
 * Asks for a page's map count to wait for the flush, and says whether it does: not where no other CPU has a TLB, nor
 * where whoever clears an entry has flushed it from all.
 *
 * @kernel include/asm-generic/tlb.h tlb_delay_rmap 6.12
 */
export function tlbDelayRmap(k: Machine, tlb: MmuGather): boolean {
  if (k.mmuGather !== 'smp') return false;
  tlb.delayedRmap = true;
  return true;
}

/**
 * Queues a page with its reference; true when there is no room for another and the gather has to be flushed. On s390
 * no TLB knows the page any more: it goes at once.
 *
 * @kernel mm/mmu_gather.c __tlb_remove_page_size v6.2
 * @param nrPages neighbours in one folio that go together with the page, itself among them
 */
export function* __tlbRemovePageSize(
  k: Machine,
  tlb: MmuGather,
  page: number,
  delayRmap: boolean,
  nrPages = 1,
): Step<boolean> {
  if (k.mmuGather === 'none') {
    vmBugOn(delayRmap, 'nobody frees the page later, so its map count cannot wait');
    yield* freePagesAndSwapCache(k, page, nrPages);
    return false;
  }
  const { active } = tlb;
  const delay = delayRmap ? ENCODED_PAGE_BIT_DELAY_RMAP : 0;
  active.slots.push(encodePage(page, delay | (nrPages > 1 ? ENCODED_PAGE_BIT_NR_PAGES_NEXT : 0)));
  if (nrPages > 1) active.slots.push(encodeNrPages(nrPages));
  // Since pages come with their numbers, there has to be room for two.
  const reserved = k.patched.zapBatches ? 1 : 0;
  return active.slots.length >= active.max - reserved && !tlbNextBatch(k, tlb);
}

/** @kernel mm/mmu_gather.c tlb_next_batch v6.2 */
function tlbNextBatch(k: Machine, tlb: MmuGather): boolean {
  // Whoever flushes the rmaps under the table's lock walks few pages: the stack's batch and at most one more, or at
  // first the active one alone.
  if (tlb.delayedRmap && !(k.patched.delayRmapTwoBatches && tlb.batches.length === 1)) return false;
  const { batch, batches } = gatherSizes(k);
  if (tlb.batches.length - 1 >= batches) return false;
  tlb.active = newBatch(batch);
  tlb.batches.push(tlb.active);
  return true;
}

/** @kernel include/asm-generic/tlb.h tlb_flush_mmu_tlbonly v6.2 */
export function* tlbFlushMmuTlbonly(k: Machine, tlb: MmuGather): Step<void> {
  if (tlb.start >= tlb.end) return;
  yield* flushTlbMmRange(k, tlb.mm, tlb.start, tlb.end);
  tlb.start = Infinity;
  tlb.end = 0;
}

/**
 * Takes the mappings of delayed pages from their map counts. After the flush, so that nobody who finds a page
 * unmapped can be overtaken by a store through a stale translation; under the table's lock, so that whoever finds it
 * mapped waits here.
 *
 * @kernel mm/mmu_gather.c tlb_flush_rmaps 6.12
 */
export function* tlbFlushRmaps(k: Machine, tlb: MmuGather, vma: Vma): Step<void> {
  if (!tlb.delayedRmap) return;
  const { active } = tlb;
  const [local] = tlb.batches;
  if (k.patched.delayRmapTwoBatches && active !== local) yield* tlbFlushRmapBatch(k, local!, vma);
  yield* tlbFlushRmapBatch(k, active, vma);
  tlb.delayedRmap = false;
}

/** @kernel mm/mmu_gather.c tlb_flush_rmap_batch 6.12 */
function* tlbFlushRmapBatch(k: Machine, { slots }: MmuGatherBatch, vma: Vma): Step<void> {
  for (let at = 0; at < slots.length; at += slotsOf(slots[at]!)) {
    if ((encodedPageFlags(slots[at]!) & ENCODED_PAGE_BIT_DELAY_RMAP) === 0) continue;
    yield* pageRemoveRmap(k, encodedPagePtr(slots[at]!), vma, nrPagesAt(slots, at));
    slots[at]! -= ENCODED_PAGE_BIT_DELAY_RMAP;
  }
}

/** How many slots a page takes: one, or another for its number. */
function slotsOf(encoded: EncodedPage): number {
  return (encodedPageFlags(encoded) & ENCODED_PAGE_BIT_NR_PAGES_NEXT) !== 0 ? 2 : 1;
}

/** How many pages a slot stands for. */
function nrPagesAt(slots: readonly EncodedPage[], at: number): number {
  return slotsOf(slots[at]!) === 2 ? encodedNrPages(slots[at + 1]!) : 1;
}

/** Flushes what is pending, and only then frees. @kernel mm/mmu_gather.c tlb_flush_mmu v6.2 */
export function* tlbFlushMmu(k: Machine, tlb: MmuGather): Step<void> {
  yield* tlbFlushMmuTlbonly(k, tlb);
  yield* tlbBatchPagesFlush(k, tlb);
}

/** @kernel mm/mmu_gather.c tlb_batch_pages_flush v6.2 */
function* tlbBatchPagesFlush(k: Machine, tlb: MmuGather): Step<void> {
  const { batches } = tlb;
  tlb.active = newBatch(gatherSizes(k).bundle);
  tlb.batches = [tlb.active];
  for (const { slots } of batches) {
    for (let at = 0; at < slots.length; at++) {
      const page = encodedPagePtr(slots[at]!);
      // The next slot says how many pages this one stands for.
      const many = slotsOf(slots[at]!) === 2;
      yield* freePagesAndSwapCache(k, page, many ? encodedNrPages(slots[++at]!) : 1);
    }
  }
}

/** What `free_pages_and_swap_cache()` of mm/swap_state.c does with one of its pages. */
function* freePagesAndSwapCache(k: Machine, page: number, nrPages: number): Step<void> {
  const folio = pageFolio(k, page);
  if (PageAnon(k, folio)) yield* freeSwapCache(k, folio);
  yield* folioPutRefs(k, folio, nrPages);
}

/** @kernel mm/mmu_gather.c tlb_finish_mmu v6.2 */
export function* tlbFinishMmu(k: Machine, tlb: MmuGather): Step<void> {
  yield* tlbFlushMmu(k, tlb);
}
