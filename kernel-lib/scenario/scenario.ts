import type { Patched } from '../patches/catalogue.js';
import type { StepReport } from './step-report.js';

/** The kernel on which a scenario runs: what an expectation may depend on. */
export interface Kernel {
  readonly arch: string;
  /** One of the architecture's CPUs that note less by themselves; absent: the usual one. */
  readonly cpu?: string;
  readonly patched: Patched;
}

/** A named course of events with a verdict: data, so that tests, notebooks and the command line run the same. */
export interface Scenario {
  readonly name: string;
  /**
   * Its number in the lists that tests refer to: X for swap PTEs, S for unsharing, M for markers, D for dirty bits, C
   * L and K for the kernel's own tests, R for what one release does otherwise than the one before.
   */
  readonly number: string;
  readonly kind: 'sequential';
  /** What is asked, in one line. */
  readonly title: string;
  /** As in a program's header: an asynchronous (`dm`) or synchronous (`brd`) swap device. */
  readonly swap: 'dm' | 'brd' | 'none';
  /** Whether memory gets transparent huge pages, where the architecture has any; absent: never. */
  readonly thp?: 'always';
  /** Object lines of a program, `obj 0 memfd 4`; `H` pages are those of a huge page. */
  readonly objects?: readonly string[];
  /** Pages of a device's own memory; absent: no device has pages of processes. */
  readonly devicePages?: number;
  /** CONFIG_DEBUG_TLBFLUSH: flushes of TLBs are counted, too; absent: they are not. */
  readonly debugTlbflush?: true;
  /** Huge pages of hugetlb that are put aside; absent: none. */
  readonly hugepages?: number;
  /** Operations in the notation of the recordings, and the probes of trace/operation.ts; `H` as above. */
  readonly steps: readonly string[];
  /** What was observed, as one line. */
  readonly verdict: (steps: readonly StepReport[]) => string;
  /** The same line as the kernel's history and sources have it, without running anything. */
  readonly expected: (kernel: Kernel) => string;
  /** One sentence that explains the verdict. */
  readonly why: string;
  /** Where the course of events and its outcome are described. */
  readonly source: string;
}
