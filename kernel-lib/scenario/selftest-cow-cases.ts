import { by, lastStep } from './facts.js';
import { KEPT_TO_ITSELF, LEAKED, pipeKeeps } from './fork-pins.js';
import { MISSED, SAW, pinSaw } from './longterm-pins.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

/** Where the kernel keeps its COW tests. */
export const COW_SELFTEST = 'tools/testing/selftests/mm/cow.c (v6.12)';

/** Of how many pages, from the start of region 0, a test is: `1`, or as many as an operation may say, `H` or `H/2`. */
export type Extent = '1' | 'H' | 'H/2';

/** One of the kernel's COW tests of anonymous memory, which holds ones. */
export interface CowCase extends Pick<Scenario, 'name' | 'title' | 'verdict' | 'expected' | 'why'> {
  readonly steps: (nrPages: Extent) => readonly string[];
}

/** Pages that a pipe holds, which are fewer than those of a huge page. */
const inPipe = (n: Extent) => (n === '1' ? 1 : 16);

const parentWrites = (n: Extent) => (n === '1' ? 'write 0 0 0 255' : `fill 0 0 0 ${n} 255`);
const childWrites = (n: Extent) => parentWrites(n).replace(' 0 ', ' 1 ');
const childReads = (n: Extent) => (n === '1' ? 'read 1 0 0' : `readall 1 0 0 ${n}`);
const splice = (process: number, n: Extent) => `vmsplice ${process} 0 0 ${inPipe(n)} 0`;
const drain = (n: Extent) => Array.from({ length: inPipe(n) }, () => 'piperead 0');
const twice = (n: Extent) => [`mprotect 0 0 0 ${n} r`, `mprotect 0 0 0 ${n} w`];
/** Read-only entries that mprotect does not make writable again: the kernel must see the next write. */
const readOnly = (n: Extent) => [`mprotect 0 0 0 ${n} r`, 'clearrefs 0', `mprotect 0 0 0 ${n} w`];
/** The first and the last page of a registered buffer. */
const bufferReads = (n: Extent) => (n === '1' ? ['ioread 0 0'] : ['ioread 0 0', `ioread 0 ${n}-1`]);

/** Whether the child, wherever it looks, finds the ones that were there before the parent wrote. */
export function childKeeps(steps: readonly StepReport[]): string {
  const read = steps.filter(({ op }) => /^read(all)? 1 /.test(op)).flatMap(({ val, vals = [val!] }) => vals);
  return read.every((value) => value === 1) ? KEPT_TO_ITSELF : LEAKED;
}

function bufferKeepsUp(steps: readonly StepReport[]): string {
  return steps.every(({ op, val }) => !op.startsWith('ioread') || val === 255) ? SAW : MISSED;
}

function pinsKeepUp(steps: readonly StepReport[]): string {
  const { pins } = steps.at(-1)!;
  return pins.length > 0 && pins.every(({ byte }) => byte === 255) ? SAW : MISSED;
}

/** Whether the COW is broken by who writes, or by who reads: both before and after the fork. */
const sharing: readonly CowCase[] = [
  {
    name: 'fork',
    title: 'A parent writes after fork',
    steps: (n) => ['fork 0 1', childReads(n), parentWrites(n), childReads(n)],
    verdict: childKeeps,
    expected: () => KEPT_TO_ITSELF,
    why: 'Fork leaves both with read-only entries; the write copies.',
  },
  {
    name: 'fork-mprotect',
    title: 'A parent changes the protection there and back after fork, and writes',
    steps: (n) => ['fork 0 1', childReads(n), ...twice(n), parentWrites(n), childReads(n)],
    verdict: childKeeps,
    expected: () => KEPT_TO_ITSELF,
    why: 'mprotect makes only exclusive pages writable without a fault.',
  },
  {
    name: 'vmsplice-child',
    title: 'A child puts the page into a pipe and unmaps it; the parent writes',
    steps: (n) => ['fork 0 1', splice(1, n), `munmap 1 0 0 ${n}`, parentWrites(n), ...drain(n)],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    why: 'The pipe has a reference: the parent is not alone with the page.',
  },
  {
    name: 'vmsplice-child-mprotect',
    title: 'The same with a change of protection there and back before the write',
    steps: (n) => [
      ...['fork 0 1', splice(1, n), `munmap 1 0 0 ${n}`],
      ...[...twice(n), parentWrites(n), ...drain(n)],
    ],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    why: 'mprotect asks whether the page is exclusive, not how often it is mapped.',
  },
  {
    name: 'vmsplice-before-fork',
    title: 'A parent puts the page into a pipe, forks and unmaps it; the child writes',
    steps: (n) => [splice(0, n), 'fork 0 1', `munmap 0 0 0 ${n}`, childWrites(n), ...drain(n)],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    why: 'The child shares the page since fork, and the reference in the pipe makes it copy.',
  },
  {
    name: 'vmsplice-after-fork',
    title: 'A parent forks, puts the page into a pipe and unmaps it; the child writes',
    steps: (n) => ['fork 0 1', splice(0, n), `munmap 0 0 0 ${n}`, childWrites(n), ...drain(n)],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    why: 'A read by GUP takes the shared page itself; the reference makes the child copy.',
  },
];

/** Long-term pins of anonymous pages, and a write through an entry that is read-only again. */
const pins: readonly CowCase[] = [
  {
    name: 'iouring-readonly',
    title: 'A page that is registered with io_uring is mapped read-only, and then written',
    steps: (n) => [`ioreg 0 0 0 ${n} 0`, ...readOnly(n), parentWrites(n), ...bufferReads(n)],
    verdict: bufferKeepsUp,
    expected: () => SAW,
    why: 'The page stays exclusive whatever its protection: the write fault reuses it.',
  },
  {
    name: 'iouring-fork',
    title: 'A process forks while a page is registered with io_uring, and writes',
    steps: (n) => [`ioreg 0 0 0 ${n} 0`, 'fork 0 1', parentWrites(n), ...bufferReads(n)],
    verdict: bufferKeepsUp,
    expected: () => SAW,
    why: 'Fork copies a pinned page for the child instead of sharing it.',
  },
  ...(['', ',fast'] as const).flatMap((fast): CowCase[] => [
    pinCase('shared', 'that is shared with a child', fast, () => ['fork 0 1']),
    pinCase('previously-shared', 'that was shared with a child which has gone', fast, () => [
      ...['fork 0 1', 'exit 1'],
    ]),
    pinCase('exclusive', 'that is exclusive and mapped read-only', fast, readOnly),
  ]),
];

function pinCase(name: string, what: string, fast: '' | ',fast', before: (n: Extent) => string[]): CowCase {
  return {
    name: `ro-${fast ? 'fast-' : ''}pin-${name}`,
    title: `A read-only long-term pin${fast ? ' by GUP-fast' : ''} of a page ${what}, and then a write`,
    steps: (n) => [...before(n), `gup 0 0 0 ${n} 0 pin,longterm${fast}`, parentWrites(n)],
    verdict: pinsKeepUp,
    expected: () => SAW,
    why: 'Anonymous pages are unshared before they are pinned, in every release here.',
  };
}

/** The kernel's tests of anonymous memory, each for base pages and for huge ones. */
export const cowCases: readonly CowCase[] = [...sharing, ...pins];

/** One of the tests of what is not anonymous yet: page 0 of region 0, with the same behind it in region 1. */
export interface NotAnonymousCase extends Omit<CowCase, 'steps'> {
  readonly steps: readonly string[];
}

const otherKeeps = (steps: readonly StepReport[]): string =>
  lastStep(steps, 'read 0 1').val === 0 ? KEPT_TO_ITSELF : LEAKED;

const reliable = {
  verdict: pinSaw,
  expected: by('longtermUnshare', SAW, MISSED),
  why: 'Since 84209e87c696 such a page is unshared before it is pinned.',
};

/** The kernel's tests of private mappings of something else, the object of each title left open. */
export const notAnonymousCases: readonly NotAnonymousCase[] = [
  {
    name: 'write',
    title: 'A write to',
    steps: ['write 0 0 0 255', 'read 0 1 0'],
    verdict: otherKeeps,
    expected: () => KEPT_TO_ITSELF,
    why: 'A private mapping keeps its writes to itself.',
  },
  {
    ...reliable,
    name: 'ro-pin',
    title: 'A read-only long-term pin, and then a write, of',
    steps: ['gup 0 0 0 1 0 pin,longterm', 'write 0 0 0 255'],
  },
  {
    ...reliable,
    name: 'ro-fast-pin',
    title: 'A read-only long-term pin by GUP-fast, and then a write, of',
    steps: ['gup 0 0 0 1 0 pin,longterm,fast', 'write 0 0 0 255'],
  },
];
