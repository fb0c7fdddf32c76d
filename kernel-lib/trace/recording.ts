import type { Operation } from './operation.js';
import type { ProgramHeader } from './program.js';
import type { UffdEvent } from './driver.js';

/** A number, or null where the two boots of a program disagreed and nothing can be compared. */
export type Figure = number | null;

/** The first line of a recording: which kernel showed what follows. */
export interface FileHeader {
  readonly oracle: 1;
  /** Short name of the kernel, `amd64-6.1`. */
  readonly kernel: string;
  /** `uname -r`. */
  readonly release: string;
  readonly bits: 32 | 64;
  readonly dm: number;
  /** `uname -m`; older recordings lack it. */
  readonly machine?: string;
}

/**
 * A recorded page: `["-"]` nothing at all, `[bits]`, `[bits, entry]` with a swap entry `sN`, a marker `Mx`, a
 * swap-in error `E` or a poisoned page `H`, and `[bits, frame, flags, count]` when present.
 */
export type RecordedPage =
  | readonly [bits: string]
  | readonly [bits: string, entry: string]
  | readonly [bits: string, frame: number | 'Z', flags: string, count: number];

/** `[n, page]`: n equal pages. `[n, page, 1]`: n pages, equal but for consecutive frames. */
export type RecordedRun =
  readonly [nrPages: number, page: RecordedPage] | readonly [nrPages: number, page: RecordedPage, step: 1];

/** One VMA: region, first page, pages, permissions, page offset, VmFlags, smaps in KiB, pages in runs. */
export interface RecordedMapping {
  readonly r: number;
  readonly i: number;
  readonly n: number;
  readonly pr: string;
  readonly o: number;
  readonly fl: string;
  readonly sm: Readonly<Record<string, Figure>>;
  readonly pg: readonly RecordedRun[];
}

/** An object: number, size and allocated blocks in pages, one character per page in the cache. */
export interface RecordedObject {
  readonly o: number;
  readonly size: number;
  readonly blocks: number;
  readonly inc: string;
}

/** An operation's line, with the operation's text parsed. Field by field as datasets/README.md tells. */
export interface RecordedOperation {
  readonly i: number;
  readonly op: string;
  readonly operation: Operation;
  readonly ret: number;
  readonly err: number;
  readonly sig?: 'SEGV' | 'BUS';
  readonly code?: number;
  readonly val?: number;
  readonly vals?: readonly number[];
  readonly min?: number;
  readonly maj?: number;
  readonly ev?: readonly UffdEvent[];
  readonly st?: 'died' | 'timeout' | 'lost';
  readonly vm: Readonly<Record<string, Figure>>;
  /** Mappings in address order by process number. */
  readonly S: Readonly<Record<string, readonly RecordedMapping[]>>;
  readonly O?: readonly RecordedObject[];
  readonly masked?: readonly string[];
}

/** Where and how the two boots of a program went different ways; operations from `i` on are not recorded. */
export interface Cut {
  readonly i: number;
  readonly op: string;
  readonly differs: readonly string[];
}

/** One program with everything that its kernel showed. */
export interface RecordedProgram {
  readonly id: string;
  readonly header: ProgramHeader;
  /** Operations in the program; fewer are recorded when it was cut short. */
  readonly nrOperations: number;
  readonly operations: readonly RecordedOperation[];
  /** Why nothing was recorded: the guest stopped in this program. */
  readonly dropped: string | undefined;
  /** -1 or -2 when a process was lost or an operation timed out and the rest was not run. */
  readonly bad: 0 | -1 | -2;
  readonly cut: Cut | undefined;
  /** Line of the file on which it begins, from 1. */
  readonly line: number;
}
