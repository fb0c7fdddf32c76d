import { folioIsolateLru } from '../folio/lru.js';
import { dupMmap } from '../fork/dup-mmap.js';
import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_FAST_ONLY, FOLL_GET, FOLL_WRITE } from '../gup/flags.js';
import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import { kmalloc } from '../machine/slab.js';
import { migrateFolioMove, migrateFolioUnmap } from '../migrate/migrate.js';
import { ptePfn, ptePresent } from '../pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../pgtable/table.js';
import { pageByte } from '../folio/frame.js';
import { ld, st } from '../step/memory.js';
import { type Step, run } from '../step/step.js';
import type { StepThread } from '../step/thread.js';
import { accessOnce } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import type { Mm } from '../vma/mm.js';
import { bootRace, mapAnonymous, pageAt, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';

/** Who uses a page does not notice that it moves. */
export const movesUnseen: Invariant = {
  name: 'a page moves unseen',
  reason: 'wherever its frame is, every process finds in its memory what was last stored there',
};

/** A page that somebody holds stays where it is. */
export const takenPageStays: Invariant = {
  name: 'a page that was taken stays the process’s own',
  reason: 'who took a page by its address writes to it, and the process must see that',
};

const BEFORE = 0x11;
const AFTER = 0x22;

/** A process with pages that are about to move. */
interface Moving {
  readonly machine: Machine;
  readonly task: Task;
  readonly mm: Mm;
  readonly start: number;
  readonly addresses: readonly number[];
  /** Moves the pages, one after another, each once. */
  readonly migration: StepThread;
}

function moving(kernel: RaceKernel, tlbs = true): Moving {
  const nrPages = kernel.bound['pages']!;
  const machine = bootRace(kernel, { nrCpus: 2, nrTlbEntries: tlbs ? nrPages : 0 });
  const task = newTask(machine);
  // What the process has written is in the TLB of its CPU, dirty.
  const start = mapAnonymous(machine, task, nrPages, BEFORE, USER);
  const addresses = Array.from({ length: nrPages }, (_, i) => start + i * machine.pageSize);
  const operations = addresses.flatMap((at) => {
    const page = pageAt(machine, task, at);
    run(folioIsolateLru(machine, page));
    const target = kmalloc(machine, 1);
    return [() => unmap(machine, page, target), () => move(machine, page, target)];
  });
  const migration = { name: 'migration', enter: runningOn(machine, MIGRATION, task), operations };
  return { machine, task, mm: mmOfTask(machine, task), start, addresses, migration };
}

const MIGRATION = 0;
const USER = 1;

/** The two halves of a migration are operations of their own: fewer histories to tell apart. */
function* unmap(k: Machine, page: number, target: number): Step<void> {
  const unmapped = yield* migrateFolioUnmap(k, page);
  if (typeof unmapped !== 'number') st(k.slab, target, unmapped.dst);
}

function* move(k: Machine, page: number, target: number): Step<void> {
  const dst = ld(k.slab, target);
  if (dst !== 0) yield* migrateFolioMove(k, page, { dst, wasMapped: true });
}

/** Pages move while a thread of their process stores to them. */
function migrationFault(kernel: RaceKernel): RaceSetup {
  const { machine, task, mm, start, addresses, migration } = moving(kernel);
  const stored = addresses.map(() => kmalloc(machine, 1));
  const stores = addresses.flatMap((at, i) =>
    Array.from({ length: kernel.bound['tries']! }, () => () => tryToStore(machine, mm, at, stored[i]!)),
  );
  return {
    machine,
    threads: [migration, { name: 'user', enter: runningOn(machine, USER, task), operations: stores }],
    broken: () =>
      firstOf(addresses, (at, i) =>
        differs(machine, task, at, ld(machine.slab, stored[i]!) === 0 ? BEFORE : AFTER),
      ),
    watched: [{ name: '', mm: mm.at, start, nrPages: addresses.length }],
  };
}

/** A fault at a time: nothing that an earlier one has seen makes a later one different. */
function* tryToStore(k: Machine, mm: Mm, address: number, stored: number): Step<void> {
  if (yield* accessOnce(k, mm, address, AFTER)) st(k.slab, stored, 1);
}

/** Pages move while their process forks and then stores to them. */
function migrationFork(kernel: RaceKernel): RaceSetup {
  const { machine, task, mm, start, addresses, migration } = moving(kernel);
  const child = newTask(machine);
  const childMm = mmOfTask(machine, child);
  const stored = addresses.map(() => kmalloc(machine, 1));
  const stores = addresses.flatMap((at, i) =>
    Array.from({ length: kernel.bound['tries']! }, () => () => tryToStore(machine, mm, at, stored[i]!)),
  );
  const user = {
    name: 'user',
    enter: runningOn(machine, USER, task),
    operations: [() => fork(machine, childMm, mm), ...stores],
  };
  return {
    machine,
    threads: [migration, user],
    broken: () =>
      firstOf(addresses, (at, i) =>
        differs(machine, task, at, ld(machine.slab, stored[i]!) === 0 ? BEFORE : AFTER),
      ) ?? firstOf(addresses, (at) => differs(machine, child, at, BEFORE)?.concat(' in the child') ?? null),
    watched: [
      { name: '', mm: mm.at, start, nrPages: addresses.length },
      { name: 'child', mm: childMm.at, start, nrPages: addresses.length },
    ],
  };
}

function* fork(k: Machine, childMm: Mm, mm: Mm): Step<void> {
  yield* dupMmap(k, childMm, mm);
}

/** Pages move while GUP-fast takes them. Flushes need no interrupts here, as on arm64: so nothing else keeps it safe. */
function migrationGup(kernel: RaceKernel): RaceSetup {
  const { machine, task, mm, start, addresses, migration } = moving(kernel, false);
  const taken = addresses.map(() => kmalloc(machine, 1));
  const operations = addresses.map((at, i) => () => take(machine, mm, at, taken[i]!));
  return {
    machine,
    threads: [migration, { name: 'gup', enter: runningOn(machine, USER, task), operations }],
    broken: () =>
      firstOf(addresses, (at, i) => {
        const page = ld(machine.slab, taken[i]!);
        return page === 0 || page === pageAt(machine, task, at) ? null : 'is not the one that was taken';
      }),
    watched: [{ name: '', mm: mm.at, start, nrPages: addresses.length }],
  };
}

function* take(k: Machine, mm: Mm, address: number, to: number): Step<void> {
  const pages: number[] = [];
  yield* internalGetUserPagesFast(k, mm, address, 1, FOLL_GET | FOLL_WRITE | FOLL_FAST_ONLY, pages);
  if (pages.length > 0) st(k.slab, to, pages[0]!);
}

/** What is wrong with the first page with which something is. */
function firstOf(
  addresses: readonly number[],
  wrong: (address: number, i: number) => string | null,
): string | null {
  for (const [i, address] of addresses.entries()) {
    const what = wrong(address, i);
    if (what !== null) return `page ${i} ${what}`;
  }
  return null;
}

/** What is wrong with a page that has to be mapped and to hold a byte. */
function differs(k: Machine, task: Task, address: number, byte: number): string | null {
  const table = pteTable(k, mmOfTask(k, task).pgd, address);
  if (table === 0) return 'has no table';
  const pte = readPte(k, pteOffset(k, table, address));
  if (!ptePresent(k, pte)) return 'has not come back';
  const found = pageByte(k, ptePfn(k, pte));
  return found === byte ? null : `holds 0x${found.toString(16)}, not 0x${byte.toString(16)}`;
}

const common = {
  kind: 'race',
  arch: 'x86_64',
  release: 'v6.2',
  decidedBy: [],
  invariant: movesUnseen,
  breaks: () => false,
} as const;

/** Pages move, behind migration entries, while others use them. */
export const migrationRaces: readonly Race[] = [
  {
    ...common,
    name: 'migration-fault',
    title: 'Pages move while their process stores to them: is a store lost, or a page?',
    threads: ['moves the pages to other frames', 'stores to each of them, through its TLB or by faults'],
    bound: { pages: 2, tries: 2 },
    setUp: migrationFault,
    why: 'No TLB has the old frame any more when it is copied, and whoever faults on the entry that stands in its place waits for the old frame’s lock.',
    source: 'try_to_migrate_one() in mm/rmap.c and migration_entry_wait() in mm/migrate.c',
  },
  {
    ...common,
    name: 'migration-fork',
    title: 'Pages move while their process forks and then stores to them: does the child see its own?',
    threads: ['moves the pages to other frames', 'forks, then stores to each of them'],
    bound: { pages: 2, tries: 2 },
    setUp: migrationFork,
    why: 'Fork makes a writable migration entry one that is not, in the parent too, and the walk that ends a migration comes to the parent before its child.',
    source: 'copy_nonpresent_pte() in mm/memory.c',
  },
  {
    ...common,
    name: 'migration-gup',
    title: 'Pages move while GUP-fast takes them: does who took one hold the process’s page?',
    threads: ['moves the pages to other frames', 'takes each of them for writing with GUP-fast'],
    invariant: takenPageStays,
    bound: { pages: 2 },
    setUp: migrationGup,
    why: 'The references are counted after the entry was cleared, so a reference that is not counted is of somebody who has not yet compared the entry, and lets the page go.',
    source: 'folio_migrate_mapping() in mm/migrate.c and gup_pte_range() in mm/gup.c',
  },
];
