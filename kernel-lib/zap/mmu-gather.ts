import { vmBugOn } from '../base/error.js';
import {
  ENCODED_PAGE_BIT_DELAY_RMAP,
  ENCODED_PAGE_BIT_NR_PAGES_NEXT,
  type EncodedPages,
  encodeNrPages,
  encodePage,
  encodedPageFlags,
  encodedPagePtr,
  nrPagesAt,
  slotsOf,
} from '../folio/encoded-page.js';
import type { GatherSizes, Machine } from '../machine/machine.js';
import { pageRemoveRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { freePagesAndSwapCache } from '../swap/cache.js';
import { flushTlbMmRange } from '../tlb/tlb.js';
import type { Vma } from '../vma/vma.js';

/** Slots of a batch on the stack. @kernel include/asm-generic/tlb.h MMU_GATHER_BUNDLE v6.2 */
const MMU_GATHER_BUNDLE = 8;
/** Pages whose batches an unmapping may hold back, the stack's batch not counted. */
const MAX_GATHERED = 10_000;

/** `MAX_GATHER_BATCH` and `MAX_GATHER_BATCH_COUNT` of include/asm-generic/tlb.h: a batch fills a page behind its header. */
export function gatherSizes(k: Machine): GatherSizes {
  if (k.gatherSizes !== undefined) return k.gatherSizes;
  const pointer = k.pte.arch.longBits / 8;
  // A pointer and two counts.
  const header = Math.ceil((pointer + 8) / pointer) * pointer;
  const batch = (k.pageSize - header) / pointer;
  return { bundle: MMU_GATHER_BUNDLE, batch, batches: Math.floor(MAX_GATHERED / batch) };
}

/** @kernel include/asm-generic/tlb.h mmu_gather_batch v6.2 */
interface MmuGatherBatch {
  /** The batch that is filled when this one is full. */
  next: MmuGatherBatch | undefined;
  /** Slots in use. */
  nr: number;
  /** From how many on there is no room for another page. */
  readonly max: number;
  readonly encodedPages: EncodedPages;
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
  /** Pages go at once: CONFIG_MMU_GATHER_NO_GATHER. */
  readonly noGather: boolean;
  /** The range that is to be flushed; empty when start >= end. */
  start: number;
  end: number;
  /** Some page of the last two batches still counts as mapped. */
  delayedRmap: boolean;
  /** The batch on the stack, which is filled first. */
  readonly local: MmuGatherBatch;
  /** The batch that is being filled. */
  active: MmuGatherBatch;
  /** Batches beside the stack's; they stay for what is gathered after a flush. */
  batchCount: number;
}

/** @kernel mm/mmu_gather.c tlb_gather_mmu v6.2 */
export function tlbGatherMmu(k: Machine, mm: number): MmuGather {
  const local = newBatch(k, gatherSizes(k).bundle);
  const noGather = k.mmuGather === 'none';
  return { mm, noGather, start: Infinity, end: 0, delayedRmap: false, local, active: local, batchCount: 0 };
}

function newBatch(k: Machine, slots: number): MmuGatherBatch {
  // Since pages come with their numbers, one may take two slots.
  const most = k.patched.zapBatches ? 2 : 1;
  return { next: undefined, nr: 0, max: slots - most + 1, encodedPages: new Int32Array(slots) };
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
  if (tlb.noGather) {
    vmBugOn(delayRmap, 'nobody frees the page later, so its map count cannot wait');
    const pages = Int32Array.of(encodePage(page, ENCODED_PAGE_BIT_NR_PAGES_NEXT), encodeNrPages(nrPages));
    yield* freePagesAndSwapCache(k, pages, pages.length);
    return false;
  }
  const { active: batch } = tlb;
  const delay = delayRmap ? ENCODED_PAGE_BIT_DELAY_RMAP : 0;
  const many = nrPages > 1 ? ENCODED_PAGE_BIT_NR_PAGES_NEXT : 0;
  batch.encodedPages[batch.nr++] = encodePage(page, delay | many);
  if (nrPages > 1) batch.encodedPages[batch.nr++] = encodeNrPages(nrPages);
  return batch.nr >= batch.max && !tlbNextBatch(k, tlb);
}

/** @kernel mm/mmu_gather.c tlb_next_batch v6.2 */
function tlbNextBatch(k: Machine, tlb: MmuGather): boolean {
  // Whoever flushes the rmaps under the table's lock walks few pages: the stack's batch and at most one more, or at
  // first the active one alone.
  if (tlb.delayedRmap && !(k.patched.delayRmapTwoBatches && tlb.active === tlb.local)) return false;
  const { next } = tlb.active;
  if (next !== undefined) {
    tlb.active = next;
    return true;
  }
  const { batch, batches } = gatherSizes(k);
  if (tlb.batchCount >= batches) return false;
  tlb.batchCount++;
  tlb.active = tlb.active.next = newBatch(k, batch);
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
  const { local, active } = tlb;
  if (k.patched.delayRmapTwoBatches && active !== local) yield* tlbFlushRmapBatch(k, local, vma);
  yield* tlbFlushRmapBatch(k, active, vma);
  tlb.delayedRmap = false;
}

/** @kernel mm/mmu_gather.c tlb_flush_rmap_batch 6.12 */
function* tlbFlushRmapBatch(k: Machine, { encodedPages, nr }: MmuGatherBatch, vma: Vma): Step<void> {
  for (let at = 0; at < nr; at += slotsOf(encodedPages[at]!)) {
    const encoded = encodedPages[at]!;
    if ((encodedPageFlags(encoded) & ENCODED_PAGE_BIT_DELAY_RMAP) === 0) continue;
    yield* pageRemoveRmap(k, encodedPagePtr(encoded), vma, nrPagesAt(encodedPages, at));
    encodedPages[at] = encoded - ENCODED_PAGE_BIT_DELAY_RMAP;
  }
}

/** Flushes what is pending, and only then frees. @kernel mm/mmu_gather.c tlb_flush_mmu v6.2 */
export function* tlbFlushMmu(k: Machine, tlb: MmuGather): Step<void> {
  yield* tlbFlushMmuTlbonly(k, tlb);
  yield* tlbBatchPagesFlush(k, tlb);
}

/** @kernel mm/mmu_gather.c tlb_batch_pages_flush v6.2 */
function* tlbBatchPagesFlush(k: Machine, tlb: MmuGather): Step<void> {
  for (let batch: MmuGatherBatch | undefined = tlb.local; batch !== undefined; batch = batch.next) {
    if (batch.nr === 0) break;
    yield* freePagesAndSwapCache(k, batch.encodedPages, batch.nr);
    batch.nr = 0;
  }
  tlb.active = tlb.local;
}

/** @kernel mm/mmu_gather.c tlb_finish_mmu v6.2 */
export function* tlbFinishMmu(k: Machine, tlb: MmuGather): Step<void> {
  yield* tlbFlushMmu(k, tlb);
}
