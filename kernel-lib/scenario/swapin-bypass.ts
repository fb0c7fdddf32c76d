import { FIRST_PFN } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import type { Task } from '../machine/task.js';
import { madvisePageout } from '../mmap/madvise-cold.js';
import { type Step, run } from '../step/step.js';
import { SWP_SYNCHRONOUS_IO } from '../swap/area.js';
import { access } from '../sys/access.js';
import { mmOfTask, newTask } from '../sys/task.js';
import type { Mm } from '../vma/mm.js';
import { findVma } from '../vma/vma-list.js';
import { bootRace, contentAt, mapAnonymous, runningOn } from './race-machine.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';

/** Swap gives back what was last written out. */
export const noOldPageFromSwap: Invariant = {
  name: 'no old page comes from swap',
  reason: 'whoever swaps a page in maps what the process last stored there, not what the slot held before',
};

const BEFORE = 0x11;
/** What the n-th store leaves, from 1 on. */
const after = (n: number) => BEFORE + n;

/** One for a fault of each thread. So few, that frames are used again at once: their numbers tell no histories apart. */
const SPARE_FRAMES = 2;

/**
 * Pages wait in a synchronous swap device. One thread reads them; another stores to each and swaps it out again, a
 * number of times, and finds the same slot free.
 */
function swapinBypass(kernel: RaceKernel): RaceSetup {
  const { pages: nrPages, stores } = kernel.bound as { readonly pages: number; readonly stores: number };
  // As many slots as pages behind the header: what is swapped out again has no other place to go.
  const machine = bootRace(kernel, {
    nrCpus: 2,
    nrSwapSlots: nrPages + 1,
    nrFrames: FIRST_PFN + nrPages + SPARE_FRAMES,
    swapFlags: SWP_SYNCHRONOUS_IO,
  });
  const task = newTask(machine);
  const mm = mmOfTask(machine, task);
  const start = mapAnonymous(machine, task, nrPages, BEFORE);
  const addresses = Array.from({ length: nrPages }, (_, i) => start + i * machine.pageSize);
  for (const address of addresses) run(swapOut(machine, mm, address));
  const on = (cpu: number) => runningOn(machine, cpu, task);
  return {
    machine,
    threads: [
      {
        name: 'reader',
        enter: on(0),
        operations: addresses.map((at) => () => touch(machine, mm, at)),
      },
      {
        name: 'writer',
        enter: on(1),
        operations: addresses.flatMap((at) =>
          Array.from({ length: stores }, (_, n) => [
            () => touch(machine, mm, at, after(n + 1)),
            () => swapOut(machine, mm, at),
          ]).flat(),
        ),
      },
    ],
    broken: () => oldPage(machine, task, addresses, after(stores)),
    watched: [{ name: '', mm: mm.at, start, nrPages }],
  };
}

/**
 * A fault that finds its slot free, and its entry as it was because the slot is in use again, is out of memory by
 * mistake: as pagefault_out_of_memory() does, try again.
 */
function* touch(k: Machine, mm: Mm, address: number, value?: number): Step<void> {
  while (typeof (yield* access(k, mm, address, value)) !== 'number');
}

function* swapOut(k: Machine, mm: Mm, address: number): Step<void> {
  yield* madvisePageout(k, findVma(k, mm, address)!, address, address + k.pageSize);
}

function oldPage(k: Machine, task: Task, addresses: readonly number[], last: number): string | null {
  const old = addresses.findIndex((at) => contentAt(k, task, at) !== last);
  return old < 0 ? null : `a store to page ${old} is gone`;
}

/** Two threads swap one page in, past the swap cache. */
export const swapinBypassRaces: readonly Race[] = [
  {
    name: 'swapin-bypass',
    kind: 'race',
    title: 'Two threads read one slot of a quick swap device past the swap cache: is a store lost?',
    threads: ['reads the pages', 'stores to each page and swaps it out again'],
    invariant: noOldPageFromSwap,
    bound: { pages: 2, stores: 2 },
    arch: 'x86_64',
    release: 'v6.1',
    decidedBy: ['13ddaf26be32'],
    setUp: swapinBypass,
    breaks: ({ patched }) => !patched.bypassHoldsSlot && !patched.noSwapCacheBypass,
    why: 'The writer frees the slot and fills it again: the reader finds the entry that it began with, and maps what it read before.',
    source: 'commit 13ddaf26be32 "mm/swap: fix race when skipping swapcache"',
  },
];
