import { InputError } from '../base/error.js';
import { faultRows, type FaultRow } from './faults.js';
import type { RecordedKernel } from './kernel.js';
import { openRecording, type Chunks } from './lines.js';
import type { RecordedProgram } from './recording.js';
import { programTouches, type Touch } from './touches.js';

/** One file of recordings, as datasets/manifest.json lists it. */
export interface ManifestEntry extends RecordedKernel {
  /** Path below datasets/. */
  readonly file: string;
  /** `uname -r` of the kernel. */
  readonly uname: string;
  readonly programs: number;
  /** Programs by the mix they were drawn from; `hand-written` ones by that word. */
  readonly profiles: Readonly<Record<string, number>>;
  readonly operations: number;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  /** How, on what and under which settings the kernels were recorded. */
  readonly recorded: string;
  readonly recordings: readonly ManifestEntry[];
}

/** Where the recordings come from: a folder on disk, or what a page has loaded. */
export interface RecordingProvider {
  manifest(): Manifest;
  /** The unpacked text of a file of the manifest. */
  text(file: string): Chunks;
}

/** Which recordings are meant; what is left out means all. */
export interface Selection {
  /** Kernels by short name, `amd64-6.1`. */
  readonly kernel?: string | readonly string[];
  /** Files by their path below datasets/. */
  readonly file?: string | readonly string[];
  /** Programs by the mix they were drawn from, the `profile=` of their header, or `hand-written`. */
  readonly profile?: string | readonly string[];
  /** Programs by their id; the same id may have been recorded on several kernels. */
  readonly program?: string | readonly string[];
}

/** A program, and the file that it was read from. */
export interface ProgramOfKernel {
  readonly from: ManifestEntry;
  readonly program: RecordedProgram;
}

/** The recordings of real kernels, read as they are asked for. */
export interface Recordings {
  /** Every file of recordings, in a fixed order. */
  manifest(): readonly ManifestEntry[];
  /** Short names of the recorded kernels. */
  kernels(): readonly string[];
  /**
   * Programs with every operation and what was seen after it, one at a time in memory.
   *
   * @param onPassedOver is told of programs of the same files that are not meant, in their order
   * @throws InputError for an unknown kernel or file, or a damaged recording
   */
  programs(
    selection?: Selection,
    onPassedOver?: (passedOver: ProgramOfKernel) => void,
  ): AsyncGenerator<ProgramOfKernel, void, void>;
  /**
   * One program by its id; the same id may have been recorded on several kernels.
   *
   * @throws InputError when that kernel has no such program
   */
  program(kernel: string, id: string): Promise<RecordedProgram>;
  /**
   * A tidy table of the faults charged to each operation that a process of a program did: one row per operation.
   *
   * @throws InputError for an unknown kernel or file, or a damaged recording
   */
  faults(selection?: Selection): Promise<FaultRow[]>;
  /**
   * Every load and store that a program's processes did themselves, with what the page table held before.
   *
   * @throws InputError for an unknown kernel or file, or a damaged recording
   */
  touches(selection?: Selection): Promise<Touch[]>;
}

/** The recordings that a provider holds. */
export function recordingsFrom(provider: RecordingProvider): Recordings {
  const manifest = (): readonly ManifestEntry[] => provider.manifest().recordings;
  const kernels = (): readonly string[] => [...new Set(manifest().map((entry) => entry.kernel))];

  async function* programs(
    selection: Selection = {},
    onPassedOver: (passedOver: ProgramOfKernel) => void = () => {},
  ): AsyncGenerator<ProgramOfKernel, void, void> {
    const profiles = list(selection.profile);
    const ids = list(selection.program);
    for (const from of select(manifest(), selection)) {
      const recording = await openRecording(from.file, provider.text(from.file));
      for await (const program of recording.programs) {
        const meant =
          (profiles?.includes(program.header.profile) ?? true) && (ids?.includes(program.id) ?? true);
        if (meant) yield { from, program };
        else onPassedOver({ from, program });
      }
    }
  }

  async function program(kernel: string, id: string): Promise<RecordedProgram> {
    for await (const { program } of programs({ kernel, program: id })) return program;
    throw new InputError(`kernel ${kernel} has no recorded program "${id}"`);
  }

  async function faults(selection: Selection = {}): Promise<FaultRow[]> {
    const rows: FaultRow[] = [];
    for await (const { from, program } of programs(selection)) rows.push(...faultRows(from, program));
    return rows;
  }

  async function touches(selection: Selection = {}): Promise<Touch[]> {
    const rows: Touch[] = [];
    for await (const { from, program } of programs(selection)) rows.push(...programTouches(from, program));
    return rows;
  }

  return { manifest, kernels, programs, program, faults, touches };
}

function select(entries: readonly ManifestEntry[], selection: Selection): readonly ManifestEntry[] {
  const wanted = (field: Chosen) => known(field, list(selection[field]), entries);
  const [kernels, files, profiles] = [wanted('kernel'), wanted('file'), wanted('profile')];
  return entries.filter(
    (entry) =>
      (kernels?.includes(entry.kernel) ?? true) &&
      (files?.includes(entry.file) ?? true) &&
      (profiles?.some((profile) => Object.hasOwn(entry.profiles, profile)) ?? true),
  );
}

type Chosen = 'kernel' | 'file' | 'profile';

const valuesOf: Readonly<Record<Chosen, (entry: ManifestEntry) => readonly string[]>> = {
  kernel: ({ kernel }) => [kernel],
  file: ({ file }) => [file],
  profile: ({ profiles }) => Object.keys(profiles),
};

function known(
  field: Chosen,
  wanted: readonly string[] | undefined,
  entries: readonly ManifestEntry[],
): readonly string[] | undefined {
  const values = new Set(entries.flatMap(valuesOf[field]));
  for (const value of wanted ?? []) {
    if (!values.has(value))
      throw new InputError(`no ${field} "${value}" is recorded; known: ${[...values].join(', ')}`);
  }
  return wanted;
}

function list(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : value;
}
