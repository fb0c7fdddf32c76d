import type { Machine } from '../machine/machine.js';
import { kmalloc } from '../machine/slab.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { accessOnce } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { findVma } from '../vma/vma-list.js';
import { doMincore } from '../walk/mincore.js';
import { pagemapRead } from '../walk/pagemap.js';
import { zapPageRangeSingle } from '../zap/zap.js';
import { bootRace, mapAnonymous, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';
import { smallTables } from './small-tables.js';

/** Whoever asks about memory is told about all of it. */
export const everyPageAnswered: Invariant = {
  name: 'a walk answers for every page',
  reason:
    'answers are told apart by their place alone: where one is missing, all behind it are taken for others',
};

/** How many pages a walk answered for. */
type Walk = (k: Machine, mm: Mm, start: number, end: number) => Step<number>;

/** A walk asks about a huge page; others take it away and bring it back. */
function pmdWalk(kernel: RaceKernel, walk: Walk): RaceSetup {
  const nrPages = kernel.bound['entries']!;
  const record = smallTables(kernel.arch, { entries: nrPages, lowFrameBits: 20 });
  const machine = bootRace(kernel, { nrCpus: 3, record, thp: 'always' });
  const task = newTask(machine);
  const mm = mmOfTask(machine, task);
  const start = mapAnonymous(machine, task, nrPages, 0x11);
  const end = start + nrPages * machine.pageSize;
  const answers = kmalloc(machine, 1);
  const on = (cpu: number) => runningOn(machine, cpu, task);
  const again = () => touch(machine, mm, start);
  const touches = Array.from({ length: kernel.bound['touches']! }, () => again);
  return {
    machine,
    threads: [
      { name: 'walker', enter: on(0), operations: [() => ask(machine, mm, start, end, walk, answers)] },
      { name: 'zap', enter: on(1), operations: [() => zap(machine, mm, start, end)] },
      { name: 'user', enter: on(2), operations: touches },
    ],
    broken: () => {
      const answered = ld(machine.slab, answers);
      return answered === nrPages ? null : `${answered} of ${nrPages} pages are answered for`;
    },
    watched: [{ name: '', mm: mm.at, start, nrPages }],
  };
}

function* ask(k: Machine, mm: Mm, start: number, end: number, walk: Walk, answers: number): Step<void> {
  st(k.slab, answers, yield* walk(k, mm, start, end));
}

function* mincore(k: Machine, mm: Mm, start: number, end: number): Step<number> {
  const vec = yield* doMincore(k, mm, start, end);
  return typeof vec === 'number' ? 0 : vec.length;
}

function* pagemap(k: Machine, mm: Mm, start: number, end: number): Step<number> {
  return (yield* pagemapRead(k, mm, start, end, false)).length;
}

function* zap(k: Machine, mm: Mm, start: number, end: number): Step<void> {
  yield* mmapReadLock(k, mm);
  yield* zapPageRangeSingle(k, findVma(k, mm, start)!, start, end);
  mmapReadUnlock(k, mm);
}

function* touch(k: Machine, mm: Mm, address: number): Step<void> {
  yield* accessOnce(k, mm, address, 0x22);
}

const [zapper, user] = ['takes it away by MADV_DONTNEED', 'writes to it, which brings a huge page again'];

const common = {
  kind: 'race',
  invariant: everyPageAnswered,
  bound: { entries: 2, touches: 1 },
  arch: 'x86_32_pae',
  release: 'v6.1',
} as const;

/** An entry for a huge page changes under a walk, which holds the mmap lock for reading only: as a fault does. */
export const pmdWalkRaces: readonly Race[] = [
  {
    ...common,
    name: 'pmd-walk-mincore',
    number: 'P4',
    title: 'A huge page goes while mincore looks at it: is every page answered for?',
    threads: ['asks mincore about the huge page', zapper, user],
    decidedBy: [],
    setUp: (kernel) => pmdWalk(kernel, mincore),
    breaks: () => false,
    why: 'Behind the lock there is no leaf any more, and it asks once more before it goes on to a table: what is none or a leaf again counts as not mapped until v6.4, and is looked at anew since.',
    source: 'mincore_pte_range() of mm/mincore.c',
  },
  {
    ...common,
    name: 'pmd-walk-pagemap',
    title: 'The same where /proc/PID/pagemap is read',
    threads: ['reads the huge page’s part of pagemap', zapper, user],
    decidedBy: ['7780d04046a2'],
    setUp: (kernel) => pmdWalk(kernel, pagemap),
    breaks: ({ patched }) => !patched.pagewalkersRetry,
    why: 'pagemap says nothing of what is neither a leaf under the lock nor a table, so all that it says of later pages comes too early.',
    source: 'commit 7780d04046a2 "mm/pagewalkers: ACTION_AGAIN if pte_offset_map_lock() fails"',
  },
];
