import { type DelayedRmapOptions, delayedRmap } from './delayed-rmap.js';
import type { Invariant, Race, RaceKernel, RaceSetup } from './race.js';

/** A store that the CPU has done reaches the disk, or something remembers that it has to. */
export const noLostDirtyData: Invariant = {
  name: 'no lost dirty data',
  reason: 'a page whose content is newer than the disk is dirty, or some entry that maps it is',
};

type Variant = Pick<DelayedRmapOptions, 'unmap' | 'mappings' | 'writes'>;

function setUp(kernel: RaceKernel, variant: Variant): RaceSetup {
  const { pages = 2, stores = 2, slots } = kernel.bound;
  const sizes = slots === undefined ? {} : { slots };
  const { lostDirty, ...rest } = delayedRmap({ ...variant, ...sizes, pages, stores, kernel });
  return { ...rest, broken: lostDirty };
}

const common = {
  kind: 'race',
  threads: [
    'unmaps the shared file mapping',
    'stores through its TLB, or faults',
    'writes the file back to disk',
  ],
  invariant: noLostDirtyData,
  bound: { pages: 2, stores: 2 },
  arch: 'x86_64',
  release: 'v6.1',
  decidedBy: ['5df397dec7c4'],
  source: 'commit 5df397dec7c4 "mm: delay page_remove_rmap() until after the TLB has been flushed"',
} as const;

/** A page is unmapped while a CPU still stores to it through its TLB: does writeback see the last store? */
export const delayedRmapRaces: readonly Race[] = [
  {
    ...common,
    name: 'delayed-rmap',
    title: 'A file page is unmapped, stored to through a stale TLB entry, and written back: is a store lost?',
    setUp: (kernel) => setUp(kernel, {}),
    breaks: ({ patched }) => !patched.delayRmap,
    why: 'Between page_remove_rmap() and the flush, writeback finds a page that nobody maps and does not wait.',
  },
  {
    ...common,
    name: 'delayed-rmap-refault',
    title: 'The same with MADV_DONTNEED: the mapping stays, and a store may fault the page in again',
    bound: { pages: 2, stores: 2 },
    setUp: (kernel) => setUp(kernel, { unmap: 'madvise', writes: 'page' }),
    breaks: ({ patched }) => !patched.delayRmap,
    why: 'A refault marks the page dirty again and saves the store, but not every store refaults in time.',
  },
  {
    ...common,
    name: 'delayed-rmap-two-mappings',
    title: 'The same while a second process maps the file: the unmapped mapping is not the last',
    bound: { pages: 2, stores: 2 },
    decidedBy: [],
    setUp: (kernel) => setUp(kernel, { mappings: 2 }),
    breaks: () => false,
    why: 'The page still counts as mapped, so writeback walks all mappings and waits for the lock of the table that is being zapped.',
  },
  {
    ...common,
    name: 'delayed-rmap-full-batch',
    title:
      'The same with batches of one page: two dirty pages fill both, and the third has to wait for the flush',
    bound: { pages: 3, stores: 2, slots: 1 },
    setUp: (kernel) => setUp(kernel, {}),
    breaks: ({ patched }) => !patched.delayRmap,
    why: 'What is full is flushed, and its rmaps with it, before the table is unlocked.',
  },
  {
    ...common,
    name: 'delayed-rmap-no-gather',
    title: 'The same on s390, where who clears an entry makes every TLB forget it',
    arch: 's390',
    bound: { pages: 2, stores: 2 },
    decidedBy: [],
    setUp: (kernel) => setUp(kernel, {}),
    breaks: () => false,
    why: 'No store comes through a TLB after the entry is cleared, so the map count has nothing to wait for.',
    source: 'MMU_GATHER_NO_GATHER in arch/s390/include/asm/tlb.h',
  },
];
