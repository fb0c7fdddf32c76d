import type { Comparison } from './comparison.js';
import { type PteStore, pteStores } from './pte-stores.js';
import { type Run, type RunOptions, bootModel, operationOf } from './run.js';
import type { Scenario } from './scenario.js';
import { type StepReport, runStep } from './step-report.js';

/** What one kernel did at the step at which two part. */
export interface DivergedSide {
  /** Undefined where it stopped at a broken promise. */
  readonly step: StepReport | undefined;
  /** The kernel's function that made the first store to a page table which the other did not make so. */
  readonly function: string | null;
  /** The functions that called it, innermost first. */
  readonly callers: readonly string[];
  readonly file: string | null;
}

/** The first step after which two kernels differ. */
export interface Divergence {
  /** Index of the step. */
  readonly at: number;
  readonly op: string;
  readonly before: DivergedSide;
  readonly after: DivergedSide;
}

/** Looks for the first step at which two kernels part, and for the functions in which they do; undefined for none. */
export function divergenceOf(
  scenario: Scenario,
  comparison: Comparison,
  before: RunOptions,
  after: RunOptions,
): Divergence | undefined {
  const at = comparison.firstDifference;
  if (at < 0) return undefined;
  const stores = [before, after].map((options) => storesAt(scenario, options, at)) as [
    PteStore[],
    PteStore[],
  ];
  const parted = stores[0].findIndex((store, i) => !sameStore(store, stores[1][i]));
  const first = parted < 0 ? stores[0].length : parted;
  return {
    at,
    op: scenario.steps[at]!,
    before: sideOf(comparison.before, at, stores[0][first]),
    after: sideOf(comparison.after, at, stores[1][first]),
  };
}

/** Stores to page tables in one step. */
function storesAt(scenario: Scenario, options: RunOptions, at: number): PteStore[] {
  const model = bootModel(scenario, options);
  const lines = scenario.steps.map((line) => operationOf(model, line));
  for (const line of lines.slice(0, at)) runStep(model, line);
  return pteStores(model.world.k, () => {
    try {
      model.execute(lines[at]!);
    } catch {
      // A broken promise: what was stored before it is what is asked for.
    }
  });
}

function sameStore(a: PteStore, b: PteStore | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function sideOf(run: Run, at: number, store: PteStore | undefined): DivergedSide {
  const [name = null, ...callers] = store?.functions ?? [];
  return { step: run.steps[at], function: name, callers, file: store?.file ?? null };
}
