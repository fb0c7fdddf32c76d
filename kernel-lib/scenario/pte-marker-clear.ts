import { pageByte } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { kmalloc } from '../machine/slab.js';
import { madvisePageout } from '../mmap/madvise-cold.js';
import { MAP_PRIVATE, PROT_READ, PROT_WRITE } from '../mmap/flags.js';
import { vmMmapPgoff } from '../mmap/mmap.js';
import { __shmemFileSetup } from '../pagecache/shmem-file.js';
import { genericPerformWrite } from '../pagecache/perform-write.js';
import { pteNone, ptePfn, ptePresent } from '../pgtable/pte.js';
import { pteAlloc, pteOffset, pteTable, readPte, setPteAt } from '../pgtable/table.js';
import { swapoff } from '../reclaim/swapoff.js';
import { ld, st } from '../step/memory.js';
import { type Step, run } from '../step/step.js';
import { PTE_MARKER_UFFD_WP, makePteMarker } from '../swap/entry.js';
import { accessOnce } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import { AddressSpace } from '../vma/file.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { findVma } from '../vma/vma-list.js';
import { bootRace, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';

/** What a process has written to private memory is there, or an access says that it is gone. */
export const noSilentLoss: Invariant = {
  name: 'no silent loss of private data',
  reason: 'private data that could not be read back from swap end in a signal, never in the file’s old data',
};

const IN_FILE = 0x11;
const PRIVATE = 0x22;

/** Faults that each thread may need for a page, one at a time. */
const READS = 2;
const WRITES = 3;

/**
 * Two threads of a process fault on a stale marker of a private file mapping; what the one writes is swapped out and
 * cannot be read back.
 */
function pteMarkerClearRace(kernel: RaceKernel): RaceSetup {
  const machine = bootRace(kernel, { nrCpus: 2, nrSwapSlots: 4 });
  const task = newTask(machine);
  const mm = mmOfTask(machine, task);
  runningOn(machine, 0, task)();
  const nrPages = kernel.bound['pages']!;
  const start = mapWithMarkers(machine, mm, nrPages);
  // Whether the store to each page was done: until then the process may well see the file.
  const written = kmalloc(machine, nrPages);
  const pages = Array.from({ length: nrPages }, (_, i) => ({
    at: start + i * machine.pageSize,
    written: written + i,
  }));
  return {
    machine,
    threads: [
      {
        name: 'reader',
        enter: runningOn(machine, 0, task),
        operations: pages.flatMap(({ at }) => times(READS, () => tryToRead(machine, mm, at))),
      },
      {
        name: 'writer',
        enter: runningOn(machine, 1, task),
        operations: [
          ...pages.flatMap(({ at, written }) => [
            ...times(WRITES, () => tryToWrite(machine, mm, at, written)),
            () => giveUp(machine, mm, at),
          ]),
          () => failingSwapoff(machine),
        ],
      },
    ],
    broken: () => pages.map((page) => silentLoss(machine, mm, page)).find((loss) => loss !== null) ?? null,
    watched: [{ name: '', mm: mm.at, start, nrPages }],
  };
}

function times<T>(n: number, operation: T): T[] {
  return Array.from({ length: n }, () => operation);
}

/** What became of a store that was done, where no access would tell. */
function silentLoss(k: Machine, mm: Mm, { at, written }: { at: number; written: number }): string | null {
  if (ld(k.slab, written) === 0) return null;
  const pte = readPte(k, pteOffset(k, pteTable(k, mm.pgd, at), at));
  if (pteNone(k, pte)) return 'the next access maps the file';
  if (!ptePresent(k, pte)) return null;
  return pageByte(k, ptePfn(k, pte)) === PRIVATE ? null : 'the process sees the file';
}

/** A private mapping of a tmpfs file, with the markers that a userfaultfd left which is no longer there. */
function mapWithMarkers(k: Machine, mm: Mm, nrPages: number): number {
  const file = __shmemFileSetup(k, nrPages);
  const mapping = AddressSpace.at(k, file.fMapping);
  for (let i = 0; i < nrPages; i++) run(genericPerformWrite(k, mapping, i, IN_FILE));
  const prot = PROT_READ | PROT_WRITE;
  const len = nrPages * k.pageSize;
  const start = run(vmMmapPgoff(k, mm, { file, addr: 0, len, prot, flags: MAP_PRIVATE, pgoff: 0 }));
  const table = pteAlloc(k, mm.pgd, start);
  for (let at = start; at < start + len; at += k.pageSize)
    run(setPteAt(k, pteOffset(k, table, at), makePteMarker(k, PTE_MARKER_UFFD_WP)));
  return start;
}

/** A fault at a time: nothing that an earlier one has seen makes a later one different. */
function* tryToRead(k: Machine, mm: Mm, address: number): Step<void> {
  yield* accessOnce(k, mm, address);
}

function* tryToWrite(k: Machine, mm: Mm, address: number, written: number): Step<void> {
  if (yield* accessOnce(k, mm, address, PRIVATE)) st(k.slab, written, 1);
}

/** Swaps the private page out and frees it. */
function* giveUp(k: Machine, mm: Mm, start: number): Step<void> {
  yield* mmapReadLock(k, mm);
  yield* madvisePageout(k, findVma(k, mm, start)!, start, start + k.pageSize);
  mmapReadUnlock(k, mm);
}

/** From now on the swap device fails, and whatever lies on it has to come back. */
function* failingSwapoff(k: Machine): Step<void> {
  k.globals.swapIoFails = 1;
  yield* swapoff(k);
}

/** A marker is cleared while an error marker takes its place. */
export const pteMarkerClearRaces: readonly Race[] = [
  {
    name: 'pte-marker-clear',
    number: 'M21',
    kind: 'race',
    title: 'A stale marker is cleared by two faults, and between them the page is lost: does an access tell?',
    threads: [
      'reads pages whose entries hold stale markers',
      'writes to each and swaps the private page out; then swapoff cannot read them',
    ],
    invariant: noSilentLoss,
    bound: { pages: 2 },
    arch: 'x86_64',
    release: 'v6.2-rc1',
    decidedBy: ['7e3ce3f8d2d2'],
    setUp: pteMarkerClearRace,
    breaks: ({ patched }) => !patched.errorMarkerSurvivesFork,
    why: 'pte_marker_clear() took any marker for the one that it had seen, also the one that says that data are lost.',
    source: 'commit 7e3ce3f8d2d2, the second problem that it solves',
  },
];
