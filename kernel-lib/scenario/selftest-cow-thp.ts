import { KEPT_TO_ITSELF } from './fork-pins.js';
import type { Scenario } from './scenario.js';
import { COW_SELFTEST, type Extent, childKeeps, cowCases, notAnonymousCases } from './selftest-cow-cases.js';
import { thpScenario } from './thp-calls.js';

/** A huge page full of ones. */
const filled = ['mmap 0 0 H w p anon', 'fill 0 0 0 H 1'];
/** mprotect of one page there and back leaves it mapped page by page. */
const pageByPage = ['mprotect 0 0 1 1 r', 'mprotect 0 0 1 1 w'];

/** What becomes of the huge page before a test, and how much of it the test then uses. */
interface Way {
  readonly letter: string;
  readonly name: string;
  readonly title: string;
  readonly steps: readonly string[];
  readonly nrPages: Extent;
  /** Whether the test is also run on memory that was swapped out. */
  readonly swapped: boolean;
}

const ways: readonly Way[] = [
  { letter: 'h', name: 'whole', title: 'a huge page', steps: [], nrPages: 'H', swapped: true },
  {
    ...{ letter: 'p', name: 'pages', title: 'a huge page mapped page by page' },
    ...{ steps: pageByPage, nrPages: 'H', swapped: true },
  },
  {
    ...{ letter: 'o', name: 'single', title: 'one page that is left of a huge page' },
    ...{ steps: ['madvise 0 0 1 H-1 DONTNEED'], nrPages: '1', swapped: true },
  },
  {
    ...{ letter: 'm', name: 'moved', title: 'half of a huge page whose other half was moved' },
    ...{ steps: ['mmap 0 1 H/2 n p anon', 'mremap 0 0 H/2 H/2 1 0'], nrPages: 'H/2', swapped: false },
  },
  {
    ...{ letter: 't', name: 'partly-shared', title: 'a huge page one page of which a child shared' },
    steps: ['madvise 0 0 1 H-1 DONTFORK', 'fork 0 7', 'exit 7', 'madvise 0 0 1 H-1 DOFORK'],
    ...{ nrPages: 'H', swapped: false },
  },
];

/** Each test of anonymous memory on each kind of huge page, also swapped out where the kernel does so. */
const anonScenarios = ways.flatMap((way) =>
  (way.swapped ? [false, true] : [false]).flatMap((swapped) =>
    cowCases.map((test, at): Scenario =>
      thpScenario({
        ...test,
        name: `cow-thp-${way.name}-${test.name}${swapped ? '-swapped' : ''}`,
        number: `C${at + 1}${way.letter}${swapped ? 's' : ''}`,
        title: `${test.title}: ${way.title}${swapped ? ', swapped out' : ''}`,
        steps: [
          ...[...filled, ...way.steps],
          ...(swapped ? [`madvise 0 0 0 ${way.nrPages} PAGEOUT`] : []),
          ...test.steps(way.nrPages),
        ],
        source: COW_SELFTEST,
      }),
    ),
  ),
);

const collapse = 'madvise 0 0 0 H COLLAPSE';

/** Whether the pages are collapsed before fork or after it, and which of them the child shares. */
const collapses = [
  {
    ...{ name: 'unshared', title: 'before fork', before: [collapse], after: [] },
    ...{ first: '0', nrPages: 'H' },
  },
  {
    ...{ name: 'shared', title: 'after fork, which shared all of them', before: [], after: [collapse] },
    ...{ first: '0', nrPages: 'H' },
  },
  {
    ...{ name: 'lower-shared', title: 'after fork, which shared the lower half' },
    ...{ before: ['madvise 0 0 H/2 H/2 DONTFORK'], after: ['madvise 0 0 0 H DOFORK', collapse] },
    ...{ first: '0', nrPages: 'H/2' },
  },
  {
    ...{ name: 'upper-shared', title: 'after fork, which shared the upper half' },
    ...{ before: ['madvise 0 0 0 H/2 DONTFORK'], after: ['madvise 0 0 0 H DOFORK', collapse] },
    ...{ first: 'H/2', nrPages: 'H/2' },
  },
] as const;

const collapseScenarios = collapses.map(({ name, title, before, after, first, nrPages }, at) =>
  thpScenario({
    name: `cow-thp-collapse-${name}`,
    number: `C${at + 50}`,
    title: `A parent writes to pages that were collapsed ${title}`,
    steps: [
      ...[...filled, ...pageByPage, ...before, 'fork 0 1', ...after],
      ...['fill 0 0 0 H 255', `readall 1 0 ${first} ${nrPages}`],
    ],
    verdict: childKeeps,
    expected: () => KEPT_TO_ITSELF,
    source: COW_SELFTEST,
    why: 'Only if every page is exclusive may the huge page be: what fork has shared is copied to a new one.',
  }),
);

const zeropageScenarios = notAnonymousCases.map((test, at) =>
  thpScenario({
    ...test,
    name: `cow-thp-${test.name}-zeropage`,
    number: `C${at + 40}`,
    title: `${test.title} the huge zero page in a private mapping`,
    steps: [
      ...['mmap 0 0 H w p anon', 'mmap 0 1 H r p anon', 'readall 0 0 0 H', 'readall 0 1 0 H'],
      ...test.steps,
    ],
    source: COW_SELFTEST,
  }),
);

/** The COW tests that the kernel brings, as far as they use huge pages. */
export const cowThpSelftestScenarios: readonly Scenario[] = [
  ...anonScenarios,
  ...collapseScenarios,
  ...zeropageScenarios,
];
