import { LEAKED } from './fork-pins.js';
import { hugetlb } from './hugetlb-markers.js';
import type { Scenario } from './scenario.js';
import { COW_SELFTEST, cowCases, notAnonymousCases } from './selftest-cow-cases.js';

/** What the tests of anonymous pages are run on: a private huge page full of ones. */
const filled = ['mmap 0 0 H w p o0', 'fill 0 0 0 H 1'];

/** What the tests themselves expect to fail, and say that nobody cares. */
const leaks = {
  expected: () => LEAKED,
  why: 'hugetlb_wp() reuses a page that is mapped once, whoever else may hold a reference.',
} as const;

const anonScenarios = cowCases.map((test, at): Scenario =>
  hugetlb({
    ...test,
    ...(test.name.startsWith('vmsplice-') && leaks),
    name: `cow-hugetlb-${test.name}`,
    number: `C${at + 1}g`,
    kind: 'sequential',
    title: `${test.title}: a huge page of hugetlb`,
    swap: 'none',
    objects: ['obj 0 hugetlb H'],
    steps: [...filled, ...test.steps('H')],
    source: COW_SELFTEST,
  }),
);

const otherScenarios = notAnonymousCases.map((test, t): Scenario =>
  hugetlb({
    ...test,
    name: `cow-${test.name}-hugetlb`,
    number: `C${31 + 3 * t}g`,
    kind: 'sequential',
    title: `${test.title} a memfd of hugetlb in a private mapping`,
    swap: 'none',
    objects: ['obj 0 hugetlb H'],
    // The file has its page before the private mapping asks, as after fallocate().
    steps: ['mmap 0 0 H w p o0', 'mmap 0 1 H r s o0', 'read 0 1 0', 'read 0 0 0', ...test.steps],
    source: COW_SELFTEST,
  }),
);

/** The COW tests that the kernel brings, on huge pages that hugetlb has put aside. */
export const cowHugetlbSelftestScenarios: readonly Scenario[] = [...anonScenarios, ...otherScenarios];
