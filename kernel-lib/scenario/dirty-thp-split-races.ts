import { vmBugOn } from '../base/error.js';
import { hpagePmdNr } from '../folio/compound.js';
import { pageByte } from '../folio/frame.js';
import { dupMmap } from '../fork/dup-mmap.js';
import type { Machine } from '../machine/machine.js';
import { kmalloc } from '../machine/slab.js';
import type { Task } from '../machine/task.js';
import { hugeAddress, pmdAt, pmdPfn, pmdTransHuge } from '../pgtable/pmd.js';
import { __splitHugePmd } from '../huge/split-pmd.js';
import { ld, st } from '../step/memory.js';
import { type Step, run } from '../step/step.js';
import { accessOnce } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { findVma } from '../vma/vma-list.js';
import { splitLeaksStores } from './dirty-bits.js';
import { bootRace, mapAnonymous, pageAt, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';
import { withHugePagesOf } from './small-tables.js';

/** What fork promises. */
export const privateStores: Invariant = {
  name: 'a store to private memory is seen by its process alone',
  reason: 'after fork each process has memory of its own, whether the frames were copied yet or not',
};

const BEFORE = 0x11;
const STORED = { parent: 0x22, child: 0x33 } as const;

/** A huge page that parent and child share since a fork; the parent stores to its pages, the child to all but the first. */
function dirtyThpSplit(kernel: RaceKernel): RaceSetup {
  const pages = kernel.bound['pages']!;
  const tries = kernel.bound['tries']!;
  const machine = bootRace(kernel, { nrCpus: 2, record: withHugePagesOf(kernel.arch, 4), thp: 'always' });
  const parent = newTask(machine);
  const start = mapAnonymous(machine, parent, hpagePmdNr(machine), BEFORE);
  vmBugOn(!pmdTransHuge(machine, pmdOf(machine, parent, start)), 'the memory is not one huge page');
  const child = newTask(machine);
  run(dupMmap(machine, mmOfTask(machine, child), mmOfTask(machine, parent)));
  const addresses = Array.from({ length: pages }, (_, i) => start + i * machine.pageSize);
  const who = [
    writer(machine, { name: 'parent', task: parent, cpu: 0, addresses, stores: addresses, tries }),
    // What the child never stores to cannot hide, at the end, a store of the parent's that it has got.
    writer(machine, { name: 'child', task: child, cpu: 1, addresses, stores: addresses.slice(1), tries }),
  ];
  return {
    machine,
    threads: who.map(({ thread }) => thread),
    broken: () => who.map(({ broken }) => broken()).find((what) => what !== null) ?? null,
    watched: [
      { name: 'parent', mm: parent.mm, start, nrPages: pages },
      { name: 'child', mm: child.mm, start, nrPages: pages },
    ],
  };
}

interface Writer {
  readonly name: keyof typeof STORED;
  readonly task: Task;
  readonly cpu: number;
  /** Where it looks in the end. */
  readonly addresses: readonly number[];
  /** Where it stores. */
  readonly stores: readonly number[];
  readonly tries: number;
}

/** A thread that stores to each address, a fault at a time, and a judge of what its process finds there in the end. */
function writer(k: Machine, { name, task, cpu, addresses, stores, tries }: Writer) {
  const mm = mmOfTask(k, task);
  const done = new Map(stores.map((at) => [at, kmalloc(k, 1)]));
  const operations = [
    () => split(k, mm, addresses[0]!),
    ...[...done].flatMap(([at, flag]) =>
      Array.from({ length: tries }, () => () => tryToStore(k, mm, at, STORED[name], flag)),
    ),
  ];
  const expected = (at: number) => {
    const flag = done.get(at);
    return flag === undefined || ld(k.slab, flag) === 0 ? BEFORE : STORED[name];
  };
  return {
    thread: { name, enter: runningOn(k, cpu, task), operations },
    broken: () => {
      const wrong = addresses.find((at) => byteAt(k, task, at) !== expected(at));
      if (wrong === undefined) return null;
      const found = byteAt(k, task, wrong).toString(16);
      return `the ${name} finds 0x${found} where 0x${expected(wrong).toString(16)} belongs`;
    },
  };
}

/** What a store to a part does first, as an operation of its own: fewer histories to tell apart. */
function* split(k: Machine, mm: Mm, address: number): Step<void> {
  yield* mmapReadLock(k, mm);
  yield* __splitHugePmd(k, findVma(k, mm, address)!, address);
  mmapReadUnlock(k, mm);
}

function* tryToStore(k: Machine, mm: Mm, address: number, value: number, done: number): Step<void> {
  if (ld(k.slab, done) !== 0) return;
  if (yield* accessOnce(k, mm, address, value)) st(k.slab, done, 1);
}

function pmdOf(k: Machine, task: Task, address: number) {
  return pmdAt(k, mmOfTask(k, task).pgd, address);
}

/** What a process would read, whether a leaf maps it or an entry. */
function byteAt(k: Machine, task: Task, address: number): number {
  const pmd = pmdOf(k, task, address);
  if (!pmdTransHuge(k, pmd)) return pageByte(k, pageAt(k, task, address));
  return pageByte(k, pmdPfn(k, pmd) + (address - hugeAddress(k, address)) / k.pageSize);
}

const common = {
  kind: 'race',
  threads: [
    'the parent stores to the pages of the huge page, first to last',
    'the child stores to all of them but the first',
  ],
  invariant: privateStores,
  bound: { pages: 2, tries: 2 },
  release: 'v6.1',
  setUp: dirtyThpSplit,
  breaks: splitLeaksStores,
} as const;

/** A store splits a huge page that fork has left to two processes, while the other one stores as well. */
export const dirtyThpSplitRaces: readonly Race[] = [
  {
    ...common,
    name: 'dirty-thp-split',
    title: 'Parent and child store to a huge page that they share, which splits it: whose stores are whose?',
    arch: 'loongarch64_16k',
    decidedBy: ['624a2c94f5b7', 'bf2f34a506e6'],
    why: 'Before both commits the split made entries dirty after it had write-protected them, which on LoongArch let the MMU write: only the page that faulted was copied.',
    source:
      '0ccf7f168e17 "mm/thp: carry over dirty bit when thp splits on pmd", which either commit makes harmless',
  },
  {
    ...common,
    name: 'dirty-thp-split-sparc',
    title: 'The same on sparc64, where a dirty entry was a writable one: whose stores are whose?',
    arch: 'sparc64',
    decidedBy: ['624a2c94f5b7'],
    why: 'Until fa2e71a6fcee dirty entries of sparc64 let the MMU write; 624a2c94f5b7 no longer makes them dirty in the split.',
    source: '624a2c94f5b7, which names sparc64, and fa2e71a6fcee',
  },
];
