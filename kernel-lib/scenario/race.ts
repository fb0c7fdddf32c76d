import type { Machine } from '../machine/machine.js';
import type { Patched } from '../patches/catalogue.js';
import type { StepThread } from '../step/thread.js';
import type { Kernel } from './scenario.js';

/** What must hold in every interleaving. */
export interface Invariant {
  readonly name: string;
  /** Why, in one line. */
  readonly reason: string;
}

/** Which kernel a race is run on, all of it decided, and how large the race is. */
export interface RaceKernel {
  readonly release: string;
  readonly arch: string;
  /** Absent: the architecture's usual one. */
  readonly cpu?: string;
  readonly patched: Patched;
  /** By the names of the race's `bound`. */
  readonly bound: Readonly<Record<string, number>>;
}

/** Pages of a process that a replay is to show. */
export interface Watched {
  /** For people: `child`, or empty where there is one process. */
  readonly name: string;
  /** Slab address of the Mm. */
  readonly mm: number;
  readonly start: number;
  readonly nrPages: number;
}

/** A machine just before the race, what each CPU then does, and how to judge the end. */
export interface RaceSetup {
  readonly machine: Machine;
  readonly threads: readonly StepThread[];
  /** Says what is wrong once every thread has ended, or null. */
  readonly broken: () => string | null;
  readonly watched: readonly Watched[];
  /** Slab addresses of the files that lie on a disk. */
  readonly files?: readonly number[];
}

/**
 * Threads of kernel code that meet, and a promise that must survive every interleaving: data, so that tests, notebooks
 * and the command line explore the same.
 */
export interface Race {
  readonly name: string;
  /** As a scenario's: M for markers, P for walks of page tables, X for swap PTEs. */
  readonly number?: string;
  readonly kind: 'race';
  /** What is asked, in one line. */
  readonly title: string;
  /** What each thread does, in the order of the letters of a schedule. */
  readonly threads: readonly string[];
  readonly invariant: Invariant;
  /** How large it is: pages, stores and the like, by name. A pass means: not in this bound. */
  readonly bound: Readonly<Record<string, number>>;
  /** Architecture and release on which it is run unless others are given. */
  readonly arch: string;
  readonly release: string;
  /** Commits whose switch flips the verdict. */
  readonly decidedBy: readonly string[];
  readonly setUp: (kernel: RaceKernel) => RaceSetup;
  /** Whether some interleaving breaks the invariant, as the kernel's history has it, without running anything. */
  readonly breaks: (kernel: Kernel) => boolean;
  /** One sentence that explains the verdict. */
  readonly why: string;
  /** Where the race and its mend are described. */
  readonly source: string;
}
