import type { Scenario } from './scenario.js';
import { COW_SELFTEST, cowCases, notAnonymousCases } from './selftest-cow-cases.js';

const inMemory = ['mmap 0 0 1 w p anon', 'write 0 0 0 1'];
const swappedOut = [...inMemory, 'madvise 0 0 0 1 PAGEOUT'];

/** The tests of anonymous pages, each on a page in memory and on one that was swapped out. */
const anonScenarios = cowCases.flatMap((test, at): Scenario[] =>
  [inMemory, swappedOut].map((begin) => {
    const swapped = begin === swappedOut;
    return {
      ...test,
      name: `cow-${test.name}${swapped ? '-swapped' : ''}`,
      number: `C${at + 1}${swapped ? 's' : ''}`,
      kind: 'sequential',
      title: `${test.title}${swapped ? '; the page was swapped out' : ''}`,
      swap: swapped ? 'dm' : 'none',
      steps: [...begin, ...test.steps('1')],
      source: COW_SELFTEST,
    };
  }),
);

const zeropages = ['mmap 0 0 1 w p anon', 'mmap 0 1 1 r p anon'];
const file = ['mmap 0 0 1 w p o0', 'mmap 0 1 1 r s o0'];

/** What is mapped privately that is not anonymous yet, with a second mapping beside it; `at` numbers the tests. */
const backings = [
  { at: 0, letter: '', name: 'zeropage', what: 'the zero page', map: zeropages, objects: [] },
  { at: 1, letter: '', name: 'memfd', what: 'a memfd', map: file, objects: ['obj 0 memfd 1'] },
  { at: 2, letter: '', name: 'tmpfile', what: 'a file on tmpfs', map: file, objects: ['obj 0 tmpfs 1'] },
  { at: 2, letter: 'd', name: 'disk', what: 'a file on a disk', map: file, objects: ['obj 0 disk 1'] },
] as const;

/** The tests of private mappings of something else. */
const otherScenarios = notAnonymousCases.flatMap((test, t): Scenario[] =>
  backings.map((backing) => ({
    name: `cow-${test.name}-${backing.name}`,
    number: `C${30 + 3 * t + backing.at}${backing.letter}`,
    kind: 'sequential',
    title: `${test.title} ${backing.what} in a private mapping`,
    swap: 'none',
    objects: backing.objects,
    steps: [...backing.map, 'read 0 0 0', 'read 0 1 0', ...test.steps],
    verdict: test.verdict,
    expected: test.expected,
    source: COW_SELFTEST,
    why: test.why,
  })),
);

/** The COW tests that the kernel brings, as far as they use base pages. */
export const cowSelftestScenarios: readonly Scenario[] = [...anonScenarios, ...otherScenarios];
