import { all, by, cost, costs, lastPin, reads } from './facts.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

export const SAW = 'PASS: the pin saw the write';
export const MISSED = 'FAIL: the pin missed the write';

/** Whether what the process wrote last can be seen through pin 0. */
export function pinSaw(steps: readonly StepReport[]): string {
  const written = steps.filter(({ op }) => op.startsWith('write 0 ')).at(-1)!;
  return lastPin(steps, 0).byte === Number(written.op.split(' ')[4]) ? SAW : MISSED;
}

const series = 'mm/gup: remove FOLL_FORCE usage from drivers (reliable R/O long-term pinning)';
const cover = `https://lore.kernel.org/r/20221116102659.70287-1-david@redhat.com, cover letter of "${series}"`;

const zero = ['mmap 0 0 1 w p anon', 'read 0 0 0'];
const pin = 'lpin 0 0 0 1 0';
const write = 'write 0 0 0 255';

/** Read-only long-term pins of what is not anonymous memory of the process's own. */
export const longtermPinScenarios: readonly Scenario[] = [
  {
    name: 'longterm-pin-zeropage',
    number: 'S01',
    kind: 'sequential',
    title: 'A read-only long-term pin of the zero page, and then a write: does the pin see it?',
    swap: 'none',
    steps: [...zero, pin, write],
    verdict: all(pinSaw, costs('pinning', 'lpin'), costs('writing', 'write')),
    expected: by(
      'longtermUnshare',
      [SAW, cost('pinning', 1, 0), cost('writing', 1, 1)].join('; '),
      [MISSED, cost('pinning', 0, 0), cost('writing', 1, 0)].join('; '),
    ),
    source: cover,
    why: 'The pin must not be of a page that the next write replaces: an unshare fault replaces it before.',
  },
  {
    name: 'longterm-pin-untouched',
    number: 'S02',
    kind: 'sequential',
    title: 'The same on memory that was never touched',
    swap: 'none',
    steps: ['mmap 0 0 1 w p anon', pin, write],
    verdict: all(pinSaw, costs('pinning', 'lpin')),
    expected: by(
      'longtermUnshare',
      `${SAW}; ${cost('pinning', 2, 0)}`,
      `${MISSED}; ${cost('pinning', 1, 0)}`,
    ),
    source: cover,
    why: 'GUP looks up again after every fault: the first brings the zero page, the second unshares it.',
  },
  {
    name: 'longterm-pin-file',
    number: 'S03',
    kind: 'sequential',
    title: 'A read-only long-term pin of a page of a privately mapped file, and then a write',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: [
      'owrite 0 0 17',
      'mmap 0 0 1 w p o0',
      'mmap 0 1 1 r s o0',
      'read 0 0 0',
      pin,
      write,
      'read 0 1 0',
    ],
    verdict: all(pinSaw, reads('the file', 'read 0 1 0')),
    expected: by('longtermUnshare', `${SAW}; the file reads 0x11`, `${MISSED}; the file reads 0x11`),
    source: cover,
    why: 'Unsharing copies the page of the file; the copy is the one that is pinned and written.',
  },
  {
    name: 'longterm-pin-file-written',
    number: 'S03b',
    kind: 'sequential',
    title: 'A read-only long-term pin of a privately mapped file, whose file is written by others',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['owrite 0 0 17', 'mmap 0 0 1 w p o0', 'read 0 0 0', pin, 'owrite 0 0 34'],
    verdict: (steps) => `the pin shows 0x${lastPin(steps, 0).byte.toString(16)}`,
    expected: by('longtermUnshare', 'the pin shows 0x11', 'the pin shows 0x22'),
    source: cover,
    why: 'That the pin no longer follows the file is intended: it follows the process.',
  },
  {
    name: 'shortterm-pin-zeropage',
    number: 'S04',
    kind: 'sequential',
    title: 'A read-only pin of the zero page that is not declared long-term',
    swap: 'none',
    steps: [...zero, 'gup 0 0 0 1 0 pin', write],
    verdict: pinSaw,
    expected: () => MISSED,
    source: 'include/linux/mm.h gup_must_unshare',
    why: 'Only FOLL_LONGTERM asks for pins that stay coherent; the pin is expected to be gone soon.',
  },
  {
    name: 'longterm-pin-shared-file',
    number: 'S05',
    kind: 'sequential',
    title: 'A read-only long-term pin of a shared mapping',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['mmap 0 0 1 w s o0', 'read 0 0 0', pin, write],
    verdict: all(pinSaw, costs('pinning', 'lpin')),
    expected: () => `${SAW}; ${cost('pinning', 0, 0)}`,
    source: 'include/linux/mm.h gup_must_unshare',
    why: 'Nothing is copied on a write to a shared mapping, so nothing needs to be unshared.',
  },
  {
    name: 'longterm-pin-shared-file-fast',
    number: 'S05b',
    kind: 'sequential',
    title: 'The same by GUP-fast, of a read-only entry',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: [
      ...['mmap 0 0 1 w s o0', 'write 0 0 0 1', 'mprotect 0 0 0 1 r', 'mprotect 0 0 0 1 w'],
      ...['gup 0 0 0 1 0 pin,longterm,fast', write],
    ],
    verdict: all(pinSaw, costs('pinning', 'gup')),
    expected: () => `${SAW}; ${cost('pinning', 0, 0)}`,
    source: 'mm/gup.c gup_pte_range',
    why: 'GUP-fast does not know the mapping, so since 84209e87c696 it leaves the page to slow GUP, at no fault.',
  },
];
