import type { Arch } from '../arch/arch.js';
import { archById } from '../arch/variants.js';
import { vmBugOn } from '../base/error.js';
import { pageContent } from '../folio/frame.js';
import { lruAddDrain } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../mmap/flags.js';
import { vmMmapPgoff } from '../mmap/mmap.js';
import { ptePfn, ptePresent } from '../pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../pgtable/table.js';
import { run } from '../step/step.js';
import { cachedPage, slotContent, swaponArea } from '../swap/area.js';
import { nonSwapEntry, pteToSwpEntry } from '../swap/entry.js';
import { access } from '../sys/access.js';
import { type MachineShape, makeMachine } from '../sys/machine.js';
import { mmOfTask } from '../sys/task.js';
import type { RaceKernel } from './race.js';

/** What a race's machine has more than one CPU and a little memory. */
export type RaceShape = Pick<MachineShape, 'nrCpus'> &
  Partial<
    Pick<
      MachineShape,
      'nrFrames' | 'nrSwapSlots' | 'nrTlbEntries' | 'entryHalves' | 'thp' | 'smp' | 'gatherSizes'
    > & {
      /** The architecture, where it is not as its record has it. */
      readonly record: Arch;
      /** Of the swap area: SWP_SYNCHRONOUS_IO, SWP_STABLE_WRITES. Default none. */
      readonly swapFlags: number;
    }
  >;

/**
 * Boots a small machine for a race. It does not count events, so that ways that differ in nothing else end in one
 * state.
 */
export function bootRace(
  { release, arch, cpu, patched }: Omit<RaceKernel, 'bound'>,
  shape: RaceShape,
): Machine {
  const {
    nrSwapSlots = 0,
    nrFrames = 64,
    record = archById(arch),
    thp,
    entryHalves,
    smp,
    gatherSizes,
  } = shape;
  // A page table of 64 KiB pages is larger than one of 4 KiB pages.
  const tables = record.levels.reduce((sum, { bits }) => sum + 2 ** (bits + 1), 0);
  const k = makeMachine({
    release,
    arch: record,
    cpu,
    patched,
    nrFrames,
    nrSwapSlots,
    nrCpus: shape.nrCpus,
    nrTlbEntries: shape.nrTlbEntries ?? 0,
    thp: thp ?? 'never',
    ...(smp === undefined ? {} : { smp }),
    ...(gatherSizes === undefined ? {} : { gatherSizes }),
    ...(entryHalves === undefined ? {} : { entryHalves }),
    countEvents: false,
    floorWords: Math.max(1 << 14, 4 * tables),
  });
  if (nrSwapSlots > 0) swaponArea(k, nrSwapSlots, shape.swapFlags ?? 0);
  return k;
}

/** Makes a thread's code run on a CPU on behalf of a process. */
export function runningOn(k: Machine, cpu: number, task: Task): () => void {
  return () => {
    k.cpu = cpu;
    k.current = task;
  };
}

/** Maps private anonymous pages on a CPU, the first unless another is given, and writes to each, so that all are present, dirty and exclusive. */
export function mapAnonymous(k: Machine, task: Task, nrPages: number, value: number, cpu = 0): number {
  runningOn(k, cpu, task)();
  const mm = mmOfTask(k, task);
  const len = nrPages * k.pageSize;
  const flags = MAP_PRIVATE | MAP_ANONYMOUS;
  const request = { file: null, addr: 0, len, prot: PROT_READ | PROT_WRITE, flags, pgoff: 0 };
  const start = run(vmMmapPgoff(k, mm, request));
  for (let i = 0; i < nrPages; i++) run(access(k, mm, start + i * k.pageSize, value));
  // Reclaim finds pages on the LRU lists only, not in the batch of the CPU that made them.
  run(lruAddDrain(k));
  return start;
}

/** The page that a process has mapped at an address. */
export function pageAt(k: Machine, task: Task, address: number): number {
  const table = pteTable(k, mmOfTask(k, task).pgd, address);
  return ptePfn(k, readPte(k, pteOffset(k, table, address)));
}

/** The whole content of the page that a process sees at an address, wherever that is now: memory or swap. */
export function contentAt(k: Machine, task: Task, address: number): number {
  const table = pteTable(k, mmOfTask(k, task).pgd, address);
  const pte = readPte(k, pteOffset(k, table, address));
  if (ptePresent(k, pte)) return pageContent(k, ptePfn(k, pte));
  const entry = pteToSwpEntry(k, pte);
  vmBugOn(nonSwapEntry(k, entry), 'the page is neither in memory nor in swap');
  const cached = cachedPage(k, entry);
  return cached === 0 ? slotContent(k, entry) : pageContent(k, cached);
}
