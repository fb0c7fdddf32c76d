import type { PteCodec } from '../arch/codec.js';
import type { EntryCodec } from '../arch/entry.js';
import type { Mmu } from '../arch/mmu.js';
import type { EntryValues } from '../arch/values.js';
import type { Patched } from '../patches/catalogue.js';
import type { Variants } from '../patches/variants.js';
import type { Arena } from '../step/arena.js';
import type { Mem } from '../step/memory.js';
import type { Globals } from './globals.js';
import type { Task } from './task.js';
import type { VmEvent } from './vmstat.js';

/**
 * One machine. Everything that a run changes lies in `frames`, `ptes`, `slab`, `vmstat` and the memories of swap
 * areas; the rest is fixed at boot.
 */
export interface Machine {
  /** As given to boot, for people. */
  readonly release: string;
  readonly pte: PteCodec;
  /** What `pte` does most often, done to values. */
  readonly values: EntryValues;
  /** The same of entries above the lowest level that map a page: `pte`, but for s390. */
  readonly leaf: EntryCodec;
  readonly mmu: Mmu;
  /** Which patches this kernel has, by the names under which the code asks. */
  readonly patched: Patched;
  /** The state of what has changed more than once. */
  readonly variant: Variants;
  readonly swpTypes: SwpTypes;
  /** Bits of a frame's number in a page-table entry that is not present; those above are free for other notes. */
  readonly swpPfnBits: number;
  /** Whether migration entries have room for young and dirty. */
  readonly swapMigrationAdSupported: boolean;
  /** One record of eight words per page frame. */
  readonly frames: Mem;
  readonly nrFrames: number;
  /** Frames in a device's own memory: their numbers follow those of the machine's. */
  readonly nrDeviceFrames: number;
  /** Page tables: each a header and its entries, two words per entry. */
  readonly ptes: Mem;
  /** Kernel objects. */
  readonly slab: Mem;
  /** Event counters, by the number of the event. */
  readonly vmstat: Mem;
  /** Contents and counts of swap slots, two words per slot. */
  readonly swapSlots: Mem;
  /** What all of these were cut from. */
  readonly arena: Arena;
  readonly globals: Globals;
  /** Levels of the page tables from the root: bytes that one entry spans, entries of one table. */
  readonly levels: readonly TableLevel[];
  /** What the last walk computed of an address, and where it led: a cache, no state. */
  readonly upper: UpperOffsets;
  /** What the last lookup of a VMA found, its slab address: a cache, no state. */
  lastVma: number;
  /**
   * Whether it may remember where walks and lookups led. Not where somebody puts memory back to what it was, or tells
   * threads by what they read.
   */
  readonly remembers: boolean;
  /** Number of the last entry of a lowest-level table. */
  readonly lastPte: number;
  /** Of machines whose entries are loaded and stored half by half, in which order they are loaded; of others absent. */
  readonly entryHalves: EntryHalves | undefined;
  /** Bytes per page, their logarithm, and what one is of a page: a product is quicker than a quotient. */
  readonly pageSize: number;
  readonly pageShift: number;
  readonly pagesPerByte: number;
  /** Whether soft-dirty tracking and userfaultfd write-protection are built in. */
  readonly softDirty: boolean;
  /** What /sys/kernel/mm/transparent_hugepage/enabled says; `never` also where the architecture has none. */
  readonly thp: ThpEnabled;
  readonly uffdWp: boolean;
  /** Whether userfaultfd can watch for pages that an object has and a mapping has not. */
  readonly uffdMinor: boolean;
  /** Slab address of the CPUs' LRU batches. */
  readonly batches: number;
  readonly nrCpus: number;
  /** Slab address of the CPUs' TLBs, and entries of each; 0 where translations are not cached. */
  readonly tlbs: number;
  readonly nrTlbEntries: number;
  /** How unmapping gathers pages. */
  readonly mmuGather: MmuGatherKind;
  /** CONFIG_DEBUG_TLBFLUSH: whether flushes are counted. */
  readonly debugTlbflush: boolean;
  /** Sizes of its batches, where they are not the kernel's own. */
  readonly gatherSizes?: GatherSizes | undefined;
  /** Slab address of the CPUs' interrupt flags. */
  readonly irqs: number;
  /** Which CPU runs. MODEL: whoever steps a thread sets it first. */
  cpu: number;
  /** The process on whose behalf the CPU runs. */
  current: Task | undefined;
  /** Whether the numbered invariants are asserted after every operation. */
  checking: boolean;
  /** Handles on kernel objects by address: a cache, no state. */
  readonly handles: (object | undefined)[];
  /** Receives every completed fault; absent: nobody looks. */
  onFault?: ((fault: FaultEvent) => void) | undefined;
  /** Receives what the kernel would warn of in its log; absent: nobody looks. */
  onWarning?: ((warning: string) => void) | undefined;
  /** Called when a userfaultfd, by its context's address, has something to read; absent: its readers look by themselves. */
  onUserfaultfd?: ((ctx: number) => void) | undefined;
  /** Whether events and the faults of each task are counted. */
  readonly countsEvents: boolean;
  /** Counts an event, once or `by` times. @kernel include/linux/vmstat.h count_vm_events v6.2 */
  count(event: VmEvent, by?: number): void;
}

/** One level of the page tables. */
export interface TableLevel {
  /** Bytes that one entry spans, a power of two, and what that is of a byte: a product is quicker than a quotient. */
  readonly span: number;
  readonly perByte: number;
  /** Entries of one table, a power of two, and the number of the last. */
  readonly entries: number;
  readonly lastEntry: number;
}

/** Where entries stand in the tables above the lowest, for the addresses of one lowest-level table. */
export interface UpperOffsets {
  /** The first of these addresses, and the first behind them; NaN before there are any. */
  start: number;
  end: number;
  /** Words from the beginning of the table of each level. */
  readonly offsets: Int32Array;
  /** The topmost table from which these addresses were last walked for; 0 when nothing is remembered. */
  pgd: number;
  /** The lowest-level table that it found, 0 where there was none. */
  table: number;
}

/**
 * What READ_ONCE() does to an entry that is wider than a word: two loads of half an entry each, in which order is the
 * compiler's choice.
 */
export type EntryHalves = 'low half first' | 'high half first';

/**
 * Pages are gathered until TLBs are flushed, those of other CPUs among them (`smp`) or not (CONFIG_SMP=n); `none`: who
 * clears an entry flushes it from all, and pages go at once (CONFIG_MMU_GATHER_NO_GATHER, s390).
 */
export type MmuGatherKind = 'smp' | 'up' | 'none';

/** How many pages one unmapping gathers before it has to flush and free them. */
export interface GatherSizes {
  /** Slots of the batch on the stack. */
  readonly bundle: number;
  /** Slots of any other batch. */
  readonly batch: number;
  /** Batches beside that on the stack. */
  readonly batches: number;
}

/** Which memory may get transparent huge pages: all, what MADV_HUGEPAGE asked for, none. */
export type ThpEnabled = 'always' | 'madvise' | 'never';

/** What a fault did, for traces and plots. */
export interface FaultEvent {
  readonly pid: number;
  readonly address: number;
  /** FAULT_FLAG_* as given. */
  readonly flags: number;
  /** VM_FAULT_* as returned. */
  readonly result: number;
  readonly major: boolean;
  /** The functions of the kernel by which one tells its way, first to last; none: its entry was right already. */
  readonly way: readonly FaultFunction[];
}

/** Where faults part from one another. */
export type FaultFunction =
  | 'do_anonymous_page'
  | 'do_read_fault'
  | 'do_cow_fault'
  | 'do_shared_fault'
  | 'do_swap_page'
  | 'do_wp_page'
  | 'wp_page_reuse'
  | 'wp_page_copy'
  | 'hugetlb_fault'
  | 'create_huge_pmd'
  | 'wp_huge_pmd'
  | 'create_huge_pud'
  | 'wp_huge_pud'
  | 'handle_userfault';

/**
 * Swap types that stand for something else than a swap area, counted down from the largest type.
 *
 * @kernel include/linux/swap.h MAX_SWAPFILES v6.2
 */
export interface SwpTypes {
  readonly MAX_SWAPFILES: number;
  readonly SWP_HWPOISON: number;
  readonly SWP_MIGRATION_READ: number;
  readonly SWP_MIGRATION_READ_EXCLUSIVE: number;
  readonly SWP_MIGRATION_WRITE: number;
  /** -1 where no memory of devices can be mapped. */
  readonly SWP_DEVICE_WRITE: number;
  readonly SWP_DEVICE_READ: number;
  readonly SWP_DEVICE_EXCLUSIVE_WRITE: number;
  readonly SWP_DEVICE_EXCLUSIVE_READ: number;
  readonly SWP_PTE_MARKER: number;
  /** Only before 15520a3f0469; -1 after. */
  readonly SWP_SWAPIN_ERROR: number;
}
