import { KEPT_TO_ITSELF, LEAKED, pipeKeeps } from './fork-pins.js';
import { by, lastStep } from './facts.js';
import { MISSED, SAW, pinSaw } from './longterm-pins.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

const source = 'tools/testing/selftests/mm/cow.c (v6.12)';

/** One of the kernel's own COW tests; on base pages here. */
interface Case {
  readonly name: string;
  readonly title: string;
  readonly steps: readonly string[];
  readonly verdict: (steps: readonly StepReport[]) => string;
  readonly expected: (kernel: Kernel) => string;
  readonly why: string;
}

const twice = ['mprotect 0 0 0 1 r', 'mprotect 0 0 0 1 w'];
/** Read-only entries that mprotect does not make writable again: the kernel must see the next write. */
const readOnly = ['mprotect 0 0 0 1 r', 'clearrefs 0', 'mprotect 0 0 0 1 w'];
const parentWrites = 'write 0 0 0 255';

const childKeeps = (steps: readonly StepReport[]): string =>
  lastStep(steps, 'read 1').val === 1 ? KEPT_TO_ITSELF : LEAKED;
const pinKeepsUp = (steps: readonly StepReport[]): string =>
  lastStep(steps, 'ioread').val === 255 ? SAW : MISSED;

/** Whether the COW is broken by who writes, or by who reads: both before and after the fork. */
const sharing: readonly Case[] = [
  {
    name: 'fork',
    title: 'A parent writes after fork',
    steps: ['fork 0 1', 'read 1 0 0', parentWrites, 'read 1 0 0'],
    verdict: childKeeps,
    expected: () => KEPT_TO_ITSELF,
    why: 'Fork leaves both with read-only entries; the write copies.',
  },
  {
    name: 'fork-mprotect',
    title: 'A parent changes the protection there and back after fork, and writes',
    steps: ['fork 0 1', 'read 1 0 0', ...twice, parentWrites, 'read 1 0 0'],
    verdict: childKeeps,
    expected: () => KEPT_TO_ITSELF,
    why: 'mprotect makes only exclusive pages writable without a fault.',
  },
  {
    name: 'vmsplice-child',
    title: 'A child puts the page into a pipe and unmaps it; the parent writes',
    steps: ['fork 0 1', 'vmsplice 1 0 0 1 0', 'munmap 1 0 0 1', parentWrites, 'piperead 0'],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    why: 'The pipe has a reference: the parent is not alone with the page.',
  },
  {
    name: 'vmsplice-child-mprotect',
    title: 'The same with a change of protection there and back before the write',
    steps: ['fork 0 1', 'vmsplice 1 0 0 1 0', 'munmap 1 0 0 1', ...twice, parentWrites, 'piperead 0'],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    why: 'mprotect asks whether the page is exclusive, not how often it is mapped.',
  },
  {
    name: 'vmsplice-before-fork',
    title: 'A parent puts the page into a pipe, forks and unmaps it; the child writes',
    steps: ['vmsplice 0 0 0 1 0', 'fork 0 1', 'munmap 0 0 0 1', 'write 1 0 0 255', 'piperead 0'],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    why: 'The child shares the page since fork, and the reference in the pipe makes it copy.',
  },
  {
    name: 'vmsplice-after-fork',
    title: 'A parent forks, puts the page into a pipe and unmaps it; the child writes',
    steps: ['fork 0 1', 'vmsplice 0 0 0 1 0', 'munmap 0 0 0 1', 'write 1 0 0 255', 'piperead 0'],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    why: 'A read by GUP takes the shared page itself; the reference makes the child copy.',
  },
];

/** Long-term pins of anonymous pages, and a write through an entry that is read-only again. */
const pins: readonly Case[] = [
  {
    name: 'iouring-readonly',
    title: 'A page that is registered with io_uring is mapped read-only, and then written',
    steps: ['ioreg 0 0 0 1 0', ...readOnly, parentWrites, 'ioread 0 0'],
    verdict: pinKeepsUp,
    expected: () => SAW,
    why: 'The page stays exclusive whatever its protection: the write fault reuses it.',
  },
  {
    name: 'iouring-fork',
    title: 'A process forks while a page is registered with io_uring, and writes',
    steps: ['ioreg 0 0 0 1 0', 'fork 0 1', parentWrites, 'ioread 0 0'],
    verdict: pinKeepsUp,
    expected: () => SAW,
    why: 'Fork copies a pinned page for the child instead of sharing it.',
  },
  ...(['', ',fast'] as const).flatMap((fast): Case[] => [
    pinCase('shared', 'that is shared with a child', fast, ['fork 0 1']),
    pinCase('previously-shared', 'that was shared with a child which has gone', fast, ['fork 0 1', 'exit 1']),
    pinCase('exclusive', 'that is exclusive and mapped read-only', fast, readOnly),
  ]),
];

function pinCase(name: string, what: string, fast: '' | ',fast', before: readonly string[]): Case {
  return {
    name: `ro-${fast ? 'fast-' : ''}pin-${name}`,
    title: `A read-only long-term pin${fast ? ' by GUP-fast' : ''} of a page ${what}, and then a write`,
    steps: [...before, `gup 0 0 0 1 0 pin,longterm${fast}`, parentWrites],
    verdict: pinSaw,
    expected: () => SAW,
    why: 'Anonymous pages are unshared before they are pinned, in every release here.',
  };
}

const inMemory = ['mmap 0 0 1 w p anon', 'write 0 0 0 1'];
const swappedOut = [...inMemory, 'madvise 0 0 0 1 PAGEOUT'];

/** The tests of anonymous pages, each on a page in memory and on one that was swapped out. */
const anonScenarios = [...sharing, ...pins].flatMap((test, at): Scenario[] =>
  [inMemory, swappedOut].map((begin) => {
    const swapped = begin === swappedOut;
    return {
      ...test,
      name: `cow-${test.name}${swapped ? '-swapped' : ''}`,
      number: `C${at + 1}${swapped ? 's' : ''}`,
      kind: 'sequential',
      title: `${test.title}${swapped ? '; the page was swapped out' : ''}`,
      swap: swapped ? 'dm' : 'none',
      steps: [...begin, ...test.steps],
      source,
    };
  }),
);

/** What is mapped privately that is not anonymous yet, with a second mapping beside it. */
const backings = [
  { name: 'zeropage', what: 'the zero page', map: ['mmap 0 0 1 w p anon', 'mmap 0 1 1 r p anon'] },
  {
    name: 'memfd',
    what: 'a memfd',
    map: ['mmap 0 0 1 w p o0', 'mmap 0 1 1 r s o0'],
    object: 'obj 0 memfd 1',
  },
  {
    name: 'tmpfile',
    what: 'a file on tmpfs',
    map: ['mmap 0 0 1 w p o0', 'mmap 0 1 1 r s o0'],
    object: 'obj 0 tmpfs 1',
  },
] as const;

const otherKeeps = (steps: readonly StepReport[]): string =>
  lastStep(steps, 'read 0 1').val === 0 ? KEPT_TO_ITSELF : LEAKED;
const reliable = by('longtermUnshare', SAW, MISSED);

const otherTests = [
  { name: 'write', title: 'A write to', steps: [parentWrites, 'read 0 1 0'], verdict: otherKeeps },
  {
    name: 'ro-pin',
    title: 'A read-only long-term pin, and then a write, of',
    steps: ['gup 0 0 0 1 0 pin,longterm', parentWrites],
    verdict: pinSaw,
  },
  {
    name: 'ro-fast-pin',
    title: 'A read-only long-term pin by GUP-fast, and then a write, of',
    steps: ['gup 0 0 0 1 0 pin,longterm,fast', parentWrites],
    verdict: pinSaw,
  },
] as const;

/** The tests of private mappings of something else. */
const otherScenarios = otherTests.flatMap((test, t): Scenario[] =>
  backings.map((backing, b) => ({
    name: `cow-${test.name}-${backing.name}`,
    number: `C${30 + 3 * t + b}`,
    kind: 'sequential',
    title: `${test.title} ${backing.what} in a private mapping`,
    swap: 'none',
    ...('object' in backing && { objects: [backing.object] }),
    steps: [...backing.map, 'read 0 0 0', 'read 0 1 0', ...test.steps],
    verdict: test.verdict,
    expected: test.name === 'write' ? () => KEPT_TO_ITSELF : reliable,
    source,
    why:
      test.name === 'write'
        ? 'A private mapping keeps its writes to itself.'
        : 'Since 84209e87c696 such a page is unshared before it is pinned.',
  })),
);

/** The COW tests that the kernel brings, as far as they use base pages. */
export const cowSelftestScenarios: readonly Scenario[] = [...anonScenarios, ...otherScenarios];
