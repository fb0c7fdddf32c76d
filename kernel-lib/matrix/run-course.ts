import type { Arch } from '../arch/arch.js';
import { VmBug } from '../base/error.js';
import { hpagePmdNr } from '../folio/compound.js';
import type { Machine } from '../machine/machine.js';
import type { Patched } from '../patches/catalogue.js';
import { run } from '../step/step.js';
import { WouldBlock } from '../step/watch.js';
import { access } from '../sys/access.js';
import { type MachineShape, makeMachine } from '../sys/machine.js';
import { Model } from '../trace/model.js';
import { type Operation, parseOperation } from '../trace/operation.js';
import { inPages } from '../trace/huge-words.js';
import { parseHeader } from '../trace/program.js';
import { type World, mmOf } from '../trace/world.js';
import { VM_WRITE } from '../vma/vm-flags.js';
import type { Course } from './course.js';
import { watchEntryStores } from './entry-stores.js';
import { type FindingName, entryFindings } from './findings.js';
import { type Place, entryPlace, namedPlaces, privatePage, privateVma } from './places.js';
import { Reads } from './reads.js';

/** A kind of machine: an architecture, and one of its CPUs that note less by themselves. */
export interface MachineKind {
  readonly arch: Arch;
  readonly cpu?: string;
}

/** What a course showed on one kernel. */
export interface CourseResult {
  /** Functions that stored entries, `huge/split-pmd:fillWithPages`. */
  readonly sites: ReadonlySet<string>;
  /** What was wrong with what they stored. */
  readonly findings: ReadonlyMap<string, ReadonlySet<FindingName>>;
  /** What the course asked of the kernel's patches. */
  readonly reads: Reads;
  /** The promise of its own that the kernel broke on the way; absent: none. */
  readonly bug?: string;
}

/** Runs a course, then lets every process store to every page that the course named, and sees who notices. */
export function runCourse(kind: MachineKind, patched: Patched, course: Course): CourseResult {
  const reads = new Reads();
  const { world, execute } = modelOf(kind, patched, course, reads);
  const sites = new Set<string>();
  const storedBy = new Map<number, string>();
  const findings = new Map<string, Set<FindingName>>();
  const found = (site: string, names: readonly FindingName[]) => {
    for (const name of names) findings.set(site, (findings.get(site) ?? new Set()).add(name));
  };
  const between = watchEntryStores(world.k, ({ site, leaf, ptep, pte }) => {
    sites.add(site);
    storedBy.set(ptep, site);
    found(site, entryFindings(world.k, pte, leaf));
  });
  const operations: Operation[] = [];
  const executeLine = (line: string) => {
    const operation = parseOperation(inPages(line, hpagePmdNr(world.k)));
    operations.push(operation);
    execute(operation);
  };
  const bug = bugOf(() => {
    for (const step of course.steps) {
      between();
      if (typeof step === 'string') executeLine(step);
      else step(world, executeLine);
    }
  });
  const places = bug === undefined ? namedPlaces(world, operations) : [];
  for (const place of places) {
    // The entry that lets the store through is what is wrong, and whoever stored it.
    const site = storedBy.get(entryPlace(world, place));
    const names = storeFindings(world, place, places);
    if (site !== undefined) found(site, names);
  }
  return { sites, findings, reads, ...(bug !== undefined && { bug }) };
}

/** What the kernel says of a promise of its own that it breaks, undefined where it keeps them. */
function bugOf(body: () => void): string | undefined {
  try {
    body();
    return undefined;
  } catch (error) {
    if (error instanceof VmBug || error instanceof WouldBlock) return error.message;
    throw error;
  }
}

function modelOf({ arch, cpu }: MachineKind, patched: Patched, course: Course, reads: Reads) {
  const { name, swap = 'dm', thp = false, hugetlb = false, device = false, objects = [] } = course;
  const header = `prog id=${name.replaceAll(' ', '-')} swap=${arch.kconfig.SWAP ? swap : 'none'} vfio=1`;
  const program = parseHeader(
    `${header} device=${device ? 4 : 0} thp=${thp || hugetlb ? 'always' : 'never'}`,
    objects,
  );
  const model = new Model({ release: '6.1', arch: arch.id, program }, (shape) => {
    const k = makeMachine({ ...shape, patched, cpu, ...smallMemory(arch, shape) });
    const asked = k as { -readonly [N in keyof Machine]: Machine[N] };
    asked.patched = reads.patched(patched);
    asked.variant = reads.variant(k.variant);
    return k;
  });
  return { world: model.world, execute: (operation: Operation) => void model.execute(operation) };
}

/**
 * Room for a few huge pages, and for the tables of a split PUD where there are any: the matrix boots tens of thousands
 * of machines, and the memory of each is cleared.
 */
function smallMemory({ levels, kconfig }: Arch, { nrFrames }: MachineShape): Partial<MachineShape> {
  const floorWords = kconfig.HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD ? 1 << 20 : 1 << 17;
  return { nrFrames: Math.min(nrFrames, 16 * 2 ** levels.at(-1)!.bits), floorWords };
}

/** A byte that no course stores. */
const UNUSUAL = 0xe5;

/** What is wrong once a process has stored to a page of its own. */
function storeFindings(world: World, place: Place, places: readonly Place[]): FindingName[] {
  const vma = privateVma(world, place);
  if (vma === null) return [];
  const others = places.filter((other) => other.process !== place.process || other.address !== place.address);
  const before = others.map((other) => privatePage(world, other));
  const stored = tryStore(world, place);
  const changed = others.some((other, i) => {
    const now = before[i] && privatePage(world, other);
    return now !== undefined && now.frame === before[i]!.frame && now.content !== before[i]!.content;
  });
  const found: FindingName[] = changed ? ['corrupts'] : [];
  if (stored && (vma.vmFlags & VM_WRITE) === 0) found.push('unrefused');
  return found;
}

/** Whether a store goes through. */
function tryStore(world: World, { process, address }: Place): boolean {
  const { k } = world;
  k.current = world.tasks.get(process);
  let stored = false;
  bugOf(() => {
    stored = typeof run(access(k, mmOf(world, process), address, UNUSUAL)) === 'number';
  });
  return stored;
}
