import type { FaultRow } from './faults.js';

/** Numbers that sum up one kind of fault over a group of operations. */
export interface Summary {
  readonly sum: number;
  readonly mean: number;
  /** Standard deviation of the group itself, not an estimate for a larger one. */
  readonly std: number;
  readonly median: number;
  /** The value that 90 % of the operations do not exceed, interpolated. */
  readonly p90: number;
  readonly max: number;
  /** How many operations had how many faults, by rising number of faults. */
  readonly distribution: readonly { readonly faults: number; readonly operations: number }[];
}

/** What a group of operations has in common: the values of the fields it was grouped by. */
export type GroupField = 'kernel' | 'release' | 'arch' | 'program' | 'profile' | 'operation';

export type FaultSummary<F extends GroupField = GroupField> = Pick<FaultRow, F> & {
  /** Operations in the group. */
  readonly count: number;
  readonly min: Summary;
  readonly maj: Summary;
};

/**
 * Sums up minor and major faults per group of operations, by default per kernel and kind of operation. Groups come
 * in the order in which their first rows do.
 *
 * @param rows what `recordings.faults()` gives
 * @param by the fields that make a group
 */
export async function faultStatistics<F extends GroupField = 'kernel' | 'release' | 'arch' | 'operation'>(
  rows: Iterable<FaultRow>,
  by: readonly F[] = ['kernel', 'release', 'arch', 'operation'] as GroupField[] as F[],
): Promise<FaultSummary<F>[]> {
  const groups = new Map<string, FaultRow[]>();
  for (const row of rows) {
    const key = JSON.stringify(by.map((field) => row[field]));
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  const summarise = await summary();
  return [...groups.values()].map((group) => ({
    ...(Object.fromEntries(by.map((field) => [field, group[0]![field]])) as Pick<FaultRow, F>),
    count: group.length,
    min: summarise(group.map((row) => row.min)),
    maj: summarise(group.map((row) => row.maj)),
  }));
}

/** mathjs takes a third of a second to load, so only who asks for figures waits for it. */
async function summary(): Promise<(values: readonly number[]) => Summary> {
  const { max, mean, quantileSeq, std, sum } = await import('mathjs/number');
  return (all) => {
    // Sorted here once: what mathjs sorts, it compares as numbers of any kind.
    const values = [...all].sort((a, b) => a - b);
    return {
      sum: sum(values),
      mean: mean(values),
      std: Number(std(values, 'uncorrected')),
      median: Number(quantileSeq(values, 0.5, true)),
      p90: Number(quantileSeq(values, 0.9, true)),
      max: max(values),
      distribution: distribution(values),
    };
  };
}

function distribution(values: readonly number[]): Summary['distribution'] {
  const operations = new Map<number, number>();
  for (const value of values) operations.set(value, (operations.get(value) ?? 0) + 1);
  return [...operations].sort(([a], [b]) => a - b).map(([faults, operations]) => ({ faults, operations }));
}
