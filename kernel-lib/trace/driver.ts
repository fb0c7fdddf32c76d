import type { Operation } from './operation.js';
import type { ProgramHeader } from './program.js';

/**
 * The seam between recorded programs and whatever can run them: the harness asks a driver for one machine per
 * program, hands it one operation after the other, and compares what it reports with what a kernel showed.
 *
 * A driver reports raw facts: its own frame numbers, its own swap entries, pages one by one. Naming frames as the
 * recordings do, run-length decoding and comparing are the harness's work.
 */
export interface Driver {
  /**
   * Runs one operation, all of it: faults stopped by userfaultfd are answered as the program's header says.
   *
   * @throws Unsupported when this driver cannot run the operation; its machine must be unchanged then
   */
  execute(operation: Operation): Outcome;

  /** What can be seen of the machine now. Looking changes nothing. */
  snapshot(): Snapshot;
}

/**
 * Makes a machine for one program.
 *
 * @throws Unsupported when no operation of the program could be run
 */
export type MakeDriver = (setup: MachineSetup) => Driver;

export interface MachineSetup {
  /** A release that `boot` knows, such as `6.1.187`. */
  readonly release: string;
  /** An architecture variant that `boot` knows, such as `x86_32_pae`. */
  readonly arch: string;
  /** A CPU of it, as for `boot`; absent: the usual one. */
  readonly cpu?: string;
  readonly program: ProgramHeader;
  /** Commits of patches to add to the release, and to take away from it. */
  readonly with?: readonly string[];
  readonly without?: readonly string[];
}

/** Thrown by a driver for what it does not model. Counts as disagreement, and is tallied by its message. */
export class Unsupported extends Error {
  override readonly name = 'Unsupported';
}

/** What an operation gave back. */
export interface Outcome {
  /** The system call's result; -1 with `err` set when it failed, also for an access stopped by a signal. */
  readonly ret: number;
  /** errno when `ret` is -1, else 0. */
  readonly err: number;
  readonly signal?: { readonly sig: 'SEGV' | 'BUS'; readonly code: number };
  /** The byte that was read, or the feature set for `uffd`. */
  readonly val?: number;
  /** `readall`: one byte per page, -1 for SIGSEGV, -2 for SIGBUS. */
  readonly vals?: readonly number[];
  /**
   * Minor and major faults charged to the acting process. Compared only where the recording has them: not for
   * `fork`, `exit` and what no process of the program does.
   */
  readonly min: number;
  readonly maj: number;
  /** userfaultfd events in the order in which they were read. */
  readonly events: readonly UffdEvent[];
  /** What the kernel warned of in its log. Not compared: the recordings lack it. */
  readonly warnings?: readonly string[];
  /** Changes of vmstat counters by name; only `vmCounters` are looked at, zero and absent are the same. */
  readonly vm: Readonly<Record<string, number>>;
}

/** What the monitor read from a userfaultfd, and how it answered. */
export type UffdEvent =
  | {
      readonly t: 'pf';
      readonly p: number;
      /** 1 write, 2 write-protect, 4 minor. */
      readonly fl: number;
      readonly r: number;
      readonly i: number;
      readonly res: 'unwp' | 'copy' | 'copywp' | 'zero';
      /** errno of the answer, 0 when it succeeded. */
      readonly err: number;
    }
  | { readonly t: 'unreg'; readonly p: number; readonly err: number }
  | { readonly t: 'fork'; readonly p: number }
  /** 20 remap, 21 remove, 22 unmap. */
  | { readonly t: `ev${number}`; readonly p?: number };

/** The vmstat counters that the recordings watch. */
export const vmCounters = [
  'cow_ksm',
  'ksm_swpin_copy',
  'pglazyfree',
  'pglazyfreed',
  'pgmigrate_success',
  'pswpin',
  'pswpout',
  'swap_ra',
  'swap_ra_hit',
  'swpin_zero',
  'swpout_zero',
  'thp_collapse_alloc',
  'thp_deferred_split_page',
  'thp_fault_alloc',
  'thp_split_page',
  'thp_split_page_failed',
  'thp_split_pmd',
  'thp_swpout',
  'thp_swpout_fallback',
  'unevictable_pgs_cleared',
  'unevictable_pgs_culled',
  'unevictable_pgs_mlocked',
  'unevictable_pgs_munlocked',
  'unevictable_pgs_rescued',
  'unevictable_pgs_stranded',
] as const;

export interface Snapshot {
  /** Living processes by number. */
  readonly processes: ReadonlyMap<number, readonly Mapping[]>;
  readonly objects: readonly ObjectState[];
}

/** One VMA in the region window, as /proc/PID/maps and smaps show it. In address order. */
export interface Mapping {
  readonly region: number;
  /** First page in its region. */
  readonly index: number;
  readonly nrPages: number;
  /** `rw-p` and the like. */
  readonly perms: string;
  /** Offset in pages, as /proc/PID/maps gives it. */
  readonly pgoff: number;
  /** Two-letter VmFlags, in any order; only `vmFlags` are looked at. */
  readonly flags: readonly string[];
  /** KiB by smaps name; only `smapsFields` are looked at, zero and absent are the same. */
  readonly smaps: Readonly<Record<string, number>>;
  /** `nrPages` pages. Records may be shared between pages and snapshots. */
  readonly pages: readonly Page[];
}

/** The VmFlags that the recordings show. */
export const vmFlags = [
  ...['rd', 'wr', 'ex', 'sh', 'mr', 'mw', 'me', 'ms', 'lo', 'lf', 'dc', 'nr'],
  ...['wf', 'um', 'uw', 'ui', 'mg', 'hg', 'nh', 'sd', 'ac', 'dd', 'gu'],
] as const;

/** The smaps fields that the recordings show. */
export const smapsFields = [
  ...['Rss', 'Pss', 'Shared_Clean', 'Shared_Dirty', 'Private_Clean', 'Private_Dirty', 'Referenced'],
  ...['Anonymous', 'KSM', 'LazyFree', 'AnonHugePages', 'ShmemPmdMapped', 'Swap', 'SwapPss', 'Locked'],
] as const;

/**
 * One page of a mapping. `bits` are the letters of its pagemap entry, of `pagemapBits` and in that order.
 *
 * A raw frame number stands for one page of memory from its allocation to its freeing, a raw swap entry for one
 * slot likewise: equal numbers in neighbouring snapshots are taken for the same page.
 */
export type Page =
  | { readonly kind: 'none' | 'swapError' | 'hwpoison'; readonly bits: string }
  | { readonly kind: 'swap'; readonly bits: string; readonly entry: number }
  /** `marker`: 1 uffd-wp, 2 poisoned or error, 4 guard; several add up. */
  | { readonly kind: 'marker'; readonly bits: string; readonly marker: number }
  | {
      readonly kind: 'present';
      readonly bits: string;
      /** Page frame number, or Z for the zero page and each page of the huge one. */
      readonly frame: number | 'Z';
      /** Letters of its kpageflags, of `pageFlags` and in that order. */
      readonly flags: string;
      /** /proc/kpagecount. */
      readonly count: number;
    };

/** Letters of a pagemap entry's bits: each with the bit in /proc/PID/pagemap. */
export const pagemapBits = [
  ['P', 63, 'present'],
  ['S', 62, 'swapped: also for every other kind of non-present entry'],
  ['F', 61, 'file-mapped or shared anonymous'],
  ['W', 57, 'userfaultfd write-protected'],
  ['X', 56, 'map count is 1'],
  ['D', 55, 'soft-dirty, by the page or by its VMA'],
] as const;

/** Letters of page flags: each with the bit in /proc/kpageflags. */
export const pageFlags = [
  ['u', 3, 'uptodate'],
  ['d', 4, 'dirty'],
  ['W', 8, 'writeback'],
  ['m', 11, 'mapped'],
  ['a', 12, 'anonymous'],
  ['c', 13, 'in the swap cache'],
  ['b', 14, 'swap-backed'],
  ['H', 15, 'head of a compound page'],
  ['T', 16, 'tail of a compound page'],
  ['n', 18, 'unevictable'],
  ['X', 19, 'hardware-poisoned'],
  ['k', 21, 'merged by KSM'],
  ['h', 22, 'transparent huge page'],
  ['z', 24, 'zero page'],
  ['L', 33, 'mlocked'],
  ['e', 34, 'PG_anon_exclusive, given for anonymous pages only'],
] as const;

/** An object as fstat and mincore show it. */
export interface ObjectState {
  readonly object: number;
  readonly sizePages: number;
  /** Pages allocated, resident or swapped. */
  readonly blocksPages: number;
  /** One character per page of the file: 1 when it is in the page cache or the swap cache. */
  readonly incore: string;
}
