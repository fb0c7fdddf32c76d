import { archById } from '../arch/variants.js';
import { COPY, SAME_PAGE, all, by, costs, lastEntry, lastStep, messages, reads, replaced } from './facts.js';
import { hugetlb, priv, protect, shared, wpHugetlb } from './hugetlb-markers.js';
import { times } from './pte-markers.js';
import type { Kernel, Scenario } from './scenario.js';
import { resultWords } from './step-words.js';

/** Whether the architecture lets pages of hugetlb move at all. */
const moves = ({ arch }: Kernel): boolean => archById(arch).huge?.hugetlbMigration === true;

const touch = 'write 0 0 7 1';
const source = 'unmap_and_move_huge_page() and the walkers of mm/hugetlb.c in v6.1 and v6.12';

/** What a move gave, and what is there afterwards. */
const moved = all(
  (steps) => resultWords(lastStep(steps, 'movepages')) || 'moved',
  replaced(0, 0, 7),
  reads('it', 'read'),
);

const writeProtected: Scenario['verdict'] = (steps) =>
  `the child’s page is ${lastEntry(steps, 1, 0, 7).pagemap.includes('W') ? '' : 'not '}called write-protected`;

/** Pages of hugetlb on their way to others. */
export const hugetlbMoveScenarios: readonly Scenario[] = [
  hugetlb({
    name: 'hugetlb-move',
    number: 'M43',
    title: 'A page of hugetlb moves to another one',
    steps: [priv, touch, 'movepages 0 0 0 1', 'read 0 0 7'],
    verdict: moved,
    expected: (kernel) =>
      moves(kernel) ? `moved; ${COPY}; it reads 0x1` : `fails with EFAULT; ${SAME_PAGE}; it reads 0x1`,
    source,
    why: 'The pool lends a page, or memory does; the old one goes back to whom the new one was lent by.',
  }),
  hugetlb({
    name: 'hugetlb-move-tail',
    number: 'M44',
    title: 'move_pages names an address in the midst of a page of hugetlb',
    steps: [priv, touch, 'movepages 0 0 7 1', 'read 0 0 7'],
    verdict: moved,
    expected: (kernel) => {
      if (!moves(kernel)) return `fails with EFAULT; ${SAME_PAGE}; it reads 0x1`;
      const refused = `fails with EACCES; ${SAME_PAGE}; it reads 0x1`;
      return by('movesHugetlbFromAnywhere', `moved; ${COPY}; it reads 0x1`, refused)(kernel);
    },
    source: 'add_page_for_migration() before and after b426ed7889be',
    why: 'It was asked whether the small page at the address is the first, and no other error was prepared than the last one.',
  }),
  hugetlb({
    name: 'hugetlb-move-fork',
    number: 'M45',
    title: 'A process forks while its page of hugetlb is moving, and writes: does the child see that?',
    steps: [priv, touch, 'movebegin 0 0 0', 'fork 0 1', 'moveend', 'write 0 0 7 2', 'read 1 0 7'],
    verdict: reads('the child', 'read 1'),
    expected: () => 'the child reads 0x1',
    source,
    why: 'copy_hugetlb_page_range() takes the right to write from both entries, so that the store copies.',
  }),
  hugetlb({
    name: 'hugetlb-move-mprotect',
    number: 'M46',
    title: 'A page of hugetlb is moving while its mapping becomes read-only, and writable again',
    steps: [
      ...[priv, touch, 'movebegin 0 0 0', 'mprotect 0 0 0 H r', 'mprotect 0 0 0 H w', 'moveend'],
      ...['write 0 0 7 2', 'read 0 0 7'],
    ],
    verdict: all(costs('the store', 'write 0 0 7 2'), reads('it', 'read 0')),
    expected: () => 'the store takes 1 fault (0 major), 0 reuses; it reads 0x2',
    source,
    why: 'What is taken from a page on its way is given back by the next fault, for the page is still its own.',
  }),
  wpHugetlb({
    name: 'hugetlb-move-dontneed',
    number: 'M47',
    title: 'A write-protected page of hugetlb is dropped by MADV_DONTNEED while it is moving, and written',
    steps: [
      ...[shared, touch, ...protect, 'movebegin 0 0 0', 'madvise 0 0 0 H DONTNEED', 'moveend'],
      'write 0 0 7 2',
    ],
    verdict: (steps) => times(messages(steps)),
    expected: () => times(1),
    source,
    why: 'The entry that stands for the page has a bit for the protection, and a marker takes its place.',
  }),
  wpHugetlb({
    name: 'hugetlb-move-protect',
    number: 'M48',
    title:
      'userfaultfd write-protects a page of hugetlb that fork shares and that is moving: is it told of a store?',
    steps: [
      ...[priv, touch, 'uffd 0 0x1000', 'ureg 0 0 0 H w', 'fork 0 1', 'movebegin 0 0 0'],
      ...['uwp 0 0 0 H 1', 'moveend', 'write 0 0 7 2'],
    ],
    verdict: (steps) => times(messages(steps)),
    expected: (kernel) => times(!moves(kernel) || kernel.patched.hugetlbMovingUffdWp ? 1 : 0),
    source: '44f86392bdd1',
    why: 'Only entries that lost the right to write were noted as protected; this one had lost it to fork.',
  }),
  wpHugetlb({
    name: 'hugetlb-fork-protected',
    number: 'M49',
    title: 'A process forks with a write-protected page of hugetlb; the child is not watched',
    steps: [priv, touch, ...protect, 'fork 0 1', 'read 1 0 7'],
    verdict: writeProtected,
    expected: by(
      'hugetlbForkUffdWp',
      'the child’s page is not called write-protected',
      'the child’s page is called write-protected',
    ),
    source: '5a2f8d22ace4',
    why: 'The entry was copied with all its bits.',
  }),
  wpHugetlb({
    name: 'hugetlb-unshare-protected',
    number: 'M50',
    title: 'A pin unshares a write-protected page of hugetlb: is userfaultfd told of the next store?',
    steps: [
      ...[priv, touch, 'uffd 0 0x1000', 'ureg 0 0 0 H w', 'fork 0 1', 'uwp 0 0 0 H 1'],
      ...['gup 0 0 0 1 0 pin', 'write 0 0 7 2'],
    ],
    verdict: (steps) => times(messages(steps)),
    expected: (kernel) => times(kernel.patched.hugetlbUnshareKeepsWp ? 1 : 0),
    source: '0f230bc24b6e',
    why: 'The copy’s entry was made anew, and what the old one said of protection went with that.',
  }),
];
