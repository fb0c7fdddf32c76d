import type { Act } from './acts.js';

/** A course of operations that leads over some of the paths on which entries are stored. */
export interface Course {
  readonly name: string;
  /** As in a program's header; absent: an asynchronous device. */
  readonly swap?: 'brd' | 'none';
  /** Whether memory gets huge pages, or the course asks hugetlb for some: an architecture without any leaves it out. */
  readonly thp?: true;
  readonly hugetlb?: true;
  /** Whether a device has memory of its own, to which pages can move. */
  readonly device?: true;
  /** Object lines of a program, `obj 0 memfd 4`. */
  readonly objects?: readonly string[];
  /** Operations in the notation of the recordings and probes, and acts. `H` stands for the pages of a huge page: `2H`, `H+1`. */
  readonly steps: readonly (string | Act)[];
}
