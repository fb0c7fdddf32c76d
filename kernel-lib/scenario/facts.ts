import type { PatchName } from '../patches/catalogue.js';
import type { Kernel } from './scenario.js';
import type { SeenEntry, SeenPin, StepReport } from './step-report.js';

/** Facts that verdicts are made of. Each looks at the steps of a run and throws an Error where its scenario lacks one. */

/** The last step whose line begins with `words`. */
export function lastStep(steps: readonly StepReport[], words: string): StepReport {
  const found = steps.filter(({ op }) => op.startsWith(words)).at(-1);
  if (found === undefined) throw new Error(`the scenario has no step '${words}'`);
  return found;
}

/** The entry of a page after the last step that named it. */
export function lastEntry(steps: readonly StepReport[], process: number, region = 0, index = 0): SeenEntry {
  const names = (entry: SeenEntry): boolean =>
    entry.process === process && entry.region === region && entry.index === index;
  const found = steps.flatMap(({ pages }) => pages.filter(names)).at(-1);
  if (found === undefined) throw new Error(`process ${process} maps no page ${index} of region ${region}`);
  return found;
}

/** What a pin shows after the last step. */
export function lastPin(steps: readonly StepReport[], pin: number): SeenPin {
  const found = steps.at(-1)?.pins.find((seen) => seen.pin === pin);
  if (found === undefined) throw new Error(`pin ${pin} is not held at the end`);
  return found;
}

/** The steps behind the last one whose line ends with `words`. */
export function behind(steps: readonly StepReport[], words: string): readonly StepReport[] {
  const at = steps.map(({ op }) => op.endsWith(words)).lastIndexOf(true);
  if (at < 0) throw new Error(`the scenario has no step '… ${words}'`);
  return steps.slice(at + 1);
}

/** Faults and reuses of some steps, in words: `2 faults (0 major), 1 reuse`. */
export function faultsOf(steps: readonly StepReport[]): string {
  const sum = (of: (step: StepReport) => number): number => steps.reduce((all, step) => all + of(step), 0);
  const major = sum(({ maj }) => maj);
  const faults = sum(({ min }) => min) + major;
  const reuses = sum(({ vm }) => vm['pgreuse'] ?? 0);
  return `${counted(faults, 'fault')} (${major} major), ${counted(reuses, 'reuse')}`;
}

export function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** Faults that monitors of userfaultfd were told of. */
export function messages(steps: readonly StepReport[]): number {
  return steps.flatMap(({ events = [] }) => events.filter(({ t }) => t === 'pf')).length;
}

/** What the kernel warned of. */
export function warnings(steps: readonly StepReport[]): readonly string[] {
  return steps.flatMap((step) => step.warnings ?? []);
}

/** Several facts as one verdict. */
export function all(
  ...facts: readonly ((steps: readonly StepReport[]) => string)[]
): (steps: readonly StepReport[]) => string {
  return (steps) => facts.map((fact) => fact(steps)).join('; ');
}

/** What was found under `what` by the last step that begins with `words`: `the child reads 0x1`. */
export function reads(what: string, words: string): (steps: readonly StepReport[]) => string {
  return (steps) => {
    const { val, signal, err } = lastStep(steps, words);
    if (signal !== undefined) return `${what} gets SIG${signal.sig}`;
    return err === 0 && val !== undefined ? `${what} reads 0x${val.toString(16)}` : `${what} reads nothing`;
  };
}

/** What the last step that begins with `words` cost: `pinning takes 1 fault (0 major), 0 reuses`. */
export function costs(what: string, words: string): (steps: readonly StepReport[]) => string {
  return (steps) => `${what} takes ${faultsOf([lastStep(steps, words)])}`;
}

/** An expected cost, as `costs` words it. */
export function cost(what: string, faults: number, reuses: number, major = 0): string {
  return `${what} takes ${counted(faults, 'fault')} (${major} major), ${counted(reuses, 'reuse')}`;
}

/** Whether the page is the very one that was mapped, or came back from swap, first. */
export function replaced(process: number, region = 0, index = 0): (steps: readonly StepReport[]) => string {
  return (steps) => {
    const frames = steps
      .flatMap(({ pages }) => pages)
      .filter((entry) => entry.process === process && entry.region === region && entry.index === index)
      .map(({ frame }) => frame);
    const sinceAbsent = frames.slice(frames.lastIndexOf(undefined) + 1);
    return sinceAbsent.at(0) === sinceAbsent.at(-1) ? SAME_PAGE : COPY;
  };
}

export const SAME_PAGE = 'the page is the same';
export const COPY = 'the page is a copy';

/** An expectation that hangs on one patch. */
export function by(name: PatchName, after: string, before: string): (kernel: Kernel) => string {
  return ({ patched }) => (patched[name] ? after : before);
}
