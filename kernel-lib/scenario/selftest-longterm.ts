import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { lastStep } from './facts.js';

const WORKED = 'PASS: pinned';
const FAILED = 'FAIL: not pinned';

const worked =
  (words: string) =>
  (steps: readonly StepReport[]): string =>
    lastStep(steps, words).err === 0 ? WORKED : FAILED;

/** How the pin is asked for, behind a write that brings the page; a reading pin finds the mapping read-only. */
const ways = [
  { name: 'rw', title: 'a long-term pin for writing', steps: ['gup 0 0 0 1 0 pin,longterm,write'] },
  { name: 'rw-fast', title: 'the same by GUP-fast', steps: ['gup 0 0 0 1 0 pin,longterm,write,fast'] },
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
  { name: 'iouring', title: 'a fixed buffer of io_uring', steps: ['ioreg 0 0 0 1 0'] },
] as const;

const files = ['memfd', 'tmpfs'] as const;
const mappings = [
  { letter: 's', word: 'shared' },
  { letter: 'p', word: 'private' },
] as const;

/** The tests of long-term pins that the kernel brings, on the two kinds of file that the model has. */
export const longtermSelftestScenarios: readonly Scenario[] = mappings.flatMap(({ letter, word }, m) =>
  files.flatMap((file, f) =>
    ways.map(({ name, title, steps }, w): Scenario => ({
      name: `longterm-${name}-${word}-${file}`,
      number: `L${1 + w + ways.length * (f + files.length * m)}`,
      kind: 'sequential',
      title: `A ${word} mapping of a ${file} file: ${title}`,
      swap: 'none',
      objects: [`obj 0 ${file} 1`],
      steps: [`mmap 0 0 1 w ${letter} o0`, 'write 0 0 0 0', ...steps],
      verdict: worked(name === 'iouring' ? 'ioreg' : 'gup'),
      expected: () => WORKED,
      source: 'tools/testing/selftests/mm/gup_longterm.c (v6.12)',
      why: 'Memory files have no writeback that a pin could disturb; private mappings are pinned as anonymous memory.',
    })),
  ),
);
