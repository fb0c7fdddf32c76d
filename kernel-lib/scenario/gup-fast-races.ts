import { dupMmap } from '../fork/dup-mmap.js';
import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_GET, FOLL_PIN, FOLL_WRITE } from '../gup/flags.js';
import type { Machine } from '../machine/machine.js';
import { kmalloc } from '../machine/slab.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { access } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { findVma } from '../vma/vma-list.js';
import { zapPageRangeSingle } from '../zap/zap.js';
import { bootRace, mapAnonymous, pageAt, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';

/** A page that a device may write to is the page that the process sees. */
export const pinnedPageStays: Invariant = {
  name: 'a pinned page stays the process’s own',
  reason: 'FOLL_PIN promises that what a device writes to the page, the process reads, also after fork',
};

/** Whoever takes a page of one process never gets the page of another. */
export const noStrangersPage: Invariant = {
  name: 'no stranger’s page',
  reason: 'a page that was freed and used anew while GUP-fast looked at it must not be handed out',
};

/** GUP-fast pins a page for writing while its process forks and then writes to it. */
function gupFastFork(kernel: RaceKernel): RaceSetup {
  const machine = bootRace(kernel, { nrCpus: 2 });
  const task = newTask(machine);
  const child = newTask(machine);
  const [mm, childMm] = [mmOfTask(machine, task), mmOfTask(machine, child)];
  const nrPages = kernel.bound['pages']!;
  const start = mapAnonymous(machine, task, nrPages, 0x11);
  const pinned = kmalloc(machine, nrPages);
  const addresses = Array.from({ length: nrPages }, (_, i) => start + i * machine.pageSize);
  return {
    machine,
    threads: [
      {
        name: 'pin',
        enter: runningOn(machine, 0, task),
        operations: addresses.map((at, i) => () => take(machine, mm, at, FOLL_PIN | FOLL_WRITE, pinned + i)),
      },
      {
        name: 'fork',
        enter: runningOn(machine, 1, task),
        operations: [
          () => fork(machine, childMm, mm),
          ...addresses.map((at) => () => touch(machine, mm, at, 0x22)),
        ],
      },
    ],
    broken: () => {
      const lost = addresses.findIndex((at, i) => pageAt(machine, task, at) !== ld(machine.slab, pinned + i));
      return lost < 0 ? null : `page ${lost} of the process is not the pinned one`;
    },
    watched: [
      { name: '', mm: mm.at, start, nrPages },
      { name: 'child', mm: childMm.at, start, nrPages },
    ],
  };
}

/** GUP-fast takes a page that is unmapped, freed and given to another process under its eyes. */
function gupFastZap(kernel: RaceKernel): RaceSetup {
  const machine = bootRace(kernel, { nrCpus: 3 });
  const [task, other] = [newTask(machine), newTask(machine)];
  const [mm, otherMm] = [mmOfTask(machine, task), mmOfTask(machine, other)];
  const nrPages = kernel.bound['pages']!;
  const otherStart = mapAnonymous(machine, other, nrPages, 0x33);
  const start = mapAnonymous(machine, task, nrPages, 0x11);
  // Memory is full: what is freed is what is used next.
  machine.globals.nextFrame = machine.nrFrames;
  const taken = kmalloc(machine, nrPages);
  const pages = Array.from({ length: nrPages }, (_, i) => i);
  const at = (first: number, i: number) => first + i * machine.pageSize;
  return {
    machine,
    threads: [
      {
        name: 'gup',
        enter: runningOn(machine, 0, task),
        operations: pages.map((i) => () => take(machine, mm, at(start, i), FOLL_GET, taken + i)),
      },
      {
        name: 'zap',
        enter: runningOn(machine, 1, task),
        operations: pages.map((i) => () => zap(machine, mm, at(start, i))),
      },
      {
        name: 'other process',
        enter: runningOn(machine, 2, other),
        operations: pages.flatMap((i) => [
          () => zap(machine, otherMm, at(otherStart, i)),
          () => touch(machine, otherMm, at(otherStart, i), 0x44),
        ]),
      },
    ],
    broken: () => {
      const theirs = pages.map((i) => pageAt(machine, other, at(otherStart, i)));
      const got = pages.map((i) => ld(machine.slab, taken + i)).filter((page) => page !== 0);
      return got.some((page) => theirs.includes(page)) ? 'it got a page of the other process' : null;
    },
    watched: [
      { name: '', mm: mm.at, start, nrPages },
      { name: 'the other process', mm: otherMm.at, start: otherStart, nrPages },
    ],
  };
}

function* take(k: Machine, mm: Mm, address: number, flags: number, to: number): Step<void> {
  const pages: number[] = [];
  yield* internalGetUserPagesFast(k, mm, address, 1, flags, pages);
  if (pages.length > 0) st(k.slab, to, pages[0]!);
}

function* fork(k: Machine, childMm: Mm, mm: Mm): Step<void> {
  yield* dupMmap(k, childMm, mm);
}

function* zap(k: Machine, mm: Mm, start: number): Step<void> {
  yield* mmapReadLock(k, mm);
  yield* zapPageRangeSingle(k, findVma(k, mm, start)!, start, start + k.pageSize);
  mmapReadUnlock(k, mm);
}

function* touch(k: Machine, mm: Mm, address: number, value: number): Step<void> {
  yield* access(k, mm, address, value);
}

/** GUP-fast takes pages without any lock: against whom does that have to be safe? */
export const gupFastRaces: readonly Race[] = [
  {
    name: 'gup-fast-fork',
    kind: 'race',
    title: 'A page is pinned without locks while its process forks: does the pin stay on the process’s page?',
    threads: ['pins the page for writing with GUP-fast', 'forks, then writes to the page'],
    invariant: pinnedPageStays,
    bound: { pages: 2 },
    arch: 'x86_64',
    release: 'v6.1',
    decidedBy: ['57efa1fe5957'],
    setUp: gupFastFork,
    breaks: ({ patched }) => !patched.gupFastSeesFork,
    why: 'Fork looks for pins before it write-protects the entry; a pin taken in between goes unseen unless GUP-fast looks at the sequence count.',
    source: 'commit 57efa1fe5957 "mm/gup: prevent gup_fast from racing with COW during fork"',
  },
  {
    name: 'gup-fast-zap',
    kind: 'race',
    title: 'A page is taken without locks while it is unmapped, freed and used anew: who gets whose page?',
    threads: ['takes a reference with GUP-fast', 'unmaps the page', 'maps fresh memory in another process'],
    invariant: noStrangersPage,
    bound: { pages: 2 },
    arch: 'x86_64',
    release: 'v6.1',
    decidedBy: [],
    setUp: gupFastZap,
    breaks: () => false,
    why: 'GUP-fast takes no page without references, and reads the entry again after it took one.',
    source: 'the comments at gup_pte_range() and try_get_folio() in mm/gup.c',
  },
];
