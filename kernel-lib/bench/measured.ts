import type { BuildRow } from './builds.js';
import type { ComparedRow } from './figures.js';
import type { PteThroughput } from './pte.js';
import type { TracingFigures } from './tracing.js';

/** A run of `faultbook bench` that was kept, and where it comes from. */
export interface Measured {
  readonly command: string;
  readonly date: string;
  /** The kind of machine, and what else it did. */
  readonly machine: string;
  readonly node: string;
  /** Release of the kernel that it ran on, on which the C program ran. */
  readonly host: string;
  readonly note: string;
  readonly operations: readonly ComparedRow[];
  readonly codecs: readonly PteThroughput[];
  readonly builds: readonly BuildRow[];
  readonly tracing: TracingFigures | null;
}

/** What stands in datasets/benchmark.json. The build fills it: build/benchmark.mjs. */
export const benchmark: Measured = {
  ...{ command: '', date: '', machine: '', node: '', host: '', note: '', operations: [] },
  ...{ codecs: [], builds: [], tracing: null },
};
