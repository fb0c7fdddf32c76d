import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_FAST_ONLY, FOLL_GET, FOLL_WRITE } from '../gup/flags.js';
import { madviseCollapse } from '../khugepaged/collapse.js';
import type { Machine } from '../machine/machine.js';
import { kmalloc } from '../machine/slab.js';
import { pmdAt, pmdPfn, pmdTransHuge } from '../pgtable/pmd.js';
import { ptePfn } from '../pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../pgtable/table.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { mmOfTask, newTask } from '../sys/task.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { findVma } from '../vma/vma-list.js';
import { takenPageStays } from './migration-races.js';
import { bootRace, mapAnonymous, runningOn } from './race-machine.js';
import type { Race, RaceKernel, RaceSetup } from './race.js';
import { smallTables } from './small-tables.js';

/** GUP-fast reads a page table that a collapse takes away: its pages become one huge page. */
function gupFastCollapse(kernel: RaceKernel, flushInterrupts: boolean): RaceSetup {
  const nrPages = kernel.bound['entries']!;
  const record = smallTables(kernel.arch, { entries: nrPages, lowFrameBits: 20 });
  const nrTlbEntries = flushInterrupts ? 1 : 0;
  const machine = bootRace(kernel, { nrCpus: 2, nrTlbEntries, record, thp: 'always' });
  const task = newTask(machine);
  const mm = mmOfTask(machine, task);
  const start = withoutHugePages(machine, () => mapAnonymous(machine, task, nrPages, 0x11));
  const taken = kmalloc(machine, 1);
  const on = (cpu: number) => runningOn(machine, cpu, task);
  return {
    machine,
    threads: [
      { name: 'gup', enter: on(0), operations: [() => take(machine, mm, start, taken)] },
      { name: 'collapse', enter: on(1), operations: [() => collapse(machine, mm, start, nrPages)] },
    ],
    broken: () => {
      const page = ld(machine.slab, taken);
      return page === 0 || page === mappedAt(machine, mm, start)
        ? null
        : 'it holds a page that was copied away';
    },
    watched: [{ name: '', mm: mm.at, start, nrPages }],
  };
}

/** The memory comes in single pages, and may be collapsed afterwards. */
function withoutHugePages(k: Machine, map: () => number): number {
  const thp = k as { thp: Machine['thp'] };
  thp.thp = 'never';
  const start = map();
  thp.thp = 'always';
  return start;
}

function* take(k: Machine, mm: Mm, address: number, to: number): Step<void> {
  const pages: number[] = [];
  yield* internalGetUserPagesFast(k, mm, address, 1, FOLL_GET | FOLL_WRITE | FOLL_FAST_ONLY, pages);
  if (pages.length > 0) st(k.slab, to, pages[0]!);
}

function* collapse(k: Machine, mm: Mm, start: number, nrPages: number): Step<void> {
  yield* mmapReadLock(k, mm);
  yield* madviseCollapse(k, findVma(k, mm, start)!, start, start + nrPages * k.pageSize);
  mmapReadUnlock(k, mm);
}

/** The page that an address, or the huge page that begins there, leads to. */
function mappedAt(k: Machine, mm: Mm, address: number): number {
  const pmd = pmdAt(k, mm.pgd, address);
  if (pmdTransHuge(k, pmd)) return pmdPfn(k, pmd);
  return ptePfn(k, readPte(k, pteOffset(k, pteTable(k, mm.pgd, address), address)));
}

const common = {
  kind: 'race',
  threads: ['takes a page for writing with GUP-fast', 'collapses the pages of the table into a huge page'],
  invariant: takenPageStays,
  bound: { entries: 2 },
  arch: 'x86_32_pae',
  release: 'v6.1',
  source: 'commit 70cbc3cc78a9 "mm: gup: fix the fast GUP race against THP collapse"',
} as const;

/** A page table goes while GUP-fast reads it. */
export const gupFastCollapseRaces: readonly Race[] = [
  {
    ...common,
    name: 'gup-fast-collapse',
    title: 'A page is taken without locks while khugepaged makes a huge page of it and its neighbours',
    decidedBy: ['70cbc3cc78a9'],
    setUp: (kernel) => gupFastCollapse(kernel, false),
    breaks: ({ patched }) => !patched.gupSeesCollapse,
    why: 'The collapse takes the table away, not its entries: who compares the entry alone finds it as it was. A flush without interrupts, as on arm64, does not wait for who is in the middle of that.',
  },
  {
    ...common,
    name: 'gup-fast-collapse-ipi',
    title: 'The same where TLBs are flushed by interrupts, as on x86',
    decidedBy: [],
    setUp: (kernel) => gupFastCollapse(kernel, true),
    breaks: () => false,
    why: 'GUP-fast has its interrupts off, and the collapse waits for its flush before it counts references.',
  },
];
