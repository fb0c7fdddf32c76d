import type { Step } from './step.js';

/**
 * One CPU's work: operations that it runs one after another, each started anew by its function. In the stepped build
 * the explorer runs it.
 */
export interface StepThread {
  readonly name: string;
  readonly operations: readonly (() => Step<void>)[];
  /** Called before the thread runs: sets what code takes from "the CPU it runs on". */
  readonly enter?: () => void;
}
