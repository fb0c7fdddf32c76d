import type { Patch } from '../patches/patch.js';
import { type PatchSet, kernelOnPath, patchPath } from '../patches/path.js';
import { type Run, type RunOptions, runScenario } from './run.js';
import type { Scenario } from './scenario.js';

/** A patch that changes what a scenario shows, on the way from one kernel to another. */
export interface Flip {
  readonly id: string;
  readonly title: string;
  /** Whether the way adds it or takes it away. */
  readonly added: boolean;
  /** `verdict`, or `steps` where only counters, entries or results of steps change. */
  readonly changes: 'verdict' | 'steps';
  /** The verdicts on both sides of the patch. */
  readonly before: string;
  readonly after: string;
}

/**
 * Where an outcome changes along a row of `n` + 1 places. A stretch whose ends agree is not looked into: changes that
 * undo each other there stay unseen.
 *
 * @returns each place whose outcome differs from the one before
 */
export function bisect(n: number, outcome: (place: number) => string): number[] {
  const search = (low: number, high: number): number[] => {
    if (outcome(low) === outcome(high)) return [];
    if (high === low + 1) return [high];
    const middle = (low + high) >> 1;
    return [...search(low, middle), ...search(middle, high)];
  };
  return search(0, n);
}

/**
 * The patches, of all by which two kernels differ, that change a scenario's verdict or what its steps show.
 *
 * @throws InputError as runScenario, and when the kernels are of two architectures
 */
export function flipsBetween(scenario: Scenario, before: RunOptions, after: RunOptions): Flip[] {
  const { release = '6.1', arch = 'x86_64' } = before;
  const from: PatchSet = { ...before, release, arch };
  const path = patchPath(from, { ...after, release: after.release ?? '6.1', arch });
  const runs = new Map<number, Run>();
  const runAt = (place: number): Run => {
    const known = runs.get(place) ?? runScenario(scenario, kernelOnPath(from, path, place));
    runs.set(place, known);
    return known;
  };
  const verdicts = bisect(path.length, (place) => runAt(place).verdict);
  const steps = bisect(path.length, (place) => JSON.stringify(runAt(place).steps));
  return [...new Set([...verdicts, ...steps])]
    .sort((a, b) => a - b)
    .map((place) => flipAt(path[place - 1]!.patch, path[place - 1]!.added, runAt(place - 1), runAt(place)));
}

function flipAt({ id, title }: Patch, added: boolean, before: Run, after: Run): Flip {
  const changes = before.verdict === after.verdict ? 'steps' : 'verdict';
  return { id, title, added, changes, before: before.verdict, after: after.verdict };
}
