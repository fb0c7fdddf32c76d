import { vmBugOn } from '../base/error.js';
import { internalGetUserPagesFast } from '../gup/fast.js';
import { FOLL_FAST_ONLY, FOLL_GET } from '../gup/flags.js';
import type { EntryHalves, Machine } from '../machine/machine.js';
import { kmalloc } from '../machine/slab.js';
import { pmdAt, pmdPfn, pmdOffset, pmdReadAtomic, pmdTable, pmdTransHuge } from '../pgtable/pmd.js';
import { type Pte, ptePfn, ptePresent } from '../pgtable/pte.js';
import { TABLE, pteOffset, pteTable, readPte, ptepGet, ptepGetLockless } from '../pgtable/table.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { accessOnce } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import { localIrqRestore, localIrqSave } from '../tlb/irqs.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { findVma } from '../vma/vma-list.js';
import { VM_NOHUGEPAGE } from '../vma/vm-flags.js';
import { zapPageRangeSingle } from '../zap/zap.js';
import { bootRace, mapAnonymous, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';
import { pfnsApart, smallTables } from './small-tables.js';

/** Whoever follows an entry without lock follows one that was there. */
export const noTornEntry: Invariant = {
  name: 'no torn entry',
  reason: 'half of one entry and half of another name a page or a table that nobody meant',
};

/** Which entry is read by whom, and what comes where it was. */
interface TornRead {
  readonly entryHalves: EntryHalves;
  readonly reader: 'GUP-fast' | 'READ_ONCE' | 'ptep_get_lockless' | 'pmd_read_atomic';
  /** What is there, and what a fault puts there after it was zapped. */
  readonly from: 'page' | 'huge page';
  readonly to: 'page' | 'huge page';
  /** The new page's frame number has the same low bits as the old one's. Default: another. */
  readonly sameLowHalf?: boolean;
  /** Whom the promise is about: tables only, or leaves as well. Default both. */
  readonly of?: 'tables';
}

/** Memory is taken away and touched again while a CPU reads the entry that maps it, without any lock. */
function tornRead(kernel: RaceKernel, race: TornRead): RaceSetup {
  const size = { entries: kernel.bound['entries']!, lowFrameBits: kernel.bound['lowFrameBits']! };
  const record = smallTables(kernel.arch, size);
  const { entryHalves } = race;
  const machine = bootRace(kernel, { nrCpus: 3, nrTlbEntries: 1, record, thp: 'always', entryHalves });
  const task = newTask(machine);
  const mm = mmOfTask(machine, task);
  const nrPages = race.from === 'huge page' ? size.entries : 1;
  machine.globals.nextFrame = pfnsApart(machine, size, nrPages);
  const start = mapAnonymous(machine, task, nrPages, 0x11);
  if (race.sameLowHalf === true) machine.globals.nextFrame += 2 ** size.lowFrameBits - nrPages;
  const vma = findVma(machine, mm, start)!;
  if (race.to === 'page') vma.vmFlags |= VM_NOHUGEPAGE;
  const before = mappedAt(machine, mm, start);
  const seen = kmalloc(machine, SEEN_WORDS);
  const on = (cpu: number) => runningOn(machine, cpu, task);
  const again = () => touch(machine, mm, start);
  return {
    machine,
    threads: [
      { name: 'reader', enter: on(0), operations: [() => read(machine, mm, start, race, seen)] },
      { name: 'zap', enter: on(1), operations: [() => zap(machine, mm, start, nrPages)] },
      { name: 'user', enter: on(2), operations: [again, again] },
    ],
    broken: () => torn(machine, seen, [before, mappedAt(machine, mm, start)], race),
    watched: [{ name: '', mm: mm.at, start, nrPages }],
  };
}

/** The page that an address, or the huge page around it, leads to. */
function mappedAt(k: Machine, mm: Mm, address: number): number {
  const pmd = pmdAt(k, mm.pgd, address);
  if (pmdTransHuge(k, pmd)) return pmdPfn(k, pmd);
  const table = pteTable(k, mm.pgd, address);
  return table === 0 ? 0 : ptePfn(k, readPte(k, pteOffset(k, table, address)));
}

/** What the reader has read: whether a present entry, and its halves. */
const SEEN_WORDS = 3;

function* read(k: Machine, mm: Mm, address: number, race: TornRead, seen: number): Step<void> {
  const entry = yield* readBy(k, mm, address, race);
  if (entry === null) return;
  st(k.slab, seen, 1);
  st(k.slab, seen + 1, entry.lo);
  st(k.slab, seen + 2, entry.hi);
}

function* readBy(k: Machine, mm: Mm, address: number, { reader }: TornRead): Step<Pte | null> {
  if (reader === 'GUP-fast') {
    yield* internalGetUserPagesFast(k, mm, address, 1, FOLL_GET | FOLL_FAST_ONLY, []);
    return null;
  }
  if (reader === 'pmd_read_atomic')
    return yield* pmdReadAtomic(k, pmdOffset(k, pmdTable(k, mm.pgd, address), address));
  return yield* readPteBy(k, pteOffset(k, pteTable(k, mm.pgd, address), address), reader);
}

/** With interrupts off, as GUP-fast reads. */
function* readPteBy(k: Machine, ptep: number, reader: 'READ_ONCE' | 'ptep_get_lockless'): Step<Pte> {
  yield* localIrqSave(k);
  const pte = reader === 'READ_ONCE' ? yield* ptepGet(k, ptep) : yield* ptepGetLockless(k, ptep);
  localIrqRestore(k);
  return pte;
}

/** Whether what was read names a page that was mapped, or a table. @param pages all that were ever mapped there */
function torn(k: Machine, seen: number, pages: readonly number[], { from, of }: TornRead): string | null {
  vmBugOn(k.globals.ptesEnd > SIZE_BIT, 'a table lies where its address has the bit of a leaf');
  const entry = { lo: ld(k.slab, seen + 1), hi: ld(k.slab, seen + 2) };
  if (ld(k.slab, seen) === 0 || entry.lo === 0) return null;
  if (from === 'huge page' && !pmdTransHuge(k, entry))
    return entry.hi === TABLE ? null : 'it names a table where there is none';
  if (of === 'tables' || !ptePresent(k, entry)) return null;
  const page = ptePfn(k, entry);
  return pages.includes(page) ? null : `it names page ${page}, which was never there`;
}

/** _PAGE_PSE. */
const SIZE_BIT = 1 << 7;

function* zap(k: Machine, mm: Mm, start: number, nrPages: number): Step<void> {
  yield* mmapReadLock(k, mm);
  yield* zapPageRangeSingle(k, findVma(k, mm, start)!, start, start + nrPages * k.pageSize);
  mmapReadUnlock(k, mm);
}

function* touch(k: Machine, mm: Mm, address: number): Step<void> {
  yield* accessOnce(k, mm, address, 0x22);
}

const common = {
  kind: 'race',
  threads: ['reads the entry without any lock', 'takes the memory away', 'touches the memory, which faults'],
  invariant: noTornEntry,
  bound: { entries: 4, lowFrameBits: 3 },
  arch: 'x86_32_pae',
  release: 'v6.1',
  decidedBy: [],
} as const;

const gupFast = { reader: 'GUP-fast', from: 'huge page', to: 'page' } as const;
const gupFastSource = 'commit 1180e732c985 "mm/gup: Fix the lockless PMD access"';
const protocol = 'the comment at ptep_get_lockless() in include/linux/pgtable.h';

/** Entries of 64 bits are read half by half on 32-bit machines: in which order, how often, and what of? */
export const paeTornReadRaces: readonly Race[] = [
  {
    ...common,
    name: 'pae-torn-read',
    number: 'P3',
    title: 'gup_pmd_range() reads a 64-bit PMD on a 32-bit machine: is one READ_ONCE() enough?',
    decidedBy: ['024d232ae4fc', '1180e732c985'],
    setUp: (kernel) => tornRead(kernel, { ...gupFast, entryHalves: 'low half first' }),
    breaks: ({ patched }) => !patched.gupReadsPmdWhole,
    why: 'The low half of a huge page and the high half of the table that came in its place name a page that nobody mapped, perhaps none at all.',
    source: gupFastSource,
  },
  {
    ...common,
    name: 'pae-torn-read-high-first',
    title: 'The same where the compiler loads the high half first',
    decidedBy: ['024d232ae4fc', '1180e732c985'],
    setUp: (kernel) => tornRead(kernel, { ...gupFast, entryHalves: 'high half first' }),
    breaks: ({ patched }) => !patched.gupReadsPmdWhole,
    why: 'The high half is from before the table came, the low one is the table’s: a page table is read where there is none, and no look at the entry afterwards mends that.',
    source: gupFastSource,
  },
  {
    ...common,
    name: 'pae-torn-pte-low-first',
    title: 'A PTE is read by one READ_ONCE(), low half first',
    setUp: (kernel) =>
      tornRead(kernel, { entryHalves: 'low half first', reader: 'READ_ONCE', from: 'page', to: 'page' }),
    breaks: () => true,
    why: 'READ_ONCE() keeps the compiler from loading again, not from loading twice.',
    source: protocol,
  },
  {
    ...common,
    name: 'pae-torn-pte-high-first',
    title: 'A PTE is read by one READ_ONCE(), high half first',
    setUp: (kernel) =>
      tornRead(kernel, { entryHalves: 'high half first', reader: 'READ_ONCE', from: 'page', to: 'page' }),
    breaks: () => true,
    why: 'The high half is from before the page came, the low one says that it is there.',
    source: protocol,
  },
  {
    ...common,
    name: 'pae-torn-pte-lockless',
    title: 'A PTE is read low, high and low again',
    setUp: (kernel) =>
      tornRead(kernel, {
        entryHalves: 'low half first',
        reader: 'ptep_get_lockless',
        from: 'page',
        to: 'page',
      }),
    breaks: () => false,
    why: 'Whoever writes lets the low half come last and go first, so while that stands still the high one is its own.',
    source: protocol,
  },
  {
    ...common,
    name: 'pae-torn-pte-same-low',
    title: 'The same where the page that comes lies a multiple of 4 GiB behind the one that goes',
    setUp: (kernel) =>
      tornRead(kernel, {
        entryHalves: 'low half first',
        reader: 'ptep_get_lockless',
        from: 'page',
        to: 'page',
        sameLowHalf: true,
      }),
    breaks: () => true,
    why: 'Interrupts off hold up the flush of who cleared the entry, but not a fault that fills it before that flush: the low half is the same, the high one was read in between. GUP-fast compares again, and lets the wrong page go.',
    source: protocol,
  },
  {
    ...common,
    name: 'pae-torn-pmd-read-atomic',
    title: 'pmd_read_atomic() reads a PMD low and high while a huge page goes and another comes',
    decidedBy: ['024d232ae4fc'],
    setUp: (kernel) =>
      tornRead(kernel, {
        entryHalves: 'low half first',
        reader: 'pmd_read_atomic',
        from: 'huge page',
        to: 'huge page',
      }),
    breaks: ({ patched }) => !patched.pmdReadRechecks,
    why: 'Nothing is read again, so the halves may be those of two huge pages.',
    source: 'commit 024d232ae4fc "mm: Fix pmd_read_atomic()"',
  },
  {
    ...common,
    name: 'pae-torn-pmd-read-atomic-table',
    title: 'The same while a table comes: is what looks like a table one?',
    setUp: (kernel) =>
      tornRead(kernel, {
        entryHalves: 'low half first',
        reader: 'pmd_read_atomic',
        from: 'huge page',
        to: 'page',
        of: 'tables',
      }),
    breaks: () => false,
    why: 'A table stays where it is under the mmap lock, and its high half is read after its low one: what the function is asked for, it answers.',
    source: 'the comment at pmd_read_atomic() in arch/x86/include/asm/pgtable-3level.h of v6.1',
  },
];
