import { pteVal } from '../arch/codec.js';
import { ZERO_PFN, pageByte, pageRefcount } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { vmEvents } from '../machine/vmstat.js';
import { decodeMachinePte } from '../pgtable/decode.js';
import { entryAt, pmdNone } from '../pgtable/pmd.js';

import { pteTable } from '../pgtable/table.js';
import { ld } from '../step/memory.js';
import { type PinnedPages, pinnedPage } from '../sys/pins.js';
import type { Mapping, Outcome, Page } from '../trace/driver.js';
import type { Model } from '../trace/model.js';
import type { Operation } from '../trace/operation.js';
import { type World, addressOf, mmOf } from '../trace/world.js';

/** The page-table entry of a page that a step names, after the step. */
export interface SeenEntry {
  readonly process: number;
  readonly region: number;
  readonly index: number;
  /** The raw value, hexadecimal. */
  readonly value: string;
  /** Its meaning in words. */
  readonly text: string;
  /** Letters of its bits in /proc/PID/pagemap, as in the recordings: `PXD`. */
  readonly pagemap: string;
  /** Of a swap entry: whether it remembers an exclusive page. */
  readonly exclusive?: boolean;
  /** Of a present entry. */
  readonly writable?: boolean;
  readonly dirty?: boolean;
  readonly young?: boolean;
  /** Page flags, letters as in /proc/kpageflags of the recordings; absent when no page is mapped. */
  readonly flags?: string;
  readonly frame?: number | 'Z';
  /** References and mappings of the page, absent for the zero page. */
  readonly refcount?: number;
  readonly mapcount?: number;
}

/** A page that somebody holds by a pin or reference, and its first byte seen that way. */
export interface SeenPin {
  readonly pin: number;
  readonly frame: number | 'Z';
  readonly byte: number;
}

/** A mapping in the region that a step names, after the step. */
export interface SeenMapping extends Pick<Mapping, 'region' | 'index' | 'nrPages' | 'flags'> {
  readonly process: number;
  /** KiB, by their names in /proc/PID/smaps; zeros are left out. */
  readonly smaps: Readonly<Record<string, number>>;
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
  /** Bytes that were read, -1 for SIGSEGV, -2 for SIGBUS. */
  readonly vals?: readonly number[];
  /** What monitors of userfaultfd read meanwhile; absent: nothing. */
  readonly events?: Outcome['events'];
  /** What the kernel warned of; absent: nothing. */
  readonly warnings?: readonly string[];
  /** Minor and major faults. */
  readonly min: number;
  readonly maj: number;
  /** Counters of /proc/vmstat that moved. */
  readonly vm: Readonly<Record<string, number>>;
  /** Changes of the acting process's page counts: `anon`, `file`, `shmem`, `swap`. */
  readonly rss: Readonly<Record<string, number>>;
  readonly pages: readonly SeenEntry[];
  readonly pins: readonly SeenPin[];
  readonly mappings: readonly SeenMapping[];
}

/** Runs one operation and looks at what it named. */
export function runStep(model: Model, operation: Operation): StepReport {
  const { world } = model;
  const { k } = world;
  const vmBefore = vmEvents.map((_, event) => ld(k.vmstat, event));
  const rssBefore = rssOf(world, operation);
  const { ret, err, signal, val, vals, min, maj, events, warnings = [] } = model.execute(operation);
  const rssAfter = rssOf(world, operation);
  const processes = [...model.snapshot().processes];
  return {
    ...{ op: operation.line, ret, err, min, maj },
    ...(signal !== undefined && { signal }),
    ...(val !== undefined && { val }),
    ...(vals !== undefined && { vals }),
    ...(events.length > 0 && { events }),
    ...(warnings.length > 0 && { warnings }),
    vm: moved(vmEvents, (_, event) => ld(k.vmstat, event) - vmBefore[event]!),
    rss: moved(['anon', 'file', 'shmem', 'swap'], (kind) => (rssAfter[kind] ?? 0) - (rssBefore[kind] ?? 0)),
    pages: processes.flatMap(([process, mappings]) => entriesIn(world, process, mappings, operation)),
    pins: [...world.pins].flatMap(([pin, pinned]) => seenPins(k, pin, pinned)),
    mappings: processes.flatMap(([process, mappings]) => mappingsIn(process, mappings, operation)),
  };
}

function moved(names: readonly string[], by: (name: string, at: number) => number): Record<string, number> {
  return Object.fromEntries(
    names.map((name, at) => [name, by(name, at)] as const).filter(([, n]) => n !== 0),
  );
}

/** Page counts of the process that acts; nothing once it has exited. */
function rssOf(world: World, operation: Operation): Record<string, number> {
  if (!('process' in operation) || !world.tasks.has(operation.process)) return {};
  const { rssAnon, rssFile, rssShmem, swapEnts } = mmOf(world, operation.process);
  return { anon: rssAnon, file: rssFile, shmem: rssShmem, swap: swapEnts };
}

/** Pages of one operation that are looked at: the rest would be more of the same. */
const MOST_PAGES = 4;

/** The pages that the operation names, of one process: sharing shows only side by side. */
function entriesIn(
  world: World,
  process: number,
  mappings: readonly Mapping[],
  operation: Operation,
): SeenEntry[] {
  if (!('region' in operation)) return [];
  const { region } = operation;
  const first = 'index' in operation ? operation.index : 0;
  const nrPages = 'nrPages' in operation ? Math.min(operation.nrPages, MOST_PAGES) : 1;
  return Array.from({ length: nrPages }, (_, n) => first + n).flatMap((index) => {
    const mapping = mappings.find((candidate) => holds(candidate, region, index));
    if (mapping === undefined) return [];
    const page = mapping.pages[index - mapping.index]!;
    return [
      {
        process,
        region,
        index,
        ...entryOf(world, process, region, index),
        ...pageOf(world.k, page),
      },
    ];
  });
}

function holds(mapping: Mapping, region: number, index: number): boolean {
  return mapping.region === region && index >= mapping.index && index < mapping.index + mapping.nrPages;
}

function pageOf(
  k: Machine,
  page: Page,
): Pick<SeenEntry, 'pagemap' | 'flags' | 'frame' | 'refcount' | 'mapcount'> {
  const { bits: pagemap } = page;
  if (page.kind !== 'present') return { pagemap };
  const { flags, frame, count } = page;
  if (frame === 'Z') return { pagemap, flags, frame };
  return { pagemap, flags, frame, refcount: pageRefcount(k, frame), mapcount: count };
}

function entryOf(world: World, process: number, region: number, index: number) {
  const { k } = world;
  const address = addressOf(world, region, index);
  const { pgd } = mmOf(world, process);
  const huge = pteTable(k, pgd, address) === 0;
  const entry = entryAt(k, pgd, address);
  if (huge && pmdNone(k, entry)) return { value: '0x0', text: 'empty' };
  const { value, text, exclusive, writable, dirty, young } = decodeMachinePte(
    k,
    pteVal(Int32Array.of(entry.lo, entry.hi), 0),
    huge ? 'pmd' : 'pte',
  );
  const present = writable !== undefined && { writable, dirty: dirty!, young: young! };
  return {
    value,
    text: huge ? `huge page, ${text}` : text,
    ...(exclusive !== undefined && { exclusive }),
    ...present,
  };
}

function seenPins(k: Machine, pin: number, pinned: PinnedPages): SeenPin[] {
  return Array.from({ length: pinned.nrPages }, (_, index) => {
    const frame = pinnedPage(k, pinned, index);
    return { pin, frame: frame === ZERO_PFN ? 'Z' : frame, byte: pageByte(k, frame) };
  });
}

function mappingsIn(process: number, mappings: readonly Mapping[], operation: Operation): SeenMapping[] {
  if (!('region' in operation)) return [];
  return mappings
    .filter(({ region }) => region === operation.region)
    .map(({ region, index, nrPages, flags, smaps }) => {
      const some = Object.fromEntries(Object.entries(smaps).filter(([, kib]) => kib !== 0));
      return { process, region, index, nrPages, flags, smaps: some };
    });
}
