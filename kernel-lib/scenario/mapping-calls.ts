import { archById } from '../arch/variants.js';
import { all, by, cost, costs, lastStep, reads } from './facts.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { resultWords } from './step-words.js';
import { remembers } from './swp-exclusive.js';

const anon = 'mmap 0 0 1 w p anon';

/** How a system call ended: `GUARD_INSTALL succeeds`. */
const ends =
  (what: string, words: string) =>
  (steps: readonly StepReport[]): string =>
    `${what} ${resultWords(lastStep(steps, words)) || 'succeeds'}`;

/** Whether the mapping that a step names has a flag. */
const flagged =
  (flag: string, words: string) =>
  (steps: readonly StepReport[]): string => {
    const { mappings } = lastStep(steps, words);
    return `smaps ${mappings.some(({ flags }) => flags.includes(flag)) ? 'shows' : 'does not show'} ${flag}`;
  };

/** mmap, mprotect, mremap, mlock and madvise: what a release does otherwise than the one before. */
export const mappingCallScenarios: readonly Scenario[] = [
  {
    name: 'populate-hole',
    number: 'R01',
    kind: 'sequential',
    title: 'MADV_POPULATE_READ of a range with a hole: is the memory behind the hole populated?',
    swap: 'none',
    steps: ['mmap 0 0 3 w p anon', 'munmap 0 0 1 1', 'madvise 0 0 0 3 POPULATE_READ', 'read 0 0 2'],
    verdict: all(ends('populating', 'madvise'), costs('reading behind the hole', 'read')),
    expected: ({ patched }) =>
      `populating fails with ENOMEM; ${cost('reading behind the hole', patched.populateByGup ? 1 : 0, 0)}`,
    source: '631426ba1d45; the recorded 6.1 and 6.12 kernels',
    why: 'It was a walk over the mappings, which reports a hole at its end; since v6.9 it is GUP, which stops there.',
  },
  {
    name: 'willneed-behind',
    number: 'R02',
    kind: 'sequential',
    title: 'MADV_WILLNEED of one page of a file that was swapped out: is the next page read, too?',
    swap: 'dm',
    objects: ['obj 0 memfd 2'],
    steps: [
      ...['mmap 0 0 2 w s o0', 'write 0 0 0 1', 'write 0 0 1 2', 'madvise 0 0 0 2 PAGEOUT'],
      ...['madvise 0 0 0 1 WILLNEED', 'read 0 0 1'],
    ],
    verdict: costs('reading behind the range', 'read'),
    expected: by(
      'willneedExactEnd',
      cost('reading behind the range', 1, 0, 1),
      cost('reading behind the range', 1, 0),
    ),
    source: '179d3e4f3bfa; the recorded 6.1 and 6.12 kernels',
    why: 'The end of the range was taken for its last page.',
  },
  {
    name: 'remove-readonly-shared',
    number: 'R03',
    kind: 'sequential',
    title: 'MADV_REMOVE on a shared mapping that mprotect made read-only',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: [
      'mmap 0 0 1 w s o0',
      'write 0 0 0 9',
      'mprotect 0 0 0 1 r',
      'madvise 0 0 0 1 REMOVE',
      'read 0 0 0',
    ],
    verdict: all(ends('removing', 'madvise'), reads('the process', 'read')),
    expected: by(
      'sharedMaywrite',
      'removing succeeds; the process reads 0x0',
      'removing fails with EACCES; the process reads 0x9',
    ),
    source: 'e8e17ee90eaf; the recorded 6.1 and 6.5 kernels',
    why: 'What counts is that the file was opened for writing, which mprotect could use again at any time.',
  },
  {
    name: 'mprotect-unaccounted',
    number: 'R04',
    kind: 'sequential',
    title: 'Private memory that was never written becomes read-only: is it still accounted?',
    swap: 'none',
    steps: [anon, 'mprotect 0 0 0 1 r'],
    verdict: flagged('ac', 'mprotect'),
    expected: by('unaccountUnfaulted', 'smaps does not show ac', 'smaps shows ac'),
    source: '9b9143298585; the recorded 6.1 and 6.12 kernels',
    why: 'Nothing there can need memory of its own any more; so two such mappings can merge, too.',
  },
  {
    name: 'mmap-between-neighbours',
    number: 'R05',
    kind: 'sequential',
    title:
      'New memory between two mappings that it fits both, but that do not fit each other: which one takes it?',
    swap: 'none',
    steps: [
      ...['mmap 0 1 2 w p anon', 'write 0 1 1 1', 'munmap 0 1 0 1'],
      ...['mmap 0 0 4096 w p anon', 'write 0 0 4095 1', 'mmap 0 1 1 w p anon', 'write 0 1 0 2'],
    ],
    verdict: (steps) => {
      const own = lastStep(steps, 'write 0 1 0').mappings.find(({ index }) => index === 0);
      return `the ${own === undefined ? 'lower' : 'upper'} neighbour takes it`;
    },
    // Elsewhere a region holds fewer pages, so that the lower mapping covers the place of the upper one.
    expected: ({ arch, patched }) =>
      `the ${patched.mergeNewRange || archById(arch).pageShift > 12 ? 'lower' : 'upper'} neighbour takes it`,
    source: 'cacded5e42b9; the recorded 6.1 and 6.12 kernels',
    why: 'Each neighbour has an anon_vma of its own. vma_merge() tried the upper one first, the function for new ranges tries the lower.',
  },
  {
    name: 'mprotect-clean-exclusive',
    number: 'R06',
    kind: 'sequential',
    title: 'mprotect there and back of a page that swap-in brought clean: may the next write go through?',
    swap: 'dm',
    steps: [
      ...[anon, 'write 0 0 0 1', 'madvise 0 0 0 1 PAGEOUT', 'read 0 0 0'],
      ...['mprotect 0 0 0 1 r', 'mprotect 0 0 0 1 w', 'write 0 0 0 2'],
    ],
    verdict: (steps) =>
      `the entry is ${lastStep(steps, 'mprotect 0 0 0 1 w').pages[0]!.writable ? 'writable' : 'read-only'}`,
    expected: (kernel) => {
      const writable = kernel.patched.cleanExclusiveUpgrade && remembers(kernel);
      return `the entry is ${writable ? 'writable' : 'read-only'}`;
    },
    source: 'd84887739d5c',
    why: 'An exclusive page may be written whether or not it was: a dirty entry proved nothing more.',
  },
  {
    name: 'mremap-two-mappings',
    number: 'R07',
    kind: 'sequential',
    title: 'mremap of a range that is two mappings',
    swap: 'none',
    steps: ['mmap 0 0 2 w p anon', 'write 0 0 1 5', 'mprotect 0 0 1 1 r', 'mremap 0 0 0 2 1 0', 'read 0 1 1'],
    verdict: all(ends('moving', 'mremap'), reads('the new place', 'read')),
    expected: by(
      'mremapMultipleVmas',
      'moving succeeds; the new place reads 0x5',
      'moving fails with EFAULT; the new place gets SIGSEGV',
    ),
    source: 'd23cb648e365; the recorded 6.12 and 7.2 kernels',
    why: 'Without a change of size nothing needs to grow, so each mapping can move for itself.',
  },
  {
    name: 'guard-region',
    number: 'R08',
    kind: 'sequential',
    title: 'MADV_GUARD_INSTALL on a page: is it still accessible?',
    swap: 'none',
    steps: [anon, 'write 0 0 0 1', 'madvise 0 0 0 1 GUARD_INSTALL', 'read 0 0 0'],
    verdict: all(ends('installing', 'madvise'), reads('the process', 'read')),
    expected: by(
      'guardRegions',
      'installing succeeds; the process gets SIGSEGV',
      'installing fails with EINVAL; the process reads 0x1',
    ),
    source: '662df3e5c376; the recorded 6.12 and 7.2 kernels',
    why: 'A PTE marker takes the place of the page: inaccessible without a mapping of its own.',
  },
  {
    name: 'mlock-on-fault',
    number: 'R09',
    kind: 'sequential',
    title: 'Memory that is locked on fault: does smaps say so?',
    swap: 'none',
    steps: [anon, 'mlock2 0 0 0 1'],
    verdict: flagged('lf', 'mlock2'),
    expected: by('smapsLockonfault', 'smaps shows lf', 'smaps does not show lf'),
    source: 'the recorded 6.1 and 6.5 kernels',
    why: 'Only the two letters are new, not what the flag does.',
  },
];
