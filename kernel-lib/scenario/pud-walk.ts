import type { Arch } from '../arch/arch.js';
import { vaSplit } from '../arch/shorthand.js';
import { archById } from '../arch/variants.js';
import { InputError, vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../mmap/flags.js';
import { vmMmapPgoff } from '../mmap/mmap.js';
import { daxDeviceSetup } from '../pagecache/dax-device.js';
import { hpagePudNr, hpagePudSize, pudAt, pudLeaf } from '../pgtable/pud.js';
import { type Step, run } from '../step/step.js';
import { access, accessOnce } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { vmaMapping } from '../vma/file.js';
import { findVma } from '../vma/vma-list.js';
import { linearPageIndex } from '../vma/vma.js';
import { cleanRecordSharedMappingRange } from '../walk/mapping-dirty-helpers.js';
import { hmmRangeFault } from '../walk/hmm.js';
import { doMincore } from '../walk/mincore.js';
import { zapPageRangeSingle } from '../zap/zap.js';
import { bootRace, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';

/** Whoever goes down a level finds a table there. */
export const tablesOnly: Invariant = {
  name: 'a walk reads page tables only',
  reason:
    'what lies behind an entry that is none, or a leaf, is no table: its bytes would be taken for entries',
};

/** A walk wants one page of device memory that a single entry maps; others take that entry away and bring it back. */
function pudWalk(kernel: RaceKernel, walk: typeof mincore): RaceSetup {
  const record = tablesOf(kernel.arch, kernel.bound['entries']!);
  const machine = bootRace(kernel, { nrCpus: 3, record });
  const task = newTask(machine);
  const mm = mmOfTask(machine, task);
  const start = mapDevice(machine, task);
  const on = (cpu: number) => runningOn(machine, cpu, task);
  const again = () => touch(machine, mm, start);
  return {
    machine,
    threads: [
      { name: 'walker', enter: on(0), operations: [() => walk(machine, mm, start)] },
      { name: 'zap', enter: on(1), operations: [() => zap(machine, mm, start)] },
      {
        name: 'user',
        enter: on(2),
        operations: Array.from({ length: kernel.bound['touches']! }, () => again),
      },
    ],
    // The walk stops the machine where it goes astray.
    broken: () => null,
    watched: [{ name: '', mm: mm.at, start, nrPages: hpagePudNr(machine) }],
  };
}

/** The architecture with tables of few entries. @throws InputError where no entry two levels up can be a leaf */
export function tablesOf(id: string, entries: number): Arch {
  const arch = archById(id);
  const bits = Math.log2(entries);
  if (!arch.kconfig.HAVE_ARCH_TRANSPARENT_HUGEPAGE_PUD || arch.levels.length !== 4)
    throw new InputError(`${id} has no four levels with huge entries at the second: take x86_64`);
  if (!Number.isInteger(bits) || bits < 1 || bits > 2)
    throw new InputError(`tables of ${entries} entries; allowed: 2, 4`);
  return { ...arch, levels: vaSplit(arch.pageShift, { pgd: 2, pud: 2, pmd: bits, pte: bits }) };
}

/** Maps what one entry can span of a device, shared, and touches it. */
export function mapDevice(k: Machine, task: Task): number {
  runningOn(k, 0, task)();
  const mm = mmOfTask(k, task);
  const len = hpagePudSize(k);
  const file = daxDeviceSetup(k, hpagePudNr(k), len);
  const prot = PROT_READ | PROT_WRITE;
  const start = run(vmMmapPgoff(k, mm, { file, addr: 0, len, prot, flags: MAP_SHARED, pgoff: 0 }));
  run(access(k, mm, start));
  vmBugOn(!pudLeaf(pudAt(k, mm.pgd, start)), 'the device is not mapped by one entry');
  return start;
}

function* mincore(k: Machine, mm: Mm, start: number): Step<void> {
  yield* doMincore(k, mm, start, start + k.pageSize);
}

/** A device asks for the page's place, and faults nothing in. */
function* mirror(k: Machine, mm: Mm, start: number): Step<void> {
  yield* mmapReadLock(k, mm);
  yield* hmmRangeFault(k, mm, { start, end: start + k.pageSize, defaultFlags: 0 });
  mmapReadUnlock(k, mm);
}

/** A driver asks which pages of its object processes have written, and makes their entries clean. */
function* cleanRecord(k: Machine, mm: Mm, start: number): Step<void> {
  const vma = findVma(k, mm, start)!;
  yield* cleanRecordSharedMappingRange(k, vmaMapping(k, vma)!, linearPageIndex(vma, start), 1);
}

function* zap(k: Machine, mm: Mm, start: number): Step<void> {
  yield* mmapReadLock(k, mm);
  yield* zapPageRangeSingle(k, findVma(k, mm, start)!, start, start + hpagePudSize(k));
  mmapReadUnlock(k, mm);
}

function* touch(k: Machine, mm: Mm, address: number): Step<void> {
  yield* accessOnce(k, mm, address);
}

const [zapper, user] = [
  'takes the memory away, as MADV_DONTNEED does',
  'touches it, which maps it by one entry again',
];

const common = {
  kind: 'race',
  invariant: tablesOnly,
  bound: { entries: 2, touches: 2 },
  arch: 'x86_64',
  release: 'v6.1',
  decidedBy: ['3b89863c3fa4'],
  source: 'commit 3b89863c3fa4 "mm/pagewalk: fix race between concurrent split and refault"',
} as const;

/** An entry of a GiB changes under a walk, which holds the mmap lock for reading only: as a fault does. */
export const pudWalkRaces: readonly Race[] = [
  {
    ...common,
    name: 'pud-walk',
    number: 'P1',
    title: 'A huge entry of a GiB goes and comes back while a walk splits it: what does the walk read?',
    threads: ['walks the page tables for mincore, which splits the entry', zapper, user],
    setUp: (kernel) => pudWalk(kernel, mincore),
    breaks: ({ patched }) => !patched.pagewalkRetriesLeaf,
    why: 'After it split the entry the walk asks only whether there is none; a fault may have brought the leaf back, and that is no table. The RFC of 2020 reads the entry once, but follows that copy into the leaf as well.',
  },
  {
    ...common,
    name: 'pud-walk-hmm',
    number: 'P2',
    title: 'The same where HMM walks, which locks a huge entry and leaves it whole',
    threads: ['walks the page tables for a device by hmm_range_fault()', zapper, user],
    setUp: (kernel) => pudWalk(kernel, mirror),
    breaks: ({ patched }) => !patched.pagewalkRetriesLeaf,
    why: 'Where HMM finds no leaf under the lock it asks for what lies below; the leaf may be back before the walk looks again.',
  },
  {
    ...common,
    name: 'pud-walk-clean-record',
    title: 'The same where a driver collects dirty pages, from the object’s side and without the mmap lock',
    threads: ['walks the object’s mappings by clean_record_shared_mapping_range()', zapper, user],
    setUp: (kernel) => pudWalk(kernel, cleanRecord),
    // 3b89863c3fa4 would, too.
    decidedBy: ['?pagewalk-pud-once'],
    breaks: ({ patched }) => !patched.pagewalkRetriesLeaf && !patched.pagewalkPassesPud,
    why: 'wp_clean_pud_entry() passes over a leaf, but looks for itself: where it finds none the walk goes on down, and the leaf may be back. With the RFC of 2020 it judges what the walk has seen.',
  },
];
