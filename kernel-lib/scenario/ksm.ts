import { archById } from '../arch/variants.js';
import type { PatchName } from '../patches/catalogue.js';
import { all, by, cost, costs, lastStep, reads } from './facts.js';
import { SAW, pinSaw } from './longterm-pins.js';
import { uffdWpScenario } from './pte-markers.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

const written = [
  ...['mmap 0 0 2 w p anon', 'madvise 0 0 0 2 MERGEABLE'],
  ...['write 0 0 0 7', 'write 0 0 1 7'],
];
const merge = [...written, 'ksm'];

const broken = 'https://lore.kernel.org/r/20221021101141.84170-1-david@redhat.com, patch 5: 6cce3314b928';

function unmerged(steps: readonly StepReport[]): string {
  const { writable, dirty } = lastStep(steps, 'madvise 0 0 0 2 UNMERGEABLE').pages[0]!;
  return `the copy is ${writable ? 'writable' : 'read-only'}, ${dirty ? 'dirty' : 'clean'}`;
}

function sharing({ pages: [first, second] }: StepReport): string {
  return first!.frame === second!.frame ? 'one page' : 'two pages';
}

/** Where entries that nobody may use cannot be told from others, no look-up refuses them. */
function inaccessible(
  patches: readonly PatchName[],
  found: string,
  missed: string,
): (kernel: Kernel) => string {
  return ({ arch, patched }) =>
    patches.some((patch) => patched[patch]) || archById(arch).predicates.protnone === undefined
      ? found
      : missed;
}

/** Pages that KSM merged. */
export const ksmScenarios: readonly Scenario[] = [
  {
    name: 'ksm-unmerge',
    number: 'S15',
    kind: 'sequential',
    title: 'Merged pages are unmerged, and one is written',
    swap: 'none',
    steps: [...merge, 'madvise 0 0 0 2 UNMERGEABLE', 'write 0 0 0 8'],
    verdict: all(unmerged, costs('writing', 'write')),
    expected: by(
      'breakKsmUnshare',
      `the copy is read-only, clean; ${cost('writing', 1, 1)}`,
      `the copy is writable, dirty; ${cost('writing', 0, 0)}`,
    ),
    source: broken,
    why: 'Unmerging asks for an unshare fault where it asked for a write fault.',
  },
  {
    name: 'ksm-pin',
    number: 'S17',
    kind: 'sequential',
    title: 'A merged page is pinned for reading, and then written',
    swap: 'none',
    steps: [...merge, 'gup 0 0 0 1 0 pin', 'write 0 0 0 8', 'read 0 0 1'],
    verdict: all(pinSaw, costs('pinning', 'gup'), reads('the other page', 'read 0 0 1')),
    expected: () => `${SAW}; ${cost('pinning', 1, 0)}; the other page reads 0x7`,
    source: 'include/linux/mm.h gup_must_unshare',
    why: 'A merged page is never exclusive: pinning it unshares it first, whatever the pin is for.',
  },
  {
    name: 'ksm-get',
    number: 'S17b',
    kind: 'sequential',
    title: 'A merged page is put into a pipe, and then written',
    swap: 'none',
    steps: [...merge, 'vmsplice 0 0 0 1 0', 'write 0 0 0 8', 'piperead 0'],
    verdict: reads('the pipe', 'piperead'),
    expected: () => 'the pipe reads 0x7',
    source: 'include/linux/mm.h gup_must_unshare',
    why: 'FOLL_GET never unshares: the pipe keeps the merged page.',
  },
  {
    name: 'ksm-long-different',
    number: 'R23',
    kind: 'sequential',
    title: 'Two pages that KSM has long found different become equal: are they merged?',
    swap: 'none',
    steps: [
      ...['mmap 0 0 2 w p anon', 'madvise 0 0 0 2 MERGEABLE', 'write 0 0 0 1', 'write 0 0 1 2', 'ksm'],
      ...['write 0 0 1 1', 'ksm', 'readall 0 0 0 2'],
    ],
    verdict: (steps) => {
      const [first, second] = lastStep(steps, 'readall').pages;
      return `the pages are ${first!.frame === second!.frame ? 'merged' : 'not merged'}`;
    },
    expected: by('ksmSmartScan', 'the pages are not merged', 'the pages are merged'),
    source: '5e924ff54d08',
    why: 'The longer a page could not be merged, the more scans it is left out of, up to eight in a row.',
  },
  uffdWpScenario({
    name: 'ksm-unmerge-write-protected',
    number: 'S16',
    title: 'Merged pages are write-protected by userfaultfd and unmerged: are they two pages again?',
    swap: 'none',
    steps: [
      ...[...merge, 'uffd 0 0x0', 'ureg 0 0 0 2 w', 'uwp 0 0 0 2 1', 'madvise 0 0 0 2 UNMERGEABLE'],
      'readall 0 0 0 2',
    ],
    verdict: (steps) => {
      const [first, second] = lastStep(steps, 'readall').pages;
      const kept = [first!, second!].every(({ pagemap }) => pagemap.includes('W'));
      return `${first!.frame === second!.frame ? 'still one page' : 'two pages'}, ${kept ? 'write-protected' : 'not write-protected'}`;
    },
    expected: by('breakKsmUnshare', 'two pages, write-protected', 'still one page, write-protected'),
    source: broken,
    why: 'The write fault was stopped for the monitor, whom nobody could wake, and taken for done. Unsharing is no store, so nobody is told.',
  }),
  {
    name: 'ksm-inaccessible',
    number: 'R60',
    kind: 'sequential',
    title: 'Equal pages that nobody may access: does KSM merge them?',
    swap: 'none',
    steps: [...written, 'mprotect 0 0 0 2 n', 'ksm', 'mprotect 0 0 0 2 r'],
    verdict: (steps) => sharing(lastStep(steps, 'mprotect 0 0 0 2 r')),
    expected: inaccessible(['followPageProtnone'], 'one page', 'two pages'),
    source: 'd74943a2f3cd',
    why: "A look-up that was made for accesses took them for hints of NUMA balancing, and no fault came to KSM's help.",
  },
  {
    name: 'ksm-unmerge-inaccessible',
    number: 'R61',
    kind: 'sequential',
    title: 'Merged pages that nobody may access are unmerged: are they two pages again?',
    swap: 'none',
    steps: [...merge, 'mprotect 0 0 0 2 n', 'madvise 0 0 0 2 UNMERGEABLE'],
    verdict: (steps) => sharing(lastStep(steps, 'madvise 0 0 0 2 UNMERGEABLE')),
    expected: inaccessible(['breakKsmWalks', 'followPageProtnone'], 'two pages', 'one page'),
    source: 'd7c0e68dab98',
    why: 'The same look-up found nothing to unmerge. A walk of the page tables sees every entry.',
  },
];
