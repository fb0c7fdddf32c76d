import { archById } from '../arch/variants.js';
import { all, by, lastEntry, lastStep, messages, reads } from './facts.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { huge, thpScenario } from './thp-calls.js';

/** How many leaves map the huge page of a process's first region after the last step that named it. */
function mappedBy(steps: readonly StepReport[], process = 0): string {
  return lastEntry(steps, process).text.startsWith('huge page') ? 'one leaf' : 'a table';
}

const protect = ['uffd 0 0x0', 'ureg 0 0 0 H w'];

/** Huge pages on their way to other frames. */
export const thpMoveScenarios: readonly Scenario[] = [
  thpScenario({
    name: 'thp-move-fork',
    number: 'R55',
    title: 'A process forks while its huge page is on its way to other frames: whose is it afterwards?',
    steps: [...huge, 'movebegin 0 0 0', 'fork 0 1', 'moveend', 'write 0 0 0 2', 'read 1 0 0'],
    verdict: all((steps) => `the child has ${mappedBy(steps, 1)}`, reads('it', 'read 1')),
    expected: () => 'the child has one leaf; it reads 0x1',
    source: 'mm/huge_memory.c copy_huge_pmd, remove_migration_pmd',
    why: 'The entry that stands for the page loses its right to write and its exclusiveness, as a leaf would.',
  }),
  thpScenario({
    name: 'thp-move-split',
    number: 'R56',
    title: 'Part of a huge page gets another protection while the page is on its way to other frames',
    steps: [...huge, 'movebegin 0 0 0', 'mprotect 0 0 8 8 r', 'moveend', 'read 0 0 0'],
    verdict: all((steps) => `it is mapped by ${mappedBy(steps)}`, reads('the process', 'read 0')),
    expected: () => 'it is mapped by a table; the process reads 0x1',
    source: 'mm/huge_memory.c __split_huge_pmd_locked',
    why: 'The entry is split into as many of its kind as there are pages, and each waits for its own.',
  }),
  thpScenario({
    name: 'thp-move-uffd-wp',
    number: 'R57',
    title:
      'userfaultfd write-protects a huge page that is on its way to other frames: is it told of a store?',
    steps: [...huge, ...protect, 'movebegin 0 0 0', 'uwp 0 0 0 H 1', 'moveend', 'write 0 0 0 2'],
    verdict: (steps) => (messages(steps) > 0 ? 'it is told' : 'it is not told'),
    expected: ({ arch, patched }) => {
      const { huge: leaf, predicates } = archById(arch);
      const told = leaf?.migration === undefined || patched.uffdWpMovingPmd;
      return predicates.uffdWp !== undefined && told ? 'it is told' : 'it is not told';
    },
    source: '24bf08c4376b',
    why: 'The entry that stands for the page was left as it is, and with it the right to write.',
  }),
  thpScenario({
    name: 'thp-move-part',
    number: 'R58',
    title: 'A huge page of which a part was unmapped moves to other frames: does it stay one?',
    steps: [...huge, 'munmap 0 0 H-8 8', 'movepages 0 0 0 1', 'read 0 0 0'],
    verdict: (steps) => {
      const split = 'thp_split_page' in lastStep(steps, 'movepages').vm;
      return split ? 'it is split' : 'it moves whole';
    },
    expected: (kernel) =>
      archById(kernel.arch).huge?.migration
        ? by('migrationSplitsDeferred', 'it is split', 'it moves whole')(kernel)
        : 'it is split',
    source: '7262f208ca68',
    why: 'What waits to be split anyway is worth no huge page elsewhere.',
  }),
];
