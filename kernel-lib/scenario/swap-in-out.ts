import { archById } from '../arch/variants.js';
import { by, cost, costs, lastEntry, lastStep, reads } from './facts.js';
import type { Scenario } from './scenario.js';

const fill = ['mmap 0 0 1 w p anon', 'write 0 0 0 1'];
const pageout = 'madvise 0 0 0 1 PAGEOUT';

/** A page of a shared mapping that was swapped out once and read by a device since, and a cgroup that is to shrink. */
const usedOnce = ['mmap 0 1 1 w s o0', 'write 0 1 0 1', 'madvise 0 1 0 1 PAGEOUT', 'odwrite 0 1 0'];

/** Swap, reclaim and lost memory: what a release does otherwise than the one before. */
export const swapInOutScenarios: readonly Scenario[] = [
  {
    name: 'swap-zeros',
    number: 'R10',
    kind: 'sequential',
    title: 'A page of zeros is swapped out, and then the device breaks: can it be read?',
    swap: 'dm',
    steps: ['mmap 0 0 1 w p anon', 'write 0 0 0 0', pageout, 'swaperr 1', 'read 0 0 0'],
    verdict: reads('the process', 'read'),
    expected: by('swapZeromap', 'the process reads 0x0', 'the process gets SIGBUS'),
    source: '0ca0c24e3211; the recorded 6.1 and 6.12 kernels',
    why: 'A bit for each slot says that it holds nothing but zeros: the device is not asked.',
  },
  {
    name: 'swap-in-locked',
    number: 'R11',
    kind: 'sequential',
    title: 'A page comes back from swap into memory that was locked meanwhile: is it locked?',
    swap: 'dm',
    steps: [...fill, pageout, 'mlock2 0 0 0 1', 'read 0 0 0'],
    verdict: (steps) => `the page is ${lastEntry(steps, 0).flags?.includes('L') ? 'locked' : 'not locked'}`,
    expected: by('swapinAnonNew', 'the page is not locked', 'the page is locked'),
    source: '9ae2feacedde; the recorded 6.1 and 6.12 kernels',
    why: 'A page that is new to rmap is added by a function that leaves locking to whoever puts it on the LRU, and here nobody does.',
  },
  {
    name: 'hwpoison-injected',
    number: 'R12',
    kind: 'sequential',
    title: 'A process poisons memory of its own that it has written: when is it killed?',
    swap: 'none',
    steps: [...fill, 'madvise 0 0 0 1 HWPOISON', 'read 0 0 0'],
    verdict: (steps) =>
      lastStep(steps, 'madvise').signal === undefined ? 'at its next access' : 'during the call',
    expected: by('injectedFailureKills', 'during the call', 'at its next access'),
    source: '66802526298e; the recorded 6.1 and 6.12 kernels',
    why: 'The injection now says that the failure was met by an access, as a machine check does.',
  },
  {
    name: 'reclaim-stale-statistics',
    number: 'R13',
    kind: 'sequential',
    title: 'A cgroup of one page that was used once is told to shrink: does the page go?',
    swap: 'dm',
    objects: ['obj 0 tmpfs 1'],
    steps: [...usedOnce, 'reclaim', 'read 0 1 0'],
    verdict: costs('reading', 'read'),
    expected: by('ratelimitedStatsFlush', cost('reading', 0, 0), cost('reading', 1, 0, 1)),
    source: 'the recorded 6.1 and 6.12 kernels',
    why: 'Whether active pages may go is decided by counts of the cgroup, which have not been brought up to date.',
  },
  {
    name: 'reclaim-two-walks',
    number: 'R16',
    kind: 'sequential',
    title: 'The same with another page that may go first: is the page that was used once spared?',
    swap: 'dm',
    objects: ['obj 0 tmpfs 1'],
    steps: [
      ...['mmap 0 0 12 w p anon', ...usedOnce.slice(0, 3), 'write 0 0 6 1', 'odwrite 0 1 0'],
      ...['reclaim', 'read 0 1 0'],
    ],
    verdict: costs('reading', 'read'),
    expected: ({ patched }) =>
      patched.ratelimitedStatsFlush && patched.incrementalCgroupWalk
        ? cost('reading', 0, 0)
        : cost('reading', 1, 0, 1),
    source: 'b82b530740b9; the recorded 6.12 kernel',
    why: 'A walk that ends where enough was freed begins again elsewhere the next time, before active pages are taken.',
  },
  {
    name: 'reclaim-rotations',
    number: 'R24',
    kind: 'sequential',
    title:
      'A cgroup shrinks twice: is the oldest page that was used twice the first that the second time looks at?',
    swap: 'dm',
    steps: [
      ...['mmap 0 0 6 w p anon', 'write 0 0 0 1', 'reclaim'],
      ...['pvwrite 0 0 0 1 1', 'pvwrite 0 0 0 2 1', 'pvwrite 0 0 0 3 1', 'write 0 0 4 1'],
      ...['madvise 0 0 4 1 PAGEOUT', 'read 0 0 4', 'read 0 0 0', 'reclaim'],
    ],
    verdict: (steps) => `the page ${(steps.at(-1)!.vm['pswpout'] ?? 0) === 0 ? 'stays' : 'goes to swap'}`,
    expected: ({ patched }) =>
      `the page ${patched.rotationsCost || patched.ratelimitedStatsFlush ? 'stays' : 'goes to swap'}`,
    source: '0538a82c39e9',
    why: 'Pages that the first time kept count against their list as pages that it wrote do, so the second time fewer are looked at early, and what is looked at early becomes active early and has to go early.',
  },
  {
    name: 'migrate-soft-dirty',
    number: 'R14',
    kind: 'sequential',
    title:
      'A page that was written before the soft-dirty bits were cleared is moved: is it soft-dirty again?',
    swap: 'none',
    steps: [...fill, 'clearrefs 0', 'madvise 0 0 0 1 SOFT_OFFLINE'],
    verdict: (steps) =>
      `the page is ${lastEntry(steps, 0).pagemap.includes('D') ? 'soft-dirty' : 'not soft-dirty'}`,
    expected: ({ arch, patched }) => {
      const tracked = archById(arch).predicates.softDirty !== undefined;
      return `the page is ${tracked && !patched.migrateExactSoftDirty ? 'soft-dirty' : 'not soft-dirty'}`;
    },
    source: '055267feaecc',
    why: 'Making the new entry dirty makes it soft-dirty, too, unless that is undone.',
  },
];

/** What /proc says of memory. */
export const smapsScenarios: readonly Scenario[] = [
  {
    name: 'smaps-hwpoison',
    number: 'R15',
    kind: 'sequential',
    title: 'What does smaps say of a page that was poisoned?',
    swap: 'none',
    steps: [...fill, 'madvise 0 0 0 1 HWPOISON'],
    verdict: (steps) => {
      const { Rss = 0, Shared_Dirty = 0 } = lastStep(steps, 'madvise').mappings[0]!.smaps;
      if (Rss === 0) return 'it is not resident';
      return `it is resident, ${Shared_Dirty > 0 ? 'shared' : 'private'}`;
    },
    expected: ({ patched }) => {
      if (!patched.hwpoisonIsPfnEntry) return 'it is not resident';
      return `it is resident, ${patched.smapsNonpresentShared ? 'shared' : 'private'}`;
    },
    source: '07a57a338adb, 3689c3ebdd54; the recorded 6.1 and 6.5 kernels',
    why: 'The entry still names a frame, so it can be counted; how many map it cannot be known.',
  },
];
