import type { Arch } from '../arch/arch.js';
import { archById, arches } from '../arch/variants.js';
import { releaseByName } from '../patches/releases.js';
import { type CallSite, callSites, siteName } from './call-sites.js';
import type { Course } from './course.js';
import { courses } from './courses/all.js';
import { type FindingName, findingNames } from './findings.js';
import { type MatrixKernel, matrixKernels } from './kernels.js';
import { type CourseResult, type MachineKind, runCourse } from './run-course.js';

/** What the matrix is asked for. */
export interface MatrixOptions {
  /** Architecture variants; absent: all. */
  readonly arches?: readonly string[];
  /** A release that `boot` knows; absent: every combination of the states that concern dirty bits. */
  readonly release?: string;
  /** Called after each kind of machine. */
  readonly onProgress?: (done: MachineRow) => void;
}

/** Something wrong, on one path of one kernel. */
export interface BadCell {
  readonly arch: string;
  readonly cpu?: string;
  /** What the kernel has of the patches that concern dirty bits: `{ split: 'dirty last', … }`. */
  readonly state: Readonly<Record<string, string>>;
  /** The path: a function that stores entries, `huge/split-pmd:fillWithPages`. */
  readonly site: string;
  /** Worst first. */
  readonly findings: readonly FindingName[];
}

/** One architecture on one of its CPUs. */
export interface MachineRow {
  readonly arch: string;
  readonly cpu?: string;
  readonly kernels: number;
  /** Paths that were gone over, on any of the kernels. */
  readonly sites: readonly string[];
  readonly bad: readonly BadCell[];
}

/** Every architecture on every kernel over every path. */
export interface DirtyMatrix {
  readonly release?: string;
  /** All paths: the functions that store entries. */
  readonly sites: readonly CallSite[];
  readonly rows: readonly MachineRow[];
  /** Paths that no architecture's courses led over. */
  readonly unreached: readonly string[];
  /** Kernels times the paths gone over on them. */
  readonly cells: number;
}

/** How many kinds of machine a matrix has rows for. */
export function machineKinds(ids?: readonly string[]): MachineKind[] {
  const chosen = ids === undefined ? arches : ids.map(archById);
  return chosen.flatMap((arch) => [{ arch }, ...Object.keys(arch.cpus ?? {}).map((cpu) => ({ arch, cpu }))]);
}

/**
 * Runs every course on every kernel of every architecture, and asks the three invariants of every entry that is stored;
 * then whether a store by one process changes what another reads from a private mapping.
 *
 * @throws InputError for an architecture or a release that there is not
 */
export function dirtyMatrix({ arches: ids, release, onProgress }: MatrixOptions = {}): DirtyMatrix {
  const named = release === undefined ? undefined : releaseByName(release);
  const rows = machineKinds(ids).map((kind) => {
    const row = machineRow(kind, named);
    onProgress?.(row);
    return row;
  });
  return dirtyMatrixOf(rows, named);
}

/** The matrix that these rows are, wherever they were made; `release` where that is all they were asked for. */
export function dirtyMatrixOf(rows: readonly MachineRow[], release?: string): DirtyMatrix {
  const reached = new Set(rows.flatMap(({ sites }) => sites));
  return {
    ...(release !== undefined && { release }),
    sites: callSites,
    rows,
    unreached: callSites.map(siteName).filter((site) => !reached.has(site)),
    cells: rows.reduce((sum, { kernels, sites }) => sum + kernels * sites.length, 0),
  };
}

/** One kind of machine on every kernel, or on one release alone. */
export function machineRow(kind: MachineKind, release?: string): MachineRow {
  const { arch, cpu } = kind;
  const kernels = matrixKernels(arch, release);
  const runs = courses
    .filter((course) => possible(course, arch))
    .map((course) => new CourseRuns(kind, course));
  const sites = new Set<string>();
  const bad = kernels.flatMap((kernel) => {
    const found = new Map<string, Set<FindingName>>();
    for (const run of runs) {
      const result = run.on(kernel);
      for (const site of result.sites) sites.add(site);
      for (const [site, names] of result.findings) {
        found.set(site, new Set([...(found.get(site) ?? []), ...names]));
      }
    }
    return [...found].map(([site, names]) => ({
      arch: arch.id,
      ...(cpu !== undefined && { cpu }),
      state: kernel.state,
      site,
      findings: findingNames.filter((name) => names.has(name)),
    }));
  });
  return {
    arch: arch.id,
    ...(cpu !== undefined && { cpu }),
    kernels: kernels.length,
    sites: [...sites].sort(),
    bad,
  };
}

function possible({ thp, hugetlb }: Course, { huge }: Arch): boolean {
  return !(thp || hugetlb) || huge !== undefined;
}

/** One course on one kind of machine. Kernels that answer alike what it asks of their patches run alike. */
class CourseRuns {
  readonly #kind: MachineKind;
  readonly #course: Course;
  readonly #known: { readonly operators: string | undefined; readonly result: CourseResult }[] = [];

  constructor(kind: MachineKind, course: Course) {
    this.#kind = kind;
    this.#course = course;
  }

  on({ state, patched }: MatrixKernel): CourseResult {
    const { operators } = state;
    const alike = this.#known.find((run) => run.operators === operators && run.result.reads.agree(patched));
    if (alike !== undefined) return alike.result;
    const result = runCourse(this.#kind, patched, this.#course);
    this.#known.push({ operators, result });
    return result;
  }
}
