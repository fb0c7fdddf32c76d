import { archById } from '../arch/variants.js';
import { COPY, SAME_PAGE, by, cost, costs, lastEntry, lastStep, replaced } from './facts.js';
import { mkwriteOpens } from './hardware-stores.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

/** What a machine without huge pages shows in their place. */
export const NO_HUGE = 'there is no huge page';

type HugeScenario = Omit<Scenario, 'kind' | 'swap' | 'thp' | 'source'> & Partial<Scenario>;

/** A scenario that gets a huge page, where the architecture has any. */
export function thpScenario(scenario: HugeScenario): Scenario {
  return {
    kind: 'sequential',
    swap: 'dm',
    thp: 'always',
    source: 'the recorded 6.1, 6.12 and 7.2 kernels',
    ...scenario,
    verdict: (steps) => (gotHuge(steps) ? scenario.verdict(steps) : NO_HUGE),
    expected: (kernel) => (hasHuge(kernel) ? scenario.expected(kernel) : NO_HUGE),
  };
}

/** One fault that brings all pages of a huge one: by the first store, or by loads of all of them. */
function gotHuge(steps: readonly StepReport[]): boolean {
  const one = steps.filter(({ min, maj }) => min === 1 && maj === 0);
  return one.some(({ op, rss }) => (rss['anon'] ?? 0) > 1 || op.startsWith('readall'));
}

function hasHuge({ arch }: Kernel): boolean {
  return archById(arch).huge !== undefined;
}

function isHuge(text: string): boolean {
  return text.startsWith('huge page');
}

/** A huge page of which one page was written. */
export const huge = ['mmap 0 0 H w p anon', 'write 0 0 0 1'];
/** The same mapped by entries of its small pages, all writable or to be made so by a fault. */
export const mappedByPages = [...huge, 'mprotect 0 0 H-1 1 r', 'mprotect 0 0 H-1 1 w'];

/** Whether a counter moved in the last step that begins with `words`. */
const counts =
  (counter: string, words: string, yes: string, no: string) =>
  (steps: readonly StepReport[]): string =>
    counter in lastStep(steps, words).vm ? yes : no;

const QUEUED = 'it is queued to be split';
const NOT_QUEUED = 'it is not queued';
const SPLIT = 'it is split';
const WHOLE = 'it stays whole';

/** Huge pages mapped by one entry. */
const wholeScenarios: readonly Scenario[] = [
  thpScenario({
    name: 'thp-mprotect-write',
    number: 'R40',
    title: 'mprotect there and back of a huge page: does the next write fault?',
    steps: [...huge, 'mprotect 0 0 0 H r', 'mprotect 0 0 0 H w', 'write 0 0 0 2'],
    verdict: costs('writing', 'write 0 0 0 2'),
    expected: (kernel) => {
      const upgraded = kernel.patched.pmdWriteUpgrade && mkwriteOpens(kernel, true);
      return cost('writing', upgraded ? 0 : 1, 0);
    },
    source: 'c27f479ef542',
    why: 'An exclusive huge page may become writable without a fault, as small ones may.',
  }),
  thpScenario({
    name: 'thp-inaccessible-smaps',
    number: 'R41',
    title: 'A huge page that nobody may access: does smaps count it?',
    steps: [...huge, 'mprotect 0 0 0 H n'],
    verdict: (steps) => `${lastStep(steps, 'mprotect').mappings[0]!.smaps['Rss'] ?? 0} KiB are resident`,
    // Where such entries cannot be told from others, the look-up did not refuse them.
    expected: ({ arch, patched }) => {
      const { predicates, levels, pageShift } = archById(arch);
      const counted = patched.smapsProtnonePmd || predicates.protnone === undefined;
      return `${counted ? 2 ** (levels.at(-1)!.bits + pageShift - 10) : 0} KiB are resident`;
    },
    source: '8b9c1cc0418a',
    why: 'The function that looked the page up was made for accesses, and refused this one.',
  }),
  thpScenario({
    name: 'thp-advise-part-of-child',
    number: 'R42',
    title: 'A child drops some pages of a huge page and gives the rest up by MADV_FREE',
    steps: [...huge, 'fork 0 1', 'madvise 1 0 0 8 DONTNEED', 'madvise 1 0 8 H-8 FREE'],
    verdict: counts('thp_split_page', 'madvise 1 0 8', SPLIT, WHOLE),
    expected: by('likelyMappedShared', WHOLE, SPLIT),
    source: 'ebb34f78d72c',
    why: 'The map count of the first page, which the child no longer maps, was taken for that of all.',
  }),
  thpScenario({
    name: 'thp-split-zeros',
    number: 'R43',
    title: 'A huge page of zeros, but for one page, is split: what becomes of the zeros?',
    steps: [...huge, 'madvise 0 0 8 8 PAGEOUT', 'read 0 0 24'],
    verdict: (steps) => `zeros are ${lastEntry(steps, 0, 0, 24).frame === 'Z' ? 'the zero page' : 'kept'}`,
    expected: by('splitMapsZeropage', 'zeros are the zero page', 'zeros are kept'),
    source: 'b1f202060afe',
    why: 'Memory that a program never used comes back from huge pages that it got unasked.',
  }),
  thpScenario({
    name: 'thp-split-queue',
    number: 'R44',
    title: 'A part of a huge page is swapped out, for which it is split: is it queued for that, too?',
    steps: [...huge, 'madvise 0 0 8 8 PAGEOUT'],
    verdict: counts('thp_deferred_split_page', 'madvise', QUEUED, NOT_QUEUED),
    expected: by('simpleCompoundMapcount', NOT_QUEUED, QUEUED),
    source: 'cb67f4282bf9',
    why: 'Unmapping it page by page looked as if part of it were no longer needed.',
  }),
  thpScenario({
    name: 'thp-pagemap-part',
    number: 'R45',
    title: 'A huge page of which a child maps all but some pages: what does pagemap say of these?',
    steps: [...huge, 'fork 0 1', 'munmap 1 0 8 8', 'read 0 0 8'],
    verdict: (steps) =>
      lastEntry(steps, 0, 0, 8).pagemap.includes('X') ? 'mapped once' : 'mapped more than once',
    expected: ({ patched }) =>
      patched.pagemapPagePrecise && !patched.pagemapPageOfHead ? 'mapped once' : 'mapped more than once',
    source: '2c1f057e5be6; the recorded 6.12 and 7.2 kernels',
    why: 'Of a huge page that one entry maps, the first page was asked for all, then each, and again the first.',
  }),
  thpScenario({
    name: 'thp-kpageflags',
    number: 'R46',
    title: 'What does kpageflags say of the second page of a huge page?',
    steps: [...huge, 'read 0 0 1'],
    verdict: (steps) =>
      lastEntry(steps, 0, 0, 1).flags?.includes('u') ? 'what it says of the first' : 'hardly anything',
    expected: by('kpageflagsOfFolio', 'what it says of the first', 'hardly anything'),
    source: 'dee3d0bef2b0',
    why: 'Most flags are kept for the whole in the first page, and are now read there.',
  }),
  thpScenario({
    name: 'thp-zero-write',
    number: 'R47',
    title: 'A store to the huge zero page: does it get a huge page?',
    steps: ['mmap 0 0 H w p anon', 'readall 0 0 0 H', 'write 0 0 0 1'],
    verdict: (steps) => `the store gets a ${isHuge(lastEntry(steps, 0).text) ? 'huge' : 'small'} page`,
    expected: by('hugeZeroBecomesHuge', 'the store gets a huge page', 'the store gets a small page'),
    source: '1ced09e0331f',
    why: 'A read that comes first need not cost the huge page.',
  }),
];

/** Huge pages mapped by entries of their small pages, and empty page tables in their way. */
const byPagesScenarios: readonly Scenario[] = [
  thpScenario({
    name: 'thp-pages-reuse',
    number: 'R48',
    title: 'A page of a huge page that was shared with a child which has gone is written',
    steps: [...huge, 'fork 0 1', 'exit 1', 'mprotect 0 0 H-1 1 r', 'mprotect 0 0 H-1 1 w', 'write 0 0 0 2'],
    verdict: replaced(0),
    expected: by('reuseLargeFolios', SAME_PAGE, COPY),
    source: '1da190f4d0a6; the recorded 6.12 and 7.2 kernels',
    why: 'As many references as mappings, and all mappings of one process: nobody else can reach it.',
  }),
  thpScenario({
    name: 'thp-pages-munmap',
    number: 'R49',
    title: 'A huge page that is mapped page by page is unmapped: is it queued to be split?',
    steps: [...mappedByPages, 'munmap 0 0 0 H'],
    verdict: counts('thp_deferred_split_page', 'munmap', QUEUED, NOT_QUEUED),
    expected: ({ patched }) => (patched.zapBatches && patched.deferOnlyPartlyMapped ? NOT_QUEUED : QUEUED),
    source: '10ebac4f95e7, 7491f3f34891',
    why: 'Only if all mappings go at once, and the last one to go is recognised, is there nothing left to split.',
  }),
  thpScenario({
    name: 'thp-pages-free',
    number: 'R50',
    title: 'The same is given up by MADV_FREE, all of it',
    steps: [...mappedByPages, 'madvise 0 0 0 H FREE'],
    verdict: counts('thp_split_page', 'madvise', SPLIT, WHOLE),
    expected: by('freeKeepsLarge', WHOLE, SPLIT),
    source: 'dce7d10be4bb',
    why: 'A range that holds all of it needs no split.',
  }),
  thpScenario({
    name: 'thp-pages-pageout',
    number: 'R51',
    title: 'The same is swapped out, all of it',
    steps: [...mappedByPages, 'madvise 0 0 0 H PAGEOUT'],
    verdict: counts('thp_split_page', 'madvise', SPLIT, WHOLE),
    expected: ({ patched }) => (patched.coldKeepsLarge && patched.splitOnlyPartlyMapped ? WHOLE : SPLIT),
    source: '3931b871c494, 5ed890ce5147',
    why: 'Neither the walk over the range nor reclaim has to split what is swapped out whole.',
  }),
  thpScenario({
    name: 'thp-pages-mlock',
    number: 'R52',
    title: 'Memory is locked in which a huge page is mapped page by page: is it locked?',
    steps: [...mappedByPages, 'mlock 0 0 0 H'],
    verdict: (steps) => `it is ${lastEntry(steps, 0).flags?.includes('L') ? 'locked' : 'not locked'}`,
    expected: by('mlockLargeFolios', 'it is locked', 'it is not locked'),
    source: '1acbc3f93614',
    why: 'A large folio was not worth locking unless one entry maps it; since, what counts is that all of it lies there.',
  }),
  thpScenario({
    name: 'thp-dontneed-table',
    number: 'R53',
    title: 'MADV_DONTNEED empties a page table: can a huge page take its place?',
    steps: [...mappedByPages, 'madvise 0 0 0 H DONTNEED', 'read 0 0 0'],
    verdict: (steps) => `the next read gets a ${isHuge(lastEntry(steps, 0).text) ? 'huge' : 'small'} page`,
    expected: by('reclaimEmptyTables', 'the next read gets a huge page', 'the next read gets a small page'),
    source: '6375e95f381e',
    why: 'A table that stays, empty as it is, keeps huge pages out.',
  }),
  thpScenario({
    name: 'thp-collapse-readonly',
    number: 'R54',
    title: 'MADV_COLLAPSE of memory that nobody may write',
    steps: [
      ...['mmap 0 0 H w p anon', 'madvise 0 0 0 H NOHUGEPAGE', 'write 0 0 0 1', 'mprotect 0 0 0 H r'],
      ...['madvise 0 0 0 H HUGEPAGE', 'madvise 0 0 0 H COLLAPSE'],
      ...['mmap 0 1 H w p anon', 'write 0 1 0 1'],
    ],
    verdict: (steps) => `it is ${isHuge(lastEntry(steps, 0).text) ? 'collapsed' : 'left as it is'}`,
    expected: by('collapseReadonly', 'it is collapsed', 'it is left as it is'),
    source: 'the sources of 6.12 and 7.2',
    why: 'At least one page had to be writable, so that memory that fork shares was left alone.',
  }),
];

/** Huge pages: what a release does otherwise than the one before. */
export const thpCallScenarios: readonly Scenario[] = [...wholeScenarios, ...byPagesScenarios];
