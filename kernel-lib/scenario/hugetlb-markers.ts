import { archById } from '../arch/variants.js';
import { by, lastEntry, lastStep, messages } from './facts.js';
import { NO_WP, hasUffdWp, times } from './pte-markers.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { resultWords } from './step-words.js';

/** What a kernel without huge pages answers to the mapping. */
const NO_HUGE_PAGES = 'there are no huge pages to map';

const hasHugePages = ({ arch }: Kernel): boolean => archById(arch).huge !== undefined;

type Verdict = Scenario['verdict'];
type Expected = Scenario['expected'];

/** A scenario in a mapping of one huge page of hugetlb; the pool has two. */
export function hugetlb(scenario: Omit<Scenario, 'kind' | 'swap' | 'source'> & Partial<Scenario>): Scenario {
  return {
    kind: 'sequential',
    swap: 'none',
    objects: ['obj 0 hugetlb H'],
    hugepages: 2,
    source: 'hugetlb_change_protection(), __unmap_hugepage_range() and hugetlb_no_page() of v6.1 and v6.12',
    ...scenario,
    verdict: (steps) => (lastStep(steps, 'mmap 0 0').err === 0 ? scenario.verdict(steps) : NO_HUGE_PAGES),
    expected: (kernel) => (hasHugePages(kernel) ? scenario.expected(kernel) : NO_HUGE_PAGES),
  };
}

/** The same with write-protection. */
export function wpHugetlb(scenario: Parameters<typeof hugetlb>[0]): Scenario {
  return hugetlb({
    ...scenario,
    verdict: (steps) => (lastStep(steps, 'ureg').err === 0 ? scenario.verdict(steps) : NO_WP),
    expected: (kernel) => (hasUffdWp(kernel) ? scenario.expected(kernel) : NO_WP),
  });
}

export const shared = 'mmap 0 0 H w s o0';
export const priv = 'mmap 0 0 H w p o0';
export const protect = ['uffd 0 0x1000', 'ureg 0 0 0 H w', 'uwp 0 0 0 H 1'];
const store = 'write 0 0 7 7';

const told: Verdict = (steps) => times(messages(steps));
const isTold: Expected = () => times(1);
const isNotTold: Expected = () => times(0);

/** Huge pages that smaps counts, and what pagemap says of the first small one. */
function seen(steps: readonly StepReport[], process: number): string {
  const smaps = steps.at(-1)!.mappings.find((mapping) => mapping.process === process)!.smaps;
  const { Shared_Hugetlb: together = 0, Private_Hugetlb: alone = 0 } = smaps;
  const { pagemap } = lastEntry(steps, process);
  const marked = pagemap.includes('S') ? 'swapped' : pagemap.includes('W') ? 'write-protected' : 'nothing';
  return `smaps counts ${alone} KiB alone and ${together} KiB together; pagemap says ${marked}`;
}

/** Write-protection in memory that is mapped in huge pages of its own. */
export const hugetlbMarkerScenarios: readonly Scenario[] = [
  wpHugetlb({
    name: 'hugetlb-marker-unpopulated',
    number: 'M30',
    title: 'A huge page that was never touched is write-protected and written',
    steps: [shared, ...protect, store],
    verdict: told,
    expected: isTold,
    why: 'hugetlb_no_page() maps the page as the marker says, and the store tried again meets write-protection.',
  }),
  wpHugetlb({
    name: 'hugetlb-marker-dontneed',
    number: 'M31',
    title: 'A write-protected huge page is dropped by MADV_DONTNEED and written',
    steps: [shared, store, ...protect, 'madvise 0 0 0 H DONTNEED', store],
    verdict: told,
    expected: isTold,
    why: 'As for small pages of a file, a marker is left.',
  }),
  wpHugetlb({
    name: 'hugetlb-marker-private',
    number: 'M32',
    title: 'A private huge page that was never touched is write-protected and written',
    steps: [priv, ...protect, store],
    verdict: told,
    expected: isTold,
    why: 'Unlike anonymous memory of small pages, hugetlb has always had markers in private mappings, too.',
  }),
  wpHugetlb({
    name: 'hugetlb-marker-truncate',
    number: 'M33',
    title: 'A write-protected huge page is truncated away, the file grows again, and the place is written',
    steps: [shared, store, ...protect, 'otrunc 0 0', 'otrunc 0 H', store],
    verdict: told,
    expected: isNotTold,
    why: 'hugetlbfs drops markers when it truncates; shmem does not.',
  }),
  wpHugetlb({
    name: 'hugetlb-marker-walkers',
    number: 'M34',
    title: 'A huge page that was never touched is write-protected: what do smaps and pagemap say?',
    steps: [shared, ...protect],
    verdict: (steps) => seen(steps, 0),
    expected: () => 'smaps counts 0 KiB alone and 0 KiB together; pagemap says write-protected',
    why: 'For hugetlb pagemap shows the protection without calling the place swapped; smaps_hugetlb_range() finds no page.',
  }),
  wpHugetlb({
    name: 'hugetlb-marker-fork',
    number: 'M35',
    title: 'A process forks with a huge marker that the child has no use for',
    steps: ['mmap 0 0 2H w p o1', 'write 0 0 H 1', ...protect, 'fork 0 1', 'write 1 0 0 7'],
    objects: ['obj 1 hugetlb 2H'],
    hugepages: 3,
    verdict: (steps) => {
      const warned = steps.some(({ warnings = [] }) => warnings.length > 0);
      const child = times(messages([lastStep(steps, 'write 1')]));
      return `${warned ? 'a warning' : 'no warning'}; ${child}; ${resultWords(lastStep(steps, 'write 1')) || 'written'}`;
    },
    expected: () => `no warning; ${times(0)}; written`,
    why: 'copy_hugetlb_page_range() never gave markers to a child without write-protection.',
  }),
  hugetlb({
    name: 'hugetlb-child-without-reserve',
    number: 'M36',
    title: 'A child writes to a huge page that it shares with its parent, and the pool is empty',
    hugepages: 1,
    steps: [priv, 'write 0 0 0 5', 'fork 0 1', 'write 1 0 0 6', 'read 0 0 0'],
    verdict: (steps) =>
      `the child ${resultWords(lastStep(steps, 'write 1'))}; the parent ${resultWords(lastStep(steps, 'read'))}`,
    expected: () => 'the child gets SIGBUS; the parent reads 0x5',
    why: 'Only the mapping that mmap made has reserved pages; a child takes what is left over.',
  }),
  hugetlb({
    name: 'hugetlb-dontneed-reserve',
    number: 'M62',
    title: 'A process gives the only huge page up by MADV_DONTNEED: is it still promised to that mapping?',
    hugepages: 1,
    steps: [priv, 'write 0 0 0 5', 'madvise 0 0 0 H DONTNEED', 'mmap 0 1 H w p o0', 'read 0 0 0'],
    verdict: (steps) =>
      `another mapping ${resultWords(lastStep(steps, 'mmap 0 1')) || 'succeeds'}; the first ${resultWords(lastStep(steps, 'read'))}`,
    expected: by(
      'unmapRestoresReserve',
      'another mapping fails with ENOMEM; the first reads 0x0',
      'another mapping succeeds; the first gets SIGBUS',
    ),
    source: 'df7a6d1f6405; __unmap_hugepage_range() of v6.1 and v6.12',
    why: 'The page went back to the pool, but that its reservation was used up stayed in the mapping’s books.',
  }),
];
