import { pteVal } from '../arch/codec.js';
import { pageByte } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { vmEvents } from '../machine/vmstat.js';
import { decodePte } from '../pgtable/decode.js';
import { pteOffset, pteTable, readPte } from '../pgtable/table.js';
import { ld } from '../step/memory.js';
import { pinnedPage, type PinnedPages } from '../sys/pins.js';
import type { Outcome, Page } from '../trace/driver.js';
import { Model } from '../trace/model.js';
import { type Operation, parseOperation } from '../trace/operation.js';
import { parseHeader } from '../trace/program.js';
import { type World, addressOf, mmOf } from '../trace/world.js';
import { releaseByName } from '../patches/releases.js';
import type { Kernel, Scenario } from './scenario.js';

/** Which kernel a scenario is run on. */
export interface RunOptions {
  /** As for boot; absent: 6.1. */
  readonly release?: string;
  /** Absent: x86_64. */
  readonly arch?: string;
  /** Commits of patches to add to the release, and to take away from it. */
  readonly with?: readonly string[];
  readonly without?: readonly string[];
}

/** The page-table entry of a page that a step names, after the step. */
export interface SeenEntry {
  readonly process: number;
  readonly region: number;
  readonly index: number;
  /** The raw value, hexadecimal. */
  readonly value: string;
  /** Its meaning in words. */
  readonly text: string;
  /** Of a swap entry: whether it remembers an exclusive page. */
  readonly exclusive?: boolean;
  /** Page flags, letters as in /proc/kpageflags of the recordings; absent when no page is mapped. */
  readonly flags?: string;
  readonly frame?: number | 'Z';
}

/** A page that somebody pinned, and its first byte seen that way. */
export interface SeenPin {
  readonly pin: number;
  readonly frame: number;
  readonly byte: number;
}

/** One operation and what could be seen of it. */
export interface StepReport {
  /** The line. */
  readonly op: string;
  readonly ret: number;
  /** errno, 0 for none. */
  readonly err: number;
  readonly signal?: Outcome['signal'];
  /** The byte that was read. */
  readonly val?: number;
  /** Minor and major faults. */
  readonly min: number;
  readonly maj: number;
  /** Counters of /proc/vmstat that moved. */
  readonly vm: Readonly<Record<string, number>>;
  readonly pages: readonly SeenEntry[];
  readonly pins: readonly SeenPin[];
}

/** A scenario that ran on one kernel. */
export interface Run {
  readonly name: string;
  /** Full name of the release. */
  readonly release: string;
  readonly arch: string;
  readonly verdict: string;
  readonly expected: string;
  readonly steps: readonly StepReport[];
}

/**
 * Runs a scenario: its lines go through the same system calls as the recorded programs.
 *
 * @throws InputError for a release, an architecture or patches that boot would refuse
 */
export function runScenario(scenario: Scenario, options: RunOptions = {}): Run {
  const { release = '6.1', arch = 'x86_64' } = options;
  const header = `prog id=${scenario.name} swap=${scenario.swap} vfio=1`;
  const model = new Model({
    ...options,
    release,
    arch,
    program: parseHeader(header, scenario.objects ?? []),
  });
  const { patched } = model.world.k;
  const steps = scenario.steps.map((line) => runStep(model, parseOperation(line)));
  const kernel: Kernel = { arch, patched };
  const run = { name: scenario.name, release: releaseByName(release), arch, steps };
  const seen: Run = { ...run, verdict: '', expected: scenario.expected(kernel) };
  return { ...seen, verdict: scenario.verdict(seen) };
}

function runStep(model: Model, operation: Operation): StepReport {
  const { world } = model;
  const { k } = world;
  const before = vmEvents.map((_, event) => ld(k.vmstat, event));
  const { ret, err, signal, val, min, maj } = model.execute(operation);
  const moved = vmEvents.map((name, event) => [name, ld(k.vmstat, event) - before[event]!] as const);
  return {
    op: operation.line,
    ret,
    err,
    ...(signal !== undefined && { signal }),
    ...(val !== undefined && { val }),
    min,
    maj,
    vm: Object.fromEntries(moved.filter(([, by]) => by !== 0)),
    pages: touched(model, operation),
    pins: [...world.pins].flatMap(([pin, pinned]) => seenPins(k, pin, pinned)),
  };
}

/** The page that the operation names, in every process that lives: sharing shows only side by side. */
function touched(model: Model, operation: Operation): SeenEntry[] {
  if (!('region' in operation)) return [];
  const { region } = operation;
  const index = 'index' in operation ? operation.index : 0;
  const { processes } = model.snapshot();
  return [...processes].flatMap(([process, mappings]) => {
    const mapping = mappings.find(
      (candidate) =>
        candidate.region === region &&
        index >= candidate.index &&
        index < candidate.index + candidate.nrPages,
    );
    if (mapping === undefined) return [];
    const page = mapping.pages[index - mapping.index]!;
    return [{ process, region, index, ...entryOf(model.world, process, region, index), ...pageOf(page) }];
  });
}

function pageOf(page: Page): Pick<SeenEntry, 'flags' | 'frame'> {
  return page.kind === 'present' ? { flags: page.flags, frame: page.frame } : {};
}

function entryOf(world: World, process: number, region: number, index: number) {
  const { k } = world;
  const address = addressOf(world, region, index);
  const table = pteTable(k, mmOf(world, process).pgd, address);
  if (table === 0) return { value: '0x0', text: 'empty' };
  const { lo, hi } = readPte(k, pteOffset(k, table, address));
  const { value, text, exclusive } = decodePte(k.pte, pteVal(Int32Array.of(lo, hi), 0));
  return { value, text, ...(exclusive !== undefined && { exclusive }) };
}

function seenPins(k: Machine, pin: number, pinned: PinnedPages): SeenPin[] {
  return Array.from({ length: pinned.nrPages }, (_, index) => {
    const frame = pinnedPage(k, pinned, index);
    return { pin, frame, byte: pageByte(k, frame) };
  });
}

/** The last step whose line begins with `words`. @throws Error when the scenario has none: a mistake in its data */
export function lastStep(run: Run, words: string): StepReport {
  const found = run.steps.filter(({ op }) => op.startsWith(words)).at(-1);
  if (found === undefined) throw new Error(`${run.name} has no step '${words}'`);
  return found;
}

/** Faults and reuses of all steps behind the last swap-out, as words: `2 faults (0 major), 1 reuse`. */
export function faultsAfterPageout(run: Run): string {
  const at = run.steps.map(({ op }) => op.endsWith('PAGEOUT')).lastIndexOf(true);
  const steps = run.steps.slice(at + 1);
  const sum = (of: (step: StepReport) => number): number => steps.reduce((all, step) => all + of(step), 0);
  const major = sum(({ maj }) => maj);
  const reuses = sum(({ vm }) => vm['pgreuse'] ?? 0);
  const faults = sum(({ min }) => min) + major;
  return `${counted(faults, 'fault')} (${major} major), ${counted(reuses, 'reuse')}`;
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
