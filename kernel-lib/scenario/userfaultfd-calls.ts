import { all, by, lastEntry, lastStep, messages, reads } from './facts.js';
import { uffdWpScenario } from './pte-markers.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { resultWords } from './step-words.js';

const anon = 'mmap 0 0 1 w p anon';
const protect = ['uffd 0 0x0', 'ureg 0 0 0 1 w', 'uwp 0 0 0 1 1'];
const written = [anon, 'write 0 0 0 1', ...protect];
const source = 'the recorded 6.1 and 6.12 kernels';

const ends =
  (what: string, words: string) =>
  (steps: readonly StepReport[]): string =>
    `${what} ${resultWords(lastStep(steps, words)) || 'succeeds'}`;

const protectedAt =
  (region: number) =>
  (steps: readonly StepReport[]): string =>
    `the page is ${lastEntry(steps, 0, region).pagemap.includes('W') ? 'write-protected' : 'not write-protected'}`;

/** Userfaultfd without write-protection: on every architecture. */
const missingScenarios: readonly Scenario[] = [
  {
    name: 'uffd-merge',
    number: 'R30',
    kind: 'sequential',
    title: 'The middle of a mapping is registered below a part that was registered before: do they merge?',
    swap: 'none',
    steps: ['mmap 0 0 3 w p anon', 'uffd 0 0x80', 'ureg 0 0 2 1 m', 'ureg 0 0 1 1 m'],
    verdict: (steps) => `${lastStep(steps, 'ureg').mappings.length} mappings`,
    expected: by('uffdMergePgoff', '2 mappings', '3 mappings'),
    source: `5543d3c43c41; ${source}`,
    why: 'The offset that merging was asked with was that of the whole mapping, not of the part.',
  },
  {
    name: 'uffd-poison',
    number: 'R31',
    kind: 'sequential',
    title: 'UFFDIO_POISON of a place, and then an access',
    swap: 'none',
    steps: [anon, 'uffd 0 0x0', 'ureg 0 0 0 1 m', 'upoison 0 0 0', 'read 0 0 0'],
    verdict: all(ends('poisoning', 'upoison'), reads('the process', 'read')),
    expected: by(
      'uffdPoison',
      'poisoning succeeds; the process gets SIGBUS',
      'poisoning fails with EINVAL; the process reads 0xee',
    ),
    source: `fc71884a5f59; ${source}`,
    why: 'The marker of a lost page can be asked for, so that a virtual machine that moves takes its lost pages along.',
  },
  {
    name: 'uffd-copy-zero',
    number: 'R32',
    kind: 'sequential',
    title: 'UFFDIO_COPY into a private mapping of /dev/zero',
    swap: 'none',
    steps: ['mmap 0 0 1 w p zero', 'uffd 0 0x0', 'ureg 0 0 0 1 m', 'ucopy 0 0 0 7'],
    verdict: ends('copying', 'ucopy'),
    expected: by('uffdFileSize', 'copying fails with EFAULT', 'copying succeeds'),
    source: `435cdb41a76f; ${source}`,
    why: 'The place is behind the end of the file, which has no length: only files of shmem were asked before.',
  },
  {
    name: 'uffd-move',
    number: 'R33',
    kind: 'sequential',
    title: 'UFFDIO_MOVE of a page of the process into a registered place',
    swap: 'none',
    steps: [
      ...[anon, 'write 0 0 0 9', 'mmap 0 1 1 w p anon', 'uffd 0 0x10000', 'ureg 0 1 0 1 m'],
      ...['pmove 0 0 0 1 1 0', 'read 0 1 0'],
    ],
    verdict: all(ends('moving', 'pmove'), reads('the process', 'read')),
    expected: by(
      'uffdMove',
      'moving succeeds; the process reads 0x9',
      'moving fails with EINVAL; the process reads 0xee',
    ),
    source: `adef440691ba; ${source}`,
    why: 'An exclusive page needs no copy to change its place.',
  },
  {
    name: 'uffd-failed-fill',
    number: 'R34',
    kind: 'sequential',
    title: 'UFFDIO_COPY fails; then the mapping becomes read-only: is it still accounted?',
    swap: 'none',
    steps: [anon, 'uffd 0 0x0', 'ureg 0 0 0 1 m', 'ucopy 0 0 0 4 wp', 'mprotect 0 0 0 1 r'],
    verdict: (steps) => {
      const { flags } = lastStep(steps, 'mprotect').mappings[0]!;
      return `smaps ${flags.includes('ac') ? 'shows' : 'does not show'} ac`;
    },
    expected: ({ patched }) =>
      patched.unaccountUnfaulted && !patched.uffdPerVmaLocks ? 'smaps does not show ac' : 'smaps shows ac',
    source: `867a43a34ff8, 9b9143298585; ${source}`,
    why: 'A mapping with an anon_vma counts as one that was faulted; under the lock of the mapping alone it gets one before anything is checked.',
  },
];

/** Write-protection. */
const wpScenarios: readonly Scenario[] = [
  uffdWpScenario({
    name: 'uffd-wp-shared-read',
    number: 'R35',
    title: 'A shared mapping is registered for write-protection, and a page of it is read',
    steps: ['mmap 0 0 1 w s o0', 'uffd 0 0x1000', 'ureg 0 0 0 1 w', 'read 0 0 0'],
    verdict: (steps) => `the entry is ${lastEntry(steps, 0).writable ? 'writable' : 'read-only'}`,
    expected: by('uffdWpWritenotify', 'the entry is read-only', 'the entry is writable'),
    source: '51d3d5eb74ff',
    why: 'Whatever maps a page there must not let stores pass by default: migration had done so.',
  }),
  uffdWpScenario({
    name: 'uffd-wp-two-mappings',
    number: 'R36',
    title: 'Write-protection of a range that is two mappings, both registered',
    steps: [
      ...['mmap 0 0 2 w p anon', 'write 0 0 0 1', 'write 0 0 1 1', 'mprotect 0 0 1 1 r'],
      ...['uffd 0 0x0', 'ureg 0 0 0 2 w', 'uwp 0 0 0 2 1'],
    ],
    verdict: ends('protecting', 'uwp'),
    expected: by('uffdWpManyVmas', 'protecting succeeds', 'protecting fails with ENOENT'),
    source,
    why: 'One mapping had to hold the whole range.',
  }),
  uffdWpScenario({
    name: 'uffd-wp-async',
    number: 'R37',
    title:
      'A write-protected page is written, with UFFD_FEATURE_WP_ASYNC where the kernel has it: is it told?',
    steps: [anon, 'write 0 0 0 1', 'uffd 0 0x8000', ...protect.slice(1), 'write 0 0 0 2'],
    verdict: (steps) => (messages(steps) === 0 ? 'the store is not told' : 'the store is told'),
    expected: by('uffdWpAsync', 'the store is not told', 'the store is told'),
    source: `d61ea1cb0095; ${source}`,
    why: 'Who only wants to know later what was written need not stop every store: the fault lifts the protection.',
  }),
  uffdWpScenario({
    name: 'uffd-wp-close',
    number: 'R38',
    title: 'A userfaultfd is closed that has write-protected a page',
    steps: [...written, 'uclose 0', 'read 0 0 0'],
    verdict: protectedAt(0),
    expected: by('uffdCloseResets', 'the page is not write-protected', 'the page is write-protected'),
    source: `c88033efe9a3; ${source}`,
    why: 'Nobody is left who could lift the protection.',
  }),
  uffdWpScenario({
    name: 'uffd-wp-swapped',
    number: 'X15',
    title: 'An exclusive page that is write-protected is swapped out, read back and written',
    steps: [...written, 'madvise 0 0 0 1 PAGEOUT', 'read 0 0 0', 'write 0 0 0 34'],
    verdict: (steps) => {
      const { flags, writable, pagemap } = lastStep(steps, 'read 0 0 0').pages[0]!;
      const back = [
        flags?.includes('e') ? 'exclusive' : 'maybe shared',
        writable ? 'writable' : 'read-only',
        pagemap.includes('W') ? 'write-protected' : 'not write-protected',
      ];
      return `it comes back ${back.join(', ')}; ${messages(steps) === 1 ? 'the store is told' : 'the store is not told'}`;
    },
    expected: () => 'it comes back exclusive, read-only, write-protected; the store is told',
    source: 'mm/memory.c do_swap_page',
    why: 'The three software bits of a swap entry are independent: exclusivity does not outweigh the protection.',
  }),
  uffdWpScenario({
    name: 'uffd-wp-mremap',
    number: 'R39',
    title: 'A write-protected page is moved by mremap, of which nobody is told',
    steps: [...written, 'mremap 0 0 0 1 1 0', 'read 0 1 0'],
    verdict: protectedAt(1),
    expected: by('mremapClearsUffdWp', 'the page is not write-protected', 'the page is write-protected'),
    source: `0cef0bb836e3; ${source}`,
    why: 'The new place is not registered, so the protection would mean nothing there.',
  }),
];

/** Userfaultfd: what a release does otherwise than the one before. */
export const userfaultfdCallScenarios: readonly Scenario[] = [...missingScenarios, ...wpScenarios];
