import type { Race, RaceKernel, RaceSetup } from '#stepped/scenario/race.js';
import { ending } from '../explore/ending.js';
import { type ExplainedStep, explainSchedule } from '../explore/explain.js';
import { KernelThreads } from '../explore/kernel-threads.js';
import { replay as replayed } from '../explore/replay.js';
import { parseSchedule } from '../explore/schedule.js';
import type { OwnPatch, SourceLine } from '../own/own-patch.js';
import { citationOf } from '../explore/stack.js';
import type { Figure } from '../view/figure.js';
import { type Displayable, type MimeBundle, mimeBundle } from '../view/mime.js';
import { Table } from '../view/table.js';
import { type TimelineRow, timeline } from '../view/timeline.js';
import { stepper } from '../view/stepper.js';
import type { Widget } from '../view/widget.js';
import { type Observed, Observer, differences, partsOf } from './observed.js';

/** One step of a schedule, explained. */
export interface ReplayStep {
  readonly thread: string;
  /** Where the step began: `ptep_get_and_clear in zap_pte_range`. */
  readonly function: string;
  /** Where the kernel has the last of them: `mm/memory.c`; `hardware` for what it has not. */
  readonly file: string;
  /** With a patch of one's own: the line of a source that it changes, where the step began or through which it came. */
  readonly source?: SourceLine;
  /** Halves of entries that it read, in words, where CPUs load entries half by half. */
  readonly reads: readonly string[];
  /** What the step changed, in words. */
  readonly changes: readonly string[];
}

/** A schedule that was run step by step. In a cell it shows who did what when. */
export class Replay implements Displayable {
  readonly name: string;
  readonly schedule: string;
  readonly threads: readonly string[];
  readonly steps: readonly ReplayStep[];
  /** What is wrong in the end, null for nothing: as the search says it. */
  readonly ends: string | null;
  /** What could be seen before the first step, and after each. */
  readonly seen: readonly Observed[];

  constructor(
    name: string,
    schedule: string,
    threads: readonly string[],
    steps: readonly ReplayStep[],
    ends: string | null,
    seen: readonly Observed[],
  ) {
    this.name = name;
    this.schedule = schedule;
    this.threads = threads;
    this.steps = steps;
    this.ends = ends;
    this.seen = seen;
  }

  /** How often another thread went on. */
  get contextSwitches(): number {
    return this.steps.filter(({ thread }, i) => i > 0 && thread !== this.steps[i - 1]!.thread).length;
  }

  /** One row a step of which something is to be told, one column a thread. */
  get table(): Table {
    const rows = this.steps.flatMap((step, i) =>
      notesOf(step).length === 0
        ? []
        : [[i + 1, ...this.threads.map(cellOf(step)), notesOf(step).join('; ')]],
    );
    return new Table({
      columns: ['step', ...this.threads, 'what changed'],
      rows,
      caption: this.caption,
      limit: rows.length,
    });
  }

  /** Who ran when. */
  get figure(): Figure {
    const rows = this.steps.map((step): TimelineRow => ({
      lane: step.thread,
      label: step.function,
      notes: notesOf(step),
    }));
    const { threads: lanes, caption } = this;
    return timeline(rows, {
      lanes,
      title: `${this.name}: ${this.schedule}`,
      caption,
      text: this.table.toString(),
    });
  }

  /** The schedule to be walked step by step, with what each leaves of entries, TLBs, folios and disks. */
  get stepper(): Widget {
    const { threads, steps, seen, table, caption } = this;
    return stepper({
      title: `${this.name}: ${this.schedule}`,
      caption,
      threads,
      start: partsOf(seen[0]!),
      steps: steps.map((step, i) => ({
        thread: step.thread,
        does: placeWords(step),
        notes: notesOf(step),
        state: partsOf(seen[i + 1]!),
      })),
      table,
    });
  }

  get caption(): string {
    const { steps, contextSwitches, ends } = this;
    return `${steps.length} steps, ${contextSwitches} context switches: ${ends ?? 'nothing is broken'}`;
  }

  /** What `faultbook explore --replay --json` prints. */
  toJSON(): object {
    const { name, schedule, ends, steps } = this;
    return { name, schedule, invariant: ends, steps };
  }

  [mimeBundle](): MimeBundle {
    return { ...this.figure[mimeBundle](), ...this.table[mimeBundle]() };
  }

  toString(): string {
    return this.table.toString();
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

function notesOf({ reads, changes }: ReplayStep): string[] {
  return [...reads, ...changes];
}

function cellOf(step: ReplayStep): (thread: string) => string {
  return (thread) => (thread === step.thread ? placeWords(step) : '');
}

function placeWords(step: ReplayStep): string {
  const place = step.file === '' ? step.function : `${step.function} (${step.file})`;
  const { source } = step;
  return source === undefined ? place : `${place} at ${source.file}:${source.line}`;
}

/**
 * Runs a schedule of a race on machines of its own: one to judge the end, one to look at after every step.
 *
 * @param own the patch that the race's kernel has; its lines are cited
 * @throws InputError if the schedule is none, or asks for a step that its thread cannot take there
 */
export function replayOn(race: Race, kernel: RaceKernel, schedule: string, own?: OwnPatch): Replay {
  const ends = endOf(race, race.setUp(kernel), schedule);
  const setup = race.setUp(kernel);
  const threads = setup.threads.map(({ name }) => name);
  const observer = new Observer(setup);
  const steps: ReplayStep[] = [];
  const seen = [observer.observe()];
  explainSchedule(setup.machine.arena, setup.threads, parseSchedule(schedule, threads.length), (step) => {
    const after = observer.observe();
    const changes = [
      ...differences(seen.at(-1)!, after),
      ...(step.failure === undefined ? [] : [step.failure]),
    ];
    const reads = observer.halvesRead(step.accesses);
    steps.push({ thread: threads[step.thread]!, ...placeOf(step), ...sourceOf(step, own), reads, changes });
    seen.push(after);
  });
  return new Replay(race.name, schedule, threads, steps, ends, seen);
}

function endOf(race: Race, { machine, threads, broken }: RaceSetup, schedule: string): string | null {
  const system = new KernelThreads(machine.arena, threads);
  replayed(system, schedule);
  if (system.failure() !== '') return system.failure();
  return ending(system, () => {
    const what = broken();
    return what === null ? null : `${race.invariant.name}: ${what}`;
  });
}

/** The innermost line under way of a source that a patch of one's own changes. */
function sourceOf({ accesses }: ExplainedStep, own?: OwnPatch): Pick<ReplayStep, 'source'> {
  const [line] = (accesses[0]?.calls ?? []).flatMap((frame) => own?.lineOf(frame) ?? []);
  return line === undefined ? {} : { source: line };
}

/** Names the kernel's function in which a step began, and the one that called it. */
function placeOf({ accesses }: ExplainedStep): Pick<ReplayStep, 'function' | 'file'> {
  const calls = accesses[0]?.calls ?? [];
  const [own, caller] = calls.flatMap((frame) => citationOf(frame) ?? []);
  if (own === undefined) return { function: calls[0]?.name ?? 'chooses', file: 'hardware' };
  if (caller === undefined) return { function: own.name, file: own.file };
  return { function: `${own.name} in ${caller.name}`, file: caller.file };
}
