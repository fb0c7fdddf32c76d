import { folioLock, folioUnlock } from '../folio/lock.js';
import { folioIsolateLru } from '../folio/lru.js';
import { pageFill, pageMapcount, setPageFill } from '../folio/frame.js';
import { FOLL_GET, FOLL_PIN, FOLL_WRITE } from '../gup/flags.js';
import { gupPutFolio, setPageDirtyLock } from '../gup/grab.js';
import type { Machine } from '../machine/machine.js';
import { kmalloc } from '../machine/slab.js';
import { pageout } from '../reclaim/pageout.js';
import { tryToUnmap } from '../reclaim/unmap.js';
import { ld, st } from '../step/memory.js';
import { type Step, run } from '../step/step.js';
import { addToSwap } from '../swap/cache.js';
import { access } from '../sys/access.js';
import { bioIovIterGetPages } from '../sys/direct-io.js';
import { mmOfTask, newTask } from '../sys/task.js';
import type { Mm } from '../vma/mm.js';
import { bootRace, contentAt, mapAnonymous, pageAt, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';

/** What a device writes into a page reaches the process that asked for it. */
export const noLostDeviceData: Invariant = {
  name: 'no lost device data',
  reason:
    'the process waits for the device and then reads its page: it must find there what the device wrote',
};

/** The first byte of a page, and what the device writes to those behind it. */
const BEFORE = 0x11;
const FROM_DEVICE = 0xdd;

/** What the n-th store writes to the first byte. */
const after = (n: number): number => 0x22 + n;

/**
 * A direct read of blocks into pages, while the pages are swapped out and a second thread of the process reads and
 * writes a byte of each that the device does not touch.
 */
export function odirectSwapout(kernel: RaceKernel): RaceSetup {
  const {
    pages: nrPages,
    stores,
    reads,
  } = kernel.bound as Readonly<Record<'pages' | 'stores' | 'reads', number>>;
  const machine = bootRace(kernel, { nrCpus: 3, nrSwapSlots: nrPages + 3 });
  const task = newTask(machine);
  const mm = mmOfTask(machine, task);
  const start = mapAnonymous(machine, task, nrPages, BEFORE);
  const addresses = Array.from({ length: nrPages }, (_, i) => start + i * machine.pageSize);
  const pages = addresses.map((at) => pageAt(machine, task, at));
  for (const page of pages) run(folioIsolateLru(machine, page));
  // The pages that the device will write to, between submission and completion.
  const bio = kmalloc(machine, nrPages);
  const on = (cpu: number) => runningOn(machine, cpu, task);
  return {
    machine,
    threads: [
      {
        name: 'direct read',
        enter: on(0),
        operations: [
          ...addresses.map((at, i) => () => submit(machine, mm, at, bio + i)),
          ...addresses.map((_, i) => () => complete(machine, bio + i)),
        ],
      },
      {
        name: 'swap-out',
        enter: on(1),
        operations: pages.flatMap((page) => [
          () => giveSlot(machine, page),
          () => unmap(machine, page),
          () => writeOut(machine, page),
        ]),
      },
      {
        name: 'user',
        enter: on(2),
        operations: addresses.flatMap((at) => [
          ...Array.from({ length: reads }, () => () => touch(machine, mm, at)),
          ...Array.from({ length: stores }, (_, n) => () => touch(machine, mm, at, after(n))),
        ]),
      },
    ],
    broken: () =>
      addresses.every((at) => contentAt(machine, task, at) >> 8 === FROM_DEVICE)
        ? null
        : 'the device’s data are gone',
    watched: [{ name: '', mm: mm.at, start, nrPages }],
  };
}

function* submit(k: Machine, mm: Mm, address: number, bio: number): Step<void> {
  const pages: number[] = [];
  yield* bioIovIterGetPages(k, mm, address, FOLL_WRITE, pages);
  st(k.slab, bio, pages[0]!);
}

function* complete(k: Machine, bio: number): Step<void> {
  const page = ld(k.slab, bio);
  yield* deviceWrites(k, page);
  yield* setPageDirtyLock(k, page);
  yield* gupPutFolio(k, page, k.patched.odirectPins ? FOLL_PIN : FOLL_GET);
}

/** DMA: behind the MMU's back. */
function* deviceWrites(k: Machine, page: number): Step<void> {
  yield;
  if (pageFill(k, page) !== FROM_DEVICE) setPageFill(k, page, FROM_DEVICE);
}

/** Reclaim has taken the page off the LRU; what it does next are operations of their own: fewer histories to tell apart. */
function* giveSlot(k: Machine, page: number): Step<void> {
  yield* folioLock(k, page);
  yield* addToSwap(k, page);
}

function* unmap(k: Machine, page: number): Step<void> {
  yield* tryToUnmap(k, page);
}

/** Writes the page out; the device's reference keeps it in memory. */
function* writeOut(k: Machine, page: number): Step<void> {
  if (pageMapcount(k, page) > 0 || (yield* pageout(k, page)) !== 'SUCCESS') folioUnlock(k, page);
}

function* touch(k: Machine, mm: Mm, address: number, value?: number): Step<void> {
  yield* access(k, mm, address, value);
}

/** A device writes to a page that swap-out takes away from the process and a fault brings back. */
export const odirectSwapoutRaces: readonly Race[] = [
  {
    name: 'odirect-swapout',
    number: 'X05',
    kind: 'race',
    title:
      'A direct read, a swap-out and a fault meet on a page: does the process see what the device wrote?',
    threads: [
      'reads blocks into the pages with O_DIRECT',
      'swaps the pages out',
      'reads and writes another byte of each page',
    ],
    invariant: noLostDeviceData,
    bound: { pages: 2, stores: 2, reads: 0 },
    arch: 'x86_32_pae',
    release: 'v6.1',
    decidedBy: ['93c0eac40d4e'],
    setUp: odirectSwapout,
    breaks: ({ arch, patched }) => arch.startsWith('x86_32') && !patched.swpExclusive && !patched.odirectPins,
    why: 'The page comes back from swap without its exclusive marker, so the write copies it away from the device.',
    source:
      'cover letter of the COW fixes, part 3: https://lore.kernel.org/r/20220329164329.208407-1-david@redhat.com',
  },
];
