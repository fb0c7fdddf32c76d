import type { Cut } from '../recording.js';
import type { OperationLine } from './guest-answers.js';

/** What one boot showed of a program. */
export interface BootedProgram {
  readonly operations: readonly OperationLine[];
  readonly bad: 0 | -1 | -2;
}

/** What both boots agree on. */
export interface AgreedProgram extends BootedProgram {
  readonly cut?: Cut;
}

/**
 * Merges what two boots showed of a program. Where counters of vmstat or `Referenced` of smaps alone differ, they become
 * null and are listed; any other difference ends the program there.
 */
export function agreedProgram(first: BootedProgram, second: BootedProgram): AgreedProgram {
  const operations: OperationLine[] = [];
  const bad = first.bad === 0 ? second.bad : first.bad;
  for (let i = 0; i < first.operations.length; i++) {
    const here = first.operations[i]!;
    const there = second.operations[i];
    const differs = there === undefined ? ['.i'] : differences(here, there, '');
    if (differs.some((path) => !isMaskable(path)))
      return { operations, bad: 0, cut: { i, op: here.op, differs } };
    operations.push(differs.length === 0 ? here : masked(here, there!, differs));
  }
  return { operations, bad };
}

function isMaskable(path: string): boolean {
  return /^\.vm\.\w+$/.test(path) || path.endsWith('.sm.Referenced');
}

type Tree = Readonly<Record<string, unknown>> | readonly unknown[];

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

/** Paths of what is not the same: `.vm.pswpin`, `.S.0[1].sm.Rss`, `.S.0[1].pg` where the lists are of different length. */
function differences(here: unknown, there: unknown, path: string): string[] {
  if (!isTree(here) || !isTree(there)) return here === there ? [] : [path];
  if (Array.isArray(here)) {
    if (!Array.isArray(there) || there.length !== here.length) return [path];
    return here.flatMap((value, at) => differences(value, there[at], `${path}[${at}]`));
  }
  const [fields, others] = [here as Record<string, unknown>, there as Record<string, unknown>];
  const names = [...new Set([...Object.keys(fields), ...Object.keys(others)])];
  return names.flatMap((name) => differences(fields[name], others[name], `${path}.${name}`));
}

function masked(here: OperationLine, there: OperationLine, paths: readonly string[]): OperationLine {
  const known = <T extends Readonly<Record<string, number | null>>>(figures: T, others: T, at: string): T => {
    const names = [...new Set([...Object.keys(figures), ...Object.keys(others)])];
    const entries = names.map((name) => [
      name,
      paths.includes(`${at}.${name}`) ? null : (figures[name] ?? null),
    ]);
    return Object.fromEntries(entries) as T;
  };
  const processes = Object.entries(here.S).map(([process, mappings]) => [
    process,
    mappings.map((mapping, at) => ({
      ...mapping,
      sm: known(mapping.sm, there.S[process]![at]!.sm, `.S.${process}[${at}].sm`),
    })),
  ]);
  return {
    ...here,
    vm: known(here.vm, there.vm, '.vm'),
    S: Object.fromEntries(processes) as OperationLine['S'],
    masked: paths,
  };
}
