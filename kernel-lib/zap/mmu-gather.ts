import { folioPutRefs } from '../folio/alloc.js';
import { PageAnon, pageFolio } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { pageRemoveRmap } from '../rmap/map.js';
import type { Step } from '../step/step.js';
import { freeSwapCache } from '../swap/cache.js';
import { flushTlbMmRange } from '../tlb/tlb.js';
import type { Vma } from '../vma/vma.js';

/** Slots of the batch on the stack. @kernel include/asm-generic/tlb.h MMU_GATHER_BUNDLE v6.2 */
const MMU_GATHER_BUNDLE = 8;
/** Pages whose batches an unmapping may hold back, the stack's batch not counted. */
const MAX_GATHERED = 10_000;

/** A page that waits to be freed, and whether its map count still counts the mapping that is gone. */
interface EncodedPage {
  readonly page: number;
  readonly delayRmap: boolean;
  /** Neighbours in one folio that go together with it, itself among them. */
  readonly nrPages: number;
}

interface MmuGatherBatch {
  readonly max: number;
  readonly pages: EncodedPage[];
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
  /** Some page of the active batch still counts as mapped. */
  delayedRmap: boolean;
  /** Batches in use: the stack's first, the active one last. */
  batches: MmuGatherBatch[];
}

/** @kernel mm/mmu_gather.c tlb_gather_mmu v6.2 */
export function tlbGatherMmu(mm: number): MmuGather {
  return { mm, start: Infinity, end: 0, delayedRmap: false, batches: [newBatch(MMU_GATHER_BUNDLE)] };
}

function newBatch(max: number): MmuGatherBatch {
  return { max, pages: [] };
}

/** Slots of a batch that fills a page behind its header: `MAX_GATHER_BATCH` of include/asm-generic/tlb.h. */
function maxGatherBatch(k: Machine): number {
  const pointer = k.pte.arch.longBits / 8;
  // A pointer and two counts.
  const header = Math.ceil((pointer + 8) / pointer) * pointer;
  return (k.pageSize - header) / pointer;
}

/** An entry has gone: its translation is to be flushed. @kernel include/asm-generic/tlb.h tlb_remove_tlb_entry v6.2 */
export function tlbRemoveTlbEntry(k: Machine, tlb: MmuGather, address: number, size = k.pageSize): void {
  tlb.start = Math.min(tlb.start, address);
  tlb.end = Math.max(tlb.end, address + size);
}

/**
 * Asks for a page's map count to wait for the flush, and says that it will.
 *
 * @kernel include/asm-generic/tlb.h tlb_delay_rmap 6.12
 * @differs always true: the machine is built for several CPUs and not an s390
 */
export function tlbDelayRmap(tlb: MmuGather): boolean {
  tlb.delayedRmap = true;
  return true;
}

/**
 * Queues a page with its reference; true when there is no room for another and the gather has to be flushed.
 *
 * @kernel include/asm-generic/tlb.h __tlb_remove_page v6.2
 */
export function __tlbRemovePage(
  k: Machine,
  tlb: MmuGather,
  page: number,
  delayRmap: boolean,
  nrPages = 1,
): boolean {
  const active = tlb.batches.at(-1)!;
  active.pages.push({ page, delayRmap, nrPages });
  return active.pages.length === active.max && !tlbNextBatch(k, tlb);
}

/** @kernel mm/mmu_gather.c tlb_next_batch v6.2 */
function tlbNextBatch(k: Machine, tlb: MmuGather): boolean {
  // Whoever flushes the rmaps under the table's lock walks few pages: the stack's batch and at most one more, or at
  // first the active one alone.
  if (tlb.delayedRmap && !(k.patched.delayRmapTwoBatches && tlb.batches.length === 1)) return false;
  const max = maxGatherBatch(k);
  if (tlb.batches.length - 1 >= Math.floor(MAX_GATHERED / max)) return false;
  tlb.batches.push(newBatch(max));
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
  for (const batch of tlb.batches) {
    for (const [i, gathered] of batch.pages.entries()) {
      if (!gathered.delayRmap) continue;
      yield* pageRemoveRmap(k, gathered.page, vma);
      batch.pages[i] = { ...gathered, delayRmap: false };
    }
  }
  tlb.delayedRmap = false;
}

/** Flushes what is pending, and only then frees. @kernel mm/mmu_gather.c tlb_flush_mmu v6.2 */
export function* tlbFlushMmu(k: Machine, tlb: MmuGather): Step<void> {
  yield* tlbFlushMmuTlbonly(k, tlb);
  yield* tlbBatchPagesFlush(k, tlb);
}

/** @kernel mm/mmu_gather.c tlb_batch_pages_flush v6.2 */
function* tlbBatchPagesFlush(k: Machine, tlb: MmuGather): Step<void> {
  const { batches } = tlb;
  tlb.batches = [newBatch(MMU_GATHER_BUNDLE)];
  for (const { pages } of batches) {
    for (const { page, nrPages } of pages) {
      const folio = pageFolio(k, page);
      if (PageAnon(k, folio)) yield* freeSwapCache(k, folio);
      yield* folioPutRefs(k, folio, nrPages);
    }
  }
}

/** @kernel mm/mmu_gather.c tlb_finish_mmu v6.2 */
export function* tlbFinishMmu(k: Machine, tlb: MmuGather): Step<void> {
  yield* tlbFlushMmu(k, tlb);
}
