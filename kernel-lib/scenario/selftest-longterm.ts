import { lastStep } from './facts.js';
import { hugetlb } from './hugetlb-markers.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

/** Where the kernel keeps its tests of long-term pins. */
const LONGTERM_SELFTEST = 'tools/testing/selftests/mm/gup_longterm.c (v6.12)';

const WORKED = 'PASS: pinned';
const FAILED = 'FAIL: not pinned';

const worked =
  (words: string) =>
  (steps: readonly StepReport[]): string =>
    lastStep(steps, words).err === 0 ? WORKED : FAILED;

interface Way {
  readonly name: string;
  readonly title: string;
  readonly steps: readonly string[];
  /** Whether it is refused in a shared mapping of a file that is written back; absent: never. */
  readonly refuses?: (kernel: Kernel) => boolean;
}

/** How the pin is asked for, behind a write that brings the page; a reading pin finds the mapping read-only. */
const ways: readonly Way[] = [
  {
    name: 'rw',
    title: 'a long-term pin for writing',
    steps: ['gup 0 0 0 1 0 pin,longterm,write'],
    refuses: ({ patched }) => patched.gupKeepsFilesClean,
  },
  {
    name: 'rw-fast',
    title: 'the same by GUP-fast',
    steps: ['gup 0 0 0 1 0 pin,longterm,write,fast'],
    refuses: ({ patched }) => patched.gupKeepsFilesClean && patched.gupFastKeepsFilesClean,
  },
  {
    name: 'ro',
    title: 'a long-term pin for reading',
    steps: ['mprotect 0 0 0 1 r', 'gup 0 0 0 1 0 pin,longterm'],
  },
  {
    name: 'ro-fast',
    title: 'the same by GUP-fast',
    steps: ['mprotect 0 0 0 1 r', 'gup 0 0 0 1 0 pin,longterm,fast'],
  },
  {
    name: 'iouring',
    title: 'a fixed buffer of io_uring',
    steps: ['ioreg 0 0 0 1 0'],
    refuses: ({ patched }) => patched.gupKeepsFilesClean,
  },
];

const mappings = [
  { letter: 's', word: 'shared' },
  { letter: 'p', word: 'private' },
] as const;

const MEMORY =
  'Memory files have no writeback that a pin could disturb; private mappings are pinned as anonymous memory.';

/** The tests of long-term pins that the kernel brings, on files that live in memory. */
const memoryScenarios = mappings.flatMap(({ letter, word }, m) =>
  (['memfd', 'tmpfs'] as const).flatMap((file, f) =>
    ways.map(({ name, title, steps }, w): Scenario => ({
      name: `longterm-${name}-${word}-${file}`,
      number: `L${1 + w + ways.length * (f + 2 * m)}`,
      kind: 'sequential',
      title: `A ${word} mapping of a ${file} file: ${title}`,
      swap: 'none',
      objects: [`obj 0 ${file} 1`],
      steps: [`mmap 0 0 1 w ${letter} o0`, 'write 0 0 0 0', ...steps],
      verdict: worked(name === 'iouring' ? 'ioreg' : 'gup'),
      expected: () => WORKED,
      source: LONGTERM_SELFTEST,
      why: MEMORY,
    })),
  ),
);

/** The file has its page before a private mapping asks, as after fallocate(). */
const hugePage = ['mmap 0 1 H r s o0', 'read 0 1 0', 'munmap 0 1 0 H'];

/** The same on a huge page of hugetlb. */
const hugetlbScenarios = memoryScenarios
  .filter(({ name }) => name.endsWith('memfd'))
  .map((test): Scenario =>
    hugetlb({
      ...test,
      name: test.name.replace('memfd', 'hugetlb'),
      number: `${test.number}g`,
      title: test.title.replace('memfd file', 'huge page of hugetlb'),
      objects: ['obj 0 hugetlb H'],
      steps: [...hugePage, ...test.steps.map((step) => step.replace(/^(mmap 0 0|mprotect 0 0 0) 1/, '$1 H'))],
    }),
  );

/** The same on a file of a local disk, which has to be told of stores before they happen. */
const diskScenarios = mappings.flatMap(({ letter, word }, m) =>
  ways.map(({ name, title, steps, refuses }, w): Scenario => ({
    name: `longterm-${name}-${word}-disk`,
    number: `L${1 + w + ways.length * m}d`,
    kind: 'sequential',
    title: `A ${word} mapping of a file on a disk: ${title}`,
    swap: 'none',
    objects: ['obj 0 disk 1'],
    steps: [`mmap 0 0 1 w ${letter} o0`, 'write 0 0 0 0', ...steps],
    verdict: worked(name === 'iouring' ? 'ioreg' : 'gup'),
    expected: (kernel) => {
      const askedBefore = name === 'iouring' && !kernel.patched.gupChecksFiles;
      const refused = word === 'shared' && refuses?.(kernel) === true;
      return refused || askedBefore ? FAILED : WORKED;
    },
    source: LONGTERM_SELFTEST,
    why: 'A pin that may write at any time would do so behind the back of writeback; io_uring, which asked before GUP did, refused private mappings of such files as well.',
  })),
);

/** The tests of long-term pins that the kernel brings. */
export const longtermSelftestScenarios: readonly Scenario[] = [
  ...memoryScenarios,
  ...hugetlbScenarios,
  ...diskScenarios,
];
