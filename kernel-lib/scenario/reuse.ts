import { COPY, SAME_PAGE, replaced } from './facts.js';
import type { Scenario } from './scenario.js';

const fill = ['mmap 0 0 1 w p anon', 'write 0 0 0 1'];
/** Anonymous, mapped read-only, not known to be exclusive, one reference. */
const alone = [...fill, 'fork 0 1', 'exit 1'];
/** The same, come back from swap and still in the swap cache. */
const cached = [...fill, 'madvise 0 0 0 1 PAGEOUT', 'fork 0 1', 'exit 1', 'read 0 0 0'];
const write = 'write 0 0 0 2';

type Case = readonly [letter: string, name: string, steps: readonly string[], verdict: string, why: string];

const cases: readonly Case[] = [
  [
    'a',
    'alone',
    [...alone, write],
    SAME_PAGE,
    'One reference, that of the entry: nobody else can reach the page.',
  ],
  [
    'i',
    'batched',
    [...alone, 'writebatched 0 0 0 2'],
    SAME_PAGE,
    'This CPU’s own batch holds the second reference, and the fault drains that.',
  ],
  [
    ...(['b', 'isolated', [...alone, 'isolate 0 0 0', write], COPY] as const),
    'Another CPU holds a reference in a batch, which is not worth its drain: a needless copy.',
  ],
  [
    ...(['c', 'swapcache', [...cached, write], SAME_PAGE] as const),
    'The cache holds the second reference, and lets go of the page as no entry refers to its slot.',
  ],
  [
    ...([
      'd',
      'writeback',
      [
        ...[...fill, 'slowswap 1', 'madvise 0 0 0 1 PAGEOUT', 'fork 0 1', 'exit 1', 'read 0 0 0'],
        ...[write, 'slowswap 0'],
      ],
      COPY,
    ] as const),
    'The cache does not let go of a page that is still being written.',
  ],
  [
    ...([
      'e',
      'slot-shared',
      [...fill, 'madvise 0 0 0 1 PAGEOUT', 'fork 0 1', 'read 0 0 0', write],
      COPY,
    ] as const),
    'Another process still has a swap entry of the slot.',
  ],
  [
    ...(['f', 'locked', [...alone, 'pagelock 0 0 0 1', write, 'pagelock 0 0 0 0'], COPY] as const),
    'Whoever holds the lock may be about to take a reference; the fault does not wait for it.',
  ],
  [
    ...(['g', 'referenced', [...alone, 'vmsplice 0 0 0 1 0', write], COPY] as const),
    'A reference is a reference: the pipe must not see the write.',
  ],
  [
    ...([
      'h',
      'exclusive',
      [...fill, 'vmsplice 0 0 0 1 0', 'gup 0 0 0 1 0 pin', 'mprotect 0 0 0 1 r', 'mprotect 0 0 0 1 w', write],
      SAME_PAGE,
    ] as const),
    'PageAnonExclusive ends the question: references no longer matter.',
  ],
];

/** When a write fault may keep the page that it finds: the test in do_wp_page(). */
export const reuseScenarios: readonly Scenario[] = cases.map(([letter, name, steps, verdict, why]) => ({
  name: `reuse-${name}`,
  number: `S19${letter}`,
  kind: 'sequential',
  title: `A write to a read-only anonymous page: ${name.replace('-', ' ')}`,
  swap: 'dm',
  steps,
  verdict: replaced(0),
  expected: () => verdict,
  source: 'mm/memory.c do_wp_page',
  why,
}));
