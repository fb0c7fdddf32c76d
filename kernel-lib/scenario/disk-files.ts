import { archById } from '../arch/variants.js';
import { lastStep } from './facts.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

/** Faults of a step, minor and major: `1+0`. */
function faults({ min, maj }: StepReport): string {
  return `${min}+${maj}`;
}

function hasHugeEntries(arch: string): boolean {
  return archById(arch).huge !== undefined;
}

/** What became of a store of 7, by what the process reads and the disk holds at the end. */
function stored(steps: readonly StepReport[]): string {
  const read = lastStep(steps, 'read').val;
  const disk = lastStep(steps, 'odisk').val;
  return `the process reads ${read}, the disk holds ${disk}`;
}

const common = { kind: 'sequential', swap: 'none', objects: ['obj 0 disk 4'] } as const;
const map = 'mmap 0 0 4 w s o0';
const write = 'write 0 0 0 7';
const reread = ['madvise 0 0 0 1 DONTNEED', 'dropcaches', 'read 0 0 0', 'odisk 0 0'];

/** Files on a disk: what is dirty, what is written, and what is lost. */
export const diskFileScenarios: readonly Scenario[] = [
  {
    ...common,
    name: 'disk-writeback-cycle',
    number: 'F1',
    title: 'Stores to a shared file mapping before and after it is written to disk: which of them fault?',
    steps: [
      map,
      'read 0 0 0',
      write,
      'write 0 0 0 8',
      'ofsync 0',
      'write 0 0 0 9',
      'write 0 0 0 10',
      'odisk 0 0',
    ],
    verdict: (steps) => {
      const stores = steps.filter(({ op }) => op.startsWith('write'));
      return `faults ${stores.map(faults).join(' ')}; the disk holds ${lastStep(steps, 'odisk').val}`;
    },
    expected: () => 'faults 1+0 0+0 1+0 0+0; the disk holds 8',
    why: 'folio_mkclean() makes the entries clean and read-only, so the first store after each writeback tells the file.',
    source: 'mm/page-writeback.c folio_clear_dirty_for_io',
  },
  {
    ...common,
    name: 'disk-dirty-under-writeback',
    number: 'F2',
    title: 'A page is stored to while it is on its way to a slow disk: is it written again?',
    steps: [map, write, 'slowdisk 1', 'flush', 'write 0 0 0 8', 'slowdisk 0', 'ofsync 0', ...reread],
    verdict: stored,
    expected: () => 'the process reads 8, the disk holds 8',
    why: 'The entry was read-only again before the write began, so the second store dirties the page anew.',
    source: 'mm/page-writeback.c folio_clear_dirty_for_io',
  },
  {
    ...common,
    name: 'disk-lost-dirty',
    number: 'F3',
    title: 'An entry and its page forget that they are dirty: what becomes of the store?',
    steps: [map, write, 'dropdirty 0 0 0', 'ofsync 0', ...reread],
    verdict: stored,
    expected: () => 'the process reads 0, the disk holds 0',
    why: 'Nobody writes a clean page, and reclaim drops it: the store is gone without an error.',
    source: 'mm/vmscan.c __remove_mapping',
  },
  {
    ...common,
    name: 'disk-truncate-mapped',
    number: 'F4',
    title:
      'A file is cut under its mapping: what does an access behind the new end get, and what when it grows again?',
    steps: [map, 'write 0 0 3 7', 'otrunc 0 2', 'read 0 0 3', 'otrunc 0 4', 'read 0 0 3'],
    verdict: (steps) => {
      const [cut, grown] = steps.filter(({ op }) => op.startsWith('read'));
      return `SIG${cut!.signal?.sig} ${cut!.signal?.code}, then ${grown!.val}`;
    },
    expected: () => 'SIGBUS 2, then 0',
    why: 'truncate_pagecache() takes the page out of the mapping and the cache, dirty or not, and the block is freed.',
    source: 'mm/truncate.c truncate_pagecache',
  },
  {
    ...common,
    name: 'huge-fault-private',
    number: 'S14',
    title: 'A store to a private mapping by a huge entry whose file maps the same again: does it ever end?',
    objects: ['obj 0 daxremap H'],
    steps: ['mmap 0 0 H w p o0', 'read 0 0 0', 'write 0 0 0 7', 'read 0 0 0'],
    verdict: (steps) => `the process reads ${lastStep(steps, 'read').val}`,
    expected: ({ arch, patched }) =>
      hasHugeEntries(arch) && !patched.hugeFaultSharedOnly
        ? 'BUG: an access faults for ever: every fault is answered, and none helps'
        : 'the process reads 7',
    why: 'Asked by wp_huge_pmd(), such a file says that all is done; split at once, the page is copied.',
    source: 'commit aea06577a900',
  },
];
