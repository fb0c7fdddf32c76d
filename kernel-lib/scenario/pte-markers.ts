import { behind, lastStep, messages, warnings } from './facts.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { resultWords } from './step-words.js';

/** What a kernel without write-protection answers to the registration. */
export const NO_WP = 'registering for write-protection fails with EINVAL';

/** Of the architectures that scenarios are run on, the one on which userfaultfd can write-protect. */
export const hasUffdWp = ({ arch }: Kernel): boolean => arch === 'x86_64';

export type Verdict = Scenario['verdict'];
type Expected = Scenario['expected'];

/** A scenario that registers for write-protection. */
export function uffdWpScenario(
  scenario: Omit<Scenario, 'kind' | 'swap' | 'objects' | 'source'> & Partial<Scenario>,
): Scenario {
  return {
    kind: 'sequential',
    swap: 'dm',
    objects: ['obj 0 memfd 2'],
    source:
      'change_pte_range(), zap_pte_range() and copy_nonpresent_pte() of v6.1 and v6.12; the recorded kernels',
    ...scenario,
    verdict: (steps) => (lastStep(steps, 'ureg').err === 0 ? scenario.verdict(steps) : NO_WP),
    expected: (kernel) => (hasUffdWp(kernel) ? scenario.expected(kernel) : NO_WP),
  };
}

/** How often the monitor was told, from the last `uwp 0 0 0 1 1` on. */
export const told: Verdict = (steps) => times(messages(behind(steps, ' 1')));

export function times(n: number): string {
  return n === 0 ? 'the store is not told' : n === 1 ? 'the store is told' : `told ${n} times`;
}

const isTold: Expected = () => times(1);
const isNotTold: Expected = () => times(0);

export const shared = 'mmap 0 0 1 w s o0';
export const protect = ['uffd 0 0x1000', 'ureg 0 0 0 1 w', 'uwp 0 0 0 1 1'];
export const store = 'write 0 0 0 7';

/** Write-protection of places that hold no page: markers, and what becomes of them. */
const wpScenarios: readonly Scenario[] = [
  uffdWpScenario({
    name: 'marker-unpopulated-read',
    number: 'M01',
    title: 'A place of a file without a page is write-protected and read: is a store still told?',
    steps: [shared, ...protect, 'read 0 0 0', store],
    verdict: (steps) => `${messages([lastStep(steps, 'read')])} messages; ${told(steps)}`,
    expected: (kernel) => `0 messages; ${isTold(kernel)}`,
    why: 'The read turns the marker into a present entry with the write-protection, and nobody has to be asked.',
  }),
  uffdWpScenario({
    name: 'marker-unpopulated-write',
    number: 'M02',
    title: 'A place of a file without a page is write-protected and written',
    steps: [shared, ...protect, store],
    verdict: told,
    expected: isTold,
    why: 'The first fault brings the page, write-protected; the second, of the same store, is told.',
  }),
  uffdWpScenario({
    name: 'marker-anonymous',
    number: 'M03',
    title: 'Anonymous memory that was never touched is write-protected and written',
    steps: ['mmap 0 0 1 w p anon', 'uffd 0 0x0', ...protect.slice(1), store],
    verdict: told,
    expected: isNotTold,
    why: 'No marker is left in an empty place of anonymous memory, unless that is asked for.',
  }),
  uffdWpScenario({
    name: 'marker-anonymous-unpopulated',
    number: 'M04',
    title: 'The same with UFFD_FEATURE_WP_UNPOPULATED, where the kernel has it',
    steps: ['mmap 0 0 1 w p anon', 'uffd 0 0x2000', ...protect.slice(1), store],
    verdict: told,
    expected: (kernel) => times(kernel.patched.uffdWpUnpopulated ? 1 : 0),
    why: 'Since 2bad466cc9d9 a monitor can ask for markers in anonymous memory, too.',
  }),
  uffdWpScenario({
    name: 'marker-swapped',
    number: 'M05',
    title: 'A write-protected page of a file is swapped out and written',
    steps: [shared, 'write 0 0 0 1', ...protect, 'madvise 0 0 0 1 PAGEOUT', store],
    verdict: told,
    expected: isTold,
    why: 'The page is found in the object, not by the entry; so the marker can keep the entry’s place.',
  }),
  uffdWpScenario({
    name: 'marker-dontneed',
    number: 'M06',
    title: 'A write-protected page of a file is dropped by MADV_DONTNEED and written',
    steps: [shared, 'write 0 0 0 1', ...protect, 'madvise 0 0 0 1 DONTNEED', store],
    verdict: told,
    expected: isTold,
    why: 'The content is still there, so who wants to know of stores to it must be told.',
  }),
  uffdWpScenario({
    name: 'marker-munmap',
    number: 'M07',
    title: 'A write-protected page of a file is unmapped, mapped again and written',
    steps: [shared, 'write 0 0 0 1', ...protect, 'munmap 0 0 0 1', shared, store],
    verdict: told,
    expected: isNotTold,
    why: 'Only munmap and exit drop markers without being asked: the new mapping is not registered.',
  }),
  uffdWpScenario({
    name: 'marker-truncate',
    number: 'M08',
    title: 'A write-protected page is truncated away, the file grows again, and the place is written',
    steps: [shared, 'write 0 0 0 1', ...protect, 'otrunc 0 0', 'otrunc 0 1', store],
    verdict: told,
    expected: isTold,
    why: 'Truncation unmaps the range without dropping markers; so the place stays protected without a page.',
  }),
  uffdWpScenario({
    name: 'marker-resolve',
    number: 'M09',
    title: 'The write-protection of an empty place is lifted before the store',
    steps: [shared, ...protect, 'uwp 0 0 0 1 0', store],
    verdict: (steps) => times(messages(steps)),
    expected: isNotTold,
    why: 'Lifting the protection makes the marker none.',
  }),
  uffdWpScenario({
    name: 'marker-unregister',
    number: 'M10',
    title: 'The range is unregistered before the store',
    steps: [shared, ...protect, 'uunreg 0 0 0 1', store],
    verdict: (steps) => times(messages(steps)),
    expected: isNotTold,
    why: 'Unregistering lifts every protection of the range first.',
  }),
];

const privateFile = ['mmap 0 0 2 w p o0', 'write 0 0 0 1'];
const protectBoth = ['ureg 0 0 0 2 w', 'uwp 0 0 0 2 1'];

/** What fork makes of markers. */
const forkScenarios: readonly Scenario[] = [
  uffdWpScenario({
    name: 'marker-fork',
    number: 'M11',
    title: 'A process forks with markers that the child, without a fork event, has no use for',
    steps: [...privateFile, 'uffd 0 0x1000', ...protectBoth, 'fork 0 1', 'write 1 0 1 7'],
    verdict: (steps) => `${warned(steps)}; ${times(messages([lastStep(steps, 'write 1')]))}`,
    expected: ({ patched }) => `${patched.markerForkFollowsChild ? 'no warning' : 'a warning'}; ${times(0)}`,
    source: 'bugzilla.kernel.org 216808, what a fuzzer found; 49d6d7fb6313',
    why: 'The page tables are copied for the sake of the written page; 49d6d7fb6313 leaves markers out.',
  }),
  uffdWpScenario({
    name: 'marker-fork-event',
    number: 'M12',
    title: 'The same with a fork event: the child has a userfaultfd of its own',
    steps: [...privateFile, 'uffd 0 0x1002', ...protectBoth, 'fork 0 1', 'write 1 0 1 7'],
    verdict: (steps) => `${warned(steps)}; ${times(messages([lastStep(steps, 'write 1')]))}`,
    expected: () => `no warning; ${times(1)}`,
    why: 'The child’s VMA stays registered, with a context that the monitor was handed.',
  }),
  uffdWpScenario({
    name: 'marker-fork-shared',
    number: 'M13',
    title: 'A process forks with markers in a shared mapping',
    steps: [shared, ...protect, 'fork 0 1', 'write 1 0 0 7'],
    verdict: (steps) => `${warned(steps)}; ${times(messages([lastStep(steps, 'write 1')]))}`,
    expected: () => `no warning; ${times(0)}`,
    why: 'Page tables of shared mappings are not copied at all: the child’s faults find the pages.',
  }),
];

function warned(steps: readonly StepReport[]): string {
  return warnings(steps).length > 0 ? 'a warning' : 'no warning';
}

const swapOut = ['mmap 0 0 1 w p anon', 'write 0 0 0 5', 'madvise 0 0 0 1 PAGEOUT'];
export const loseSwap = ['swaperr 1', 'swapoff'];
export const lose = [...swapOut, ...loseSwap];

const SIGBUS = 'gets SIGBUS';
const ZERO = 'reads 0x0';

/** What the last step gave. */
const outcome: Verdict = (steps) => resultWords(steps.at(-1)!);
const isSigbus: Expected = () => SIGBUS;
const isZero: Expected = () => ZERO;

function swapError(scenario: Omit<Scenario, 'kind' | 'swap' | 'source'>): Scenario {
  return {
    kind: 'sequential',
    swap: 'dm',
    source: 'the changelogs of 15520a3f0469, 49d6d7fb6313 and 7e3ce3f8d2d2; the recorded kernels',
    ...scenario,
  };
}

/** Alpha does not recognise the entry of an exclusive page as that of its slot, until pte_swp_exclusive() returns bool. */
function swapoffEnds({ arch, patched }: Kernel): boolean {
  return arch !== 'alpha' || !patched.swpExclusive || patched.alphaSwpExclusiveBool;
}

/** What a child gets whose parent lost the page: three states of history. */
function childGets(forgotten: string): Expected {
  return ({ patched }) => {
    if (!patched.swapErrorMarker) return `no warning; ${SIGBUS}`;
    if (!patched.markerForkFollowsChild) return `a warning; ${SIGBUS}`;
    return `no warning; ${patched.errorMarkerSurvivesFork ? SIGBUS : forgotten}`;
  };
}

/** Pages that could not be read back from swap. */
const swapErrorScenarios: readonly Scenario[] = [
  swapError({
    name: 'swap-error',
    number: 'M14',
    title: 'A page cannot be read back when swap is switched off',
    steps: [...lose, 'read 0 0 0'],
    verdict: outcome,
    expected: isSigbus,
    why: 'An entry of its own, since 15520a3f0469 a marker, remembers that there was something.',
  }),
  swapError({
    name: 'swap-error-child',
    number: 'M15',
    title: 'The same, and the process forks before the child reads',
    steps: [...lose, 'fork 0 1', 'read 1 0 0'],
    verdict: (steps) => `${warned(steps)}; ${outcome(steps)}`,
    expected: childGets(ZERO),
    why: 'With 49d6d7fb6313 alone fork drops the error like any marker, and the child reads zeros instead of its data.',
  }),
  swapError({
    name: 'swap-error-child-file',
    number: 'M16',
    title: 'The same with a private copy of a page of a file',
    objects: ['obj 0 memfd 1'],
    steps: [
      ...['owrite 0 0 9', 'mmap 0 0 1 w p o0', 'write 0 0 0 5', 'madvise 0 0 0 1 PAGEOUT'],
      ...[...loseSwap, 'fork 0 1', 'read 1 0 0'],
    ],
    verdict: (steps) => `${warned(steps)}; ${outcome(steps)}`,
    expected: childGets('reads 0x9'),
    why: 'Where the error is dropped the child finds what the file held before.',
  }),
  swapError({
    name: 'swap-error-dontneed',
    number: 'M17',
    title: 'The lost page is given up by MADV_DONTNEED',
    steps: [...lose, 'madvise 0 0 0 1 DONTNEED', 'read 0 0 0'],
    verdict: outcome,
    expected: isZero,
    why: 'Who says that he does not need the content does not need the error either.',
  }),
  swapError({
    name: 'swap-error-free',
    number: 'M18',
    title: 'The lost page is given up by MADV_FREE',
    steps: [...lose, 'madvise 0 0 0 1 FREE', 'read 0 0 0'],
    verdict: outcome,
    expected: isZero,
    why: 'The same, at once instead of when memory is short.',
  }),
  swapError({
    name: 'swap-error-fault',
    number: 'M19',
    title: 'A fault cannot read a page back; the device is mended, and the page is read again',
    steps: [...swapOut, 'swaperr 1', 'read 0 0 0', 'swaperr 0', 'read 0 0 0'],
    verdict: outcome,
    expected: isSigbus,
    why: 'The entry still names the slot, but the page that could not be read stays in the swap cache.',
  }),
  swapError({
    name: 'swap-error-shmem',
    number: 'M20',
    title: 'A page of an object cannot be read back',
    objects: ['obj 0 memfd 1'],
    steps: [
      ...['mmap 0 0 1 w s o0', 'write 0 0 0 5', 'madvise 0 0 0 1 PAGEOUT', 'swaperr 1', 'read 0 0 0'],
      ...['swaperr 0', 'oread 0 0'],
    ],
    verdict: (steps) => `${resultWords(lastStep(steps, 'read'))}; ${outcome(steps)}`,
    expected: () => `${SIGBUS}; fails with EIO`,
    why: 'The object remembers the loss at its index; no page table does.',
  }),
  swapError({
    name: 'swap-error-mremap',
    number: 'M22',
    title: 'The lost page is moved by mremap',
    steps: [...lose, 'mremap 0 0 0 1 1 0', 'read 0 1 0'],
    verdict: outcome,
    expected: isSigbus,
    why: 'mremap moves every entry that is not none.',
  }),
  swapError({
    name: 'swap-error-mprotect',
    number: 'M23',
    title: 'The protection of the lost page is changed and changed back',
    steps: [...lose, 'mprotect 0 0 0 1 n', 'mprotect 0 0 0 1 w', 'read 0 0 0'],
    verdict: outcome,
    expected: isSigbus,
    why: 'mprotect leaves errors alone: any access fails as it is.',
  }),
  swapError({
    name: 'swap-error-copy',
    number: 'M24',
    title: 'A monitor copies new content over the lost page',
    steps: [...lose, 'uffd 0 0x0', 'ureg 0 0 0 1 m', 'ucopy 0 0 0 6', 'read 0 0 0'],
    verdict: (steps) => `${resultWords(lastStep(steps, 'ucopy')) || 'copied'}; ${outcome(steps)}`,
    expected: (kernel) =>
      kernel.patched.swapErrorMarker && swapoffEnds(kernel)
        ? 'copied; reads 0x6'
        : `fails with EEXIST; ${SIGBUS}`,
    why: 'A marker counts as an empty place to who fills it; the entry that there was before does not.',
  }),
];

/** Entries that are neither none, nor present, nor a slot. */
export const pteMarkerScenarios: readonly Scenario[] = [
  ...wpScenarios,
  ...forkScenarios,
  ...swapErrorScenarios,
];
