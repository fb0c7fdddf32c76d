import { hpagePmdNr } from '../folio/compound.js';
import { machineName } from '../arch/machine-name.js';
import { archById } from '../arch/variants.js';
import { badArgument, checkOptions } from '../base/argument.js';
import { VmBug } from '../base/error.js';
import type { OwnPatch } from '../own/own-patch.js';
import { releaseByName } from '../patches/releases.js';
import { Model } from '../trace/model.js';
import { inPages } from '../trace/huge-words.js';
import { type Operation, parseOperation } from '../trace/operation.js';
import { parseHeader } from '../trace/program.js';
import { type Displayable, type MimeBundle, mimeBundle } from '../view/mime.js';
import { Table } from '../view/table.js';
import { expectationOf } from './exceptions.js';
import type { Scenario } from './scenario.js';
import { scenarioByName } from './scenarios.js';
import { type StepReport, runStep } from './step-report.js';
import { counterWords, entryWords, faultWords, pinWords, resultWords } from './step-words.js';

/** Which kernel a scenario is run on. */
export interface RunOptions {
  /** As for boot; absent: 6.1. */
  readonly release?: string;
  /** Absent: x86_64. */
  readonly arch?: string;
  /** As for boot; absent: the architecture's usual one. */
  readonly cpu?: string;
  /** Commits of patches to add to the release, and to take away from it. */
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  /** A patch of your own: what `patchSource` gave. */
  readonly own?: OwnPatch;
}

/** Their names. */
export const runOptions = [
  ...(['release', 'arch', 'cpu', 'with', 'without', 'own'] as const satisfies readonly (keyof RunOptions)[]),
];

/** What a run is made of. */
interface RunFields {
  readonly name: string;
  readonly release: string;
  readonly arch: string;
  readonly cpu?: string;
  readonly patches: readonly string[];
  readonly verdict: string;
  readonly expected: string;
  readonly steps: readonly StepReport[];
  readonly why: string;
}

/** A scenario that ran on one kernel. In a cell it shows its steps as a table. */
export class Run implements RunFields, Displayable {
  readonly name: string;
  /** Full name of the release. */
  readonly release: string;
  readonly arch: string;
  /** Its CPU, where that is not the usual one. */
  readonly cpu?: string;
  /** Patches beyond the release's, `+8d6a0ac09a16`, or taken from it, `-93c0eac40d4e`. */
  readonly patches: readonly string[];
  readonly verdict: string;
  readonly expected: string;
  readonly steps: readonly StepReport[];
  /** One sentence that explains the verdict. */
  readonly why: string;

  constructor(fields: RunFields) {
    this.name = fields.name;
    this.release = fields.release;
    this.arch = fields.arch;
    if (fields.cpu !== undefined) this.cpu = fields.cpu;
    this.patches = fields.patches;
    this.verdict = fields.verdict;
    this.expected = fields.expected;
    this.steps = fields.steps;
    this.why = fields.why;
  }

  /** The kernel in words: `Linux 6.1.187 +8d6a0ac09a16, x86_64`. */
  get kernel(): string {
    return `${['Linux', this.release, ...this.patches].join(' ')}, ${machineName(this)}`;
  }

  /** Sums over all steps: faults, counters of /proc/vmstat, and mapped pages that another page replaced. */
  get counters(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = { 'minor faults': 0, 'major faults': 0, pgreuse: 0 };
    const add = (name: string, by: number) => (sums[name] = (sums[name] ?? 0) + by);
    for (const { min, maj, vm } of this.steps) {
      add('minor faults', min);
      add('major faults', maj);
      for (const [name, by] of Object.entries(vm)) if (!toldAsFault.has(name)) add(name, by);
    }
    return { ...sums, 'pages replaced': replacedPages(this.steps) };
  }

  /** One row for each operation: its result, its faults and counters, and the entries that it names. */
  get table(): Table {
    return new Table({
      columns: ['operation', 'result', 'faults', 'counters', 'page tables', 'held pages'],
      rows: this.steps.map((step) => [
        step.op,
        resultWords(step),
        faultWords(step),
        counterWords(step),
        step.pages.map(entryWords).join(' | '),
        step.pins.map(pinWords).join(' | '),
      ]),
      caption: `${this.kernel}: ${this.verdict}. ${this.why}`,
    });
  }

  [mimeBundle](): MimeBundle {
    return this.table[mimeBundle]();
  }

  toString(): string {
    return this.table.toString();
  }

  /** What `console.log` prints in Node. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

const toldAsFault: ReadonlySet<string> = new Set(['pgfault', 'pgmajfault']);

/** How often an address that mapped one page came to map another. */
function replacedPages(steps: readonly StepReport[]): number {
  const mapped = new Map<string, number | 'Z'>();
  let replaced = 0;
  for (const { process, region, index, frame } of steps.flatMap(({ pages }) => pages)) {
    const place = `${process} ${region} ${index}`;
    const before = mapped.get(place);
    if (frame === undefined) continue;
    if (before !== undefined && before !== frame) replaced++;
    mapped.set(place, frame);
  }
  return replaced;
}

/**
 * Runs a scenario: its lines go through the same system calls as the recorded programs.
 *
 * @param scenario one of the catalogue by its name or number, or one of your own
 * @throws InputError for an unknown scenario, and for a release, an architecture, a CPU or patches that boot would
 * refuse
 */
export function runScenario(scenario: Scenario | string, options: RunOptions = {}): Run {
  checkOptions('runScenario', options, runOptions);
  const chosen = chosenScenario('runScenario', scenario);
  const { release = '6.1', arch = 'x86_64', cpu } = options;
  const machine = { arch, ...(cpu !== undefined && { cpu }) };
  const model = bootModel(chosen, { ...options, release, arch });
  const { steps, bug } = runSteps(model, chosen.steps);
  return new Run({
    name: chosen.name,
    release: releaseByName(release),
    ...machine,
    patches: patchWords(options),
    verdict: bug === undefined ? chosen.verdict(steps) : `BUG: ${bug.message}`,
    ...expectationOf(chosen, { ...machine, patched: model.world.k.patched }),
    steps,
  });
}

/** One of the catalogue, or one of the caller's own. @throws InputError unless it is either */
export function chosenScenario(call: string, scenario: Scenario | string): Scenario {
  if (typeof scenario === 'string') return scenarioByName(scenario);
  if (Array.isArray(scenario?.steps)) return scenario;
  throw badArgument(call, 'scenario', scenario, 'a name, a number such as X01, or a scenario of your own');
}

/** A machine just before the first step of a scenario. @throws InputError as runScenario */
export function bootModel(scenario: Scenario, { own, ...options }: RunOptions): Model {
  if (own) return own.load<{ bootModel: typeof bootModel }>('scenario/run.ts').bootModel(scenario, options);
  const { release = '6.1', arch = 'x86_64' } = options;
  const { huge, levels } = archById(arch);
  const thp = huge === undefined ? 'never' : (scenario.thp ?? 'never');
  const hugepages = huge === undefined ? 0 : (scenario.hugepages ?? 0);
  const debug = `tlbflush=${scenario.debugTlbflush ? 1 : 0}`;
  const header = `prog id=${scenario.name} swap=${scenario.swap} thp=${thp} vfio=1 hugepages=${hugepages} device=${scenario.devicePages ?? 0} ${debug}`;
  const objects = (scenario.objects ?? []).map((line) => inPages(line, 2 ** levels.at(-1)!.bits));
  return new Model({ ...options, release, arch, program: parseHeader(header, objects) });
}

/** A line of a scenario as an operation on its machine, where a huge page has so many pages. */
export function operationOf({ world }: Model, line: string): Operation {
  return parseOperation(inPages(line, hpagePmdNr(world.k)));
}

/** Runs the lines up to the end, or up to where the kernel breaks a promise of its own. */
function runSteps(model: Model, lines: readonly string[]): { steps: StepReport[]; bug?: VmBug } {
  const steps: StepReport[] = [];
  for (const line of lines) {
    try {
      steps.push(runStep(model, operationOf(model, line)));
    } catch (bug) {
      if (bug instanceof VmBug) return { steps, bug };
      throw bug;
    }
  }
  return { steps };
}

/** Patches beyond a release's, `+8d6a0ac09a16`, those taken from it, `-93c0eac40d4e`, and your own, `~zap/zap.ts`. */
export function patchWords(options: RunOptions): string[] {
  const added = (options.with ?? []).map((id) => `+${id}`);
  const taken = (options.without ?? []).map((id) => `-${id}`);
  return [...added, ...taken, ...(options.own?.changed ?? []).map((what) => `~${what}`)];
}
