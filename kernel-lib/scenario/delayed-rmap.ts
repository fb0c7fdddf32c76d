import { PG_dirty } from '../folio/flags.js';
import { pageContent, testFlag } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../mmap/flags.js';
import { vmMmapPgoff } from '../mmap/mmap.js';
import { diskContent, diskFileSetup } from '../pagecache/disk-file.js';
import { writeCachePages, writeFolio } from '../pagecache/writeback.js';
import { xaLoad } from '../pagecache/xarray.js';
import { resolvePatches } from '../patches/releases.js';
import { pteDirty, ptePresent } from '../pgtable/pte.js';
import { pteOffset, pteTable } from '../pgtable/table.js';
import { ld } from '../step/memory.js';
import { type Step, choose, run } from '../step/step.js';
import type { StepThread } from '../step/thread.js';
import { access } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import { AddressSpace, type File } from '../vma/file.js';
import { Mm } from '../vma/mm.js';
import { findVma, removeVma } from '../vma/vma-list.js';
import { Vma } from '../vma/vma.js';
import { unmapVmas } from '../zap/unmap-vmas.js';
import { zapPageRangeSingle } from '../zap/zap.js';
import type { RaceKernel, Watched } from './race.js';
import { bootRace, runningOn } from './race-machine.js';

/**
 * The race of 5df397dec7c4: a shared file mapping is unmapped on one CPU while another stores to it through its TLB
 * and a third writes the file back.
 */
export interface DelayedRmapOptions {
  /** Pages of the file, all mapped, written to and in the user's TLB. */
  readonly pages: number;
  /** Stores by the user. */
  readonly stores: number;
  /** `any`: the explorer chooses a page for each store; `inTurn`: the pages follow one another. Default any. */
  readonly targets?: 'any' | 'inTurn';
  /** `file`: writeback looks for all dirty pages; `page`: it has found the first one, and writes that. Default file. */
  readonly writes?: 'file' | 'page';
  /** The kernel. Default: v6.1 on x86_64, where page_remove_rmap() waits for the TLB flush if `patched`. */
  readonly kernel?: Omit<RaceKernel, 'bound'>;
  readonly patched?: boolean;
  /** Processes that map the file: with a second one, the unmapped mapping is not the last. Default 1. */
  readonly mappings?: 1 | 2;
  /**
   * `munmap`: the VMA has left the address space, so a store that misses the TLB ends in a signal. `madvise`: it
   * stays, and the store faults the page in again. Default munmap.
   */
  readonly unmap?: 'munmap' | 'madvise';
  /** Slots of each batch of pages that the unmapping gathers. Default the kernel's own. */
  readonly slots?: number;
}

export interface DelayedRmap {
  readonly machine: Machine;
  readonly threads: readonly StepThread[];
  /** Says which page lost data: newer than the disk, and nothing remembers that it is. */
  readonly lostDirty: () => string | null;
  readonly watched: readonly Watched[];
  readonly files: readonly number[];
}

const UNMAPPER = 0;
const USER = 1;
const WRITEBACK = 2;

/** Sets the race up: a machine of three CPUs just before it, and what each CPU then does. */
export function delayedRmap(options: DelayedRmapOptions): DelayedRmap {
  const { pages, stores, mappings = 1 } = options;
  const machine = bootFor(options);
  const file = diskFileSetup(machine, pages);
  const mapping = AddressSpace.at(machine, file.fMapping);
  const users = Array.from({ length: mappings }, () => newTask(machine));
  const starts = users.map((task) => mapAndWrite(machine, task, file, pages));
  const start = starts[0]!;
  const task = users[0]!;
  const mm = mmOfTask(machine, task);
  const vma = findVma(machine, mm, start)!;
  if (options.unmap !== 'madvise') removeVma(machine, mm, vma);

  const on = (cpu: number) => runningOn(machine, cpu, task);
  const target = (n: number) => (options.targets === 'inTurn' ? n % pages : null);
  const store = (n: number) => () => storeTo(machine, mm, start, pages, target(n), 2 + n);
  const write = () => writing(machine, mapping, options);
  const threads: StepThread[] = [
    { name: 'unmap', enter: on(UNMAPPER), operations: [() => unmapping(machine, vma, options)] },
    { name: 'user', enter: on(USER), operations: Array.from({ length: stores }, (_, n) => store(n)) },
    { name: 'writeback', enter: on(WRITEBACK), operations: [write] },
  ];
  const watched = users.map(({ mm }, n) => ({
    name: n === 0 ? '' : 'other process',
    mm,
    start: starts[n]!,
    nrPages: pages,
  }));
  return { machine, threads, lostDirty: () => lostDirty(machine, mapping), watched, files: [mapping.at] };
}

function bootFor({ pages, patched = false, kernel, slots }: DelayedRmapOptions): Machine {
  const [release, arch] = ['v6.1', 'x86_64'];
  const ids = patched ? ['5df397dec7c4'] : [];
  const chosen = kernel ?? { release, arch, patched: resolvePatches(release, arch, ids) };
  const gatherSizes = slots === undefined ? {} : { gatherSizes: { bundle: slots, batch: slots, batches: 1 } };
  return bootRace(chosen, { nrCpus: 3, nrTlbEntries: pages, ...gatherSizes });
}

/** Maps the file and stores 1 to every page, so that the CPU has cached dirty entries. Gives the address. */
function mapAndWrite(k: Machine, task: Task, file: File, pages: number): number {
  const mm = mmOfTask(k, task);
  k.cpu = USER;
  k.current = task;
  const len = pages * k.pageSize;
  const request = { file, addr: 0, len, prot: PROT_READ | PROT_WRITE, flags: MAP_SHARED, pgoff: 0 };
  const start = run(vmMmapPgoff(k, mm, request));
  for (let i = 0; i < pages; i++) run(access(k, mm, start + i * k.pageSize, 1));
  return start;
}

function* unmapping(k: Machine, vma: Vma, { unmap }: DelayedRmapOptions): Step<void> {
  if (unmap === 'madvise') yield* zapPageRangeSingle(k, vma, vma.vmStart, vma.vmEnd);
  else yield* unmapVmas(k, Mm.at(k, vma.vmMm), [vma]);
}

function* storeTo(
  k: Machine,
  mm: Mm,
  start: number,
  pages: number,
  target: number | null,
  value: number,
): Step<void> {
  const page = target ?? (pages > 1 ? yield* choose(pages) : 0);
  yield* access(k, mm, start + page * k.pageSize, value);
}

function* writing(k: Machine, mapping: AddressSpace, { writes }: DelayedRmapOptions): Step<void> {
  if (writes === 'page') yield* writeFolio(k, mapping, xaLoad(k, mapping, 0));
  else yield* writeCachePages(k, mapping);
}

function lostDirty(k: Machine, mapping: AddressSpace): string | null {
  for (let index = 0; index * k.pageSize < mapping.iSize; index++) {
    const page = xaLoad(k, mapping, index);
    if (pageContent(k, page) === diskContent(k, mapping, index)) continue;
    if (!testFlag(k, page, PG_dirty) && !anyEntryDirty(k, mapping, index))
      return `page ${index} lost a store`;
  }
  return null;
}

function anyEntryDirty(k: Machine, mapping: AddressSpace, index: number): boolean {
  for (let at = mapping.iMmap; at !== 0; at = Vma.at(k, at).sharedNext) {
    const vma = Vma.at(k, at);
    const address = vma.vmStart + (index - vma.vmPgoff) * k.pageSize;
    const table = pteTable(k, Mm.at(k, vma.vmMm).pgd, address);
    if (table === 0) continue;
    const ptep = pteOffset(k, table, address);
    const pte = { lo: ld(k.ptes, ptep), hi: ld(k.ptes, ptep + 1) };
    if (ptePresent(k, pte) && pteDirty(k, pte)) return true;
  }
  return false;
}
