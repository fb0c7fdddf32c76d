import { SAME_PAGE, all, cost, costs, reads, replaced } from './facts.js';
import { SAW, pinSaw } from './longterm-pins.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

export const KEPT_TO_ITSELF = 'PASS: nothing leaked';
export const LEAKED = 'FAIL: the write leaked';

const cover =
  'https://lore.kernel.org/r/20220428083441.37290-1-david@redhat.com, cover letter of the COW fixes, part 2';
const fill = ['mmap 0 0 1 w p anon', 'write 0 0 0 1'];

/** As many references as one pin counts, in pipes of sixteen pages each. */
const manyReferences = Array.from({ length: 1024 }, (_, i) => `vmsplice 0 0 0 1 ${i >> 4}`);

/** Whether all that comes out of the pipe is what was there before the other process wrote. */
export function pipeKeeps(old: number): (steps: readonly StepReport[]) => string {
  return (steps) => {
    const read = steps.filter(({ op }) => op.startsWith('piperead'));
    return read.length > 0 && read.every(({ val }) => val === old) ? KEPT_TO_ITSELF : LEAKED;
  };
}

/** Pins and references meet fork. */
export const forkPinScenarios: readonly Scenario[] = [
  {
    name: 'pin-after-fork',
    number: 'S06',
    kind: 'sequential',
    title: 'A parent pins a page that it shares with its child, for reading, and then writes',
    swap: 'none',
    steps: [...fill, 'fork 0 1', 'lpin 0 0 0 1 0', 'write 0 0 0 255', 'read 1 0 0'],
    verdict: all(pinSaw, costs('pinning', 'lpin'), costs('writing', 'write'), reads('the child', 'read 1')),
    expected: () => [SAW, cost('pinning', 1, 0), cost('writing', 1, 1), 'the child reads 0x1'].join('; '),
    source: cover,
    why: 'The page is not exclusive: an unshare fault copies it, and the copy is pinned.',
  },
  {
    name: 'pin-after-child-exit',
    number: 'S06b',
    kind: 'sequential',
    title: 'The same after the child has gone',
    swap: 'none',
    steps: [...fill, 'fork 0 1', 'exit 1', 'lpin 0 0 0 1 0', 'write 0 0 0 255'],
    verdict: all(pinSaw, costs('pinning', 'lpin'), replaced(0)),
    expected: () => [SAW, cost('pinning', 1, 0), SAME_PAGE].join('; '),
    source: 'mm/memory.c do_wp_page',
    why: 'The unshare fault finds the only reference, and makes the page exclusive instead of copying it.',
  },
  {
    name: 'fork-after-pin',
    number: 'S07',
    kind: 'sequential',
    title: 'A parent pins a page for writing, forks and writes',
    swap: 'none',
    steps: [...fill, 'lpinw 0 0 0 1 0', 'fork 0 1', 'write 0 0 0 2', 'read 1 0 0'],
    verdict: all(pinSaw, costs('writing', 'write'), reads('the child', 'read 1')),
    expected: () => [SAW, cost('writing', 0, 0), 'the child reads 0x1'].join('; '),
    source: 'mm/memory.c copy_present_page',
    why: 'Fork gives the child a copy at once and leaves the pinned page to the parent, writable.',
  },
  {
    name: 'fork-after-many-references',
    number: 'S07b',
    kind: 'sequential',
    title: 'As many ordinary references as one pin counts, in a process that once pinned something',
    swap: 'none',
    steps: [...[...fill, 'pvread 0 0 0 0', ...manyReferences], ...['fork 0 1', 'write 0 0 0 2']],
    verdict: costs('writing', 'write'),
    expected: () => cost('writing', 0, 0),
    source: 'include/linux/mm.h folio_maybe_dma_pinned',
    why: 'A small page counts a pin as 1024 references: fork takes the page for pinned, and copies it for the child.',
  },
  {
    name: 'fork-after-many-references-never-pinned',
    number: 'S07c',
    kind: 'sequential',
    title: 'The same in a process that never pinned anything',
    swap: 'none',
    steps: [...[...fill, ...manyReferences], ...['fork 0 1', 'write 0 0 0 2']],
    verdict: costs('writing', 'write'),
    expected: () => cost('writing', 1, 0),
    source: 'include/linux/mm.h page_needs_cow_for_dma',
    why: 'Fork asks first whether the address space ever pinned a page; it did not, so the page is shared.',
  },
  {
    name: 'fork-after-get',
    number: 'S08',
    kind: 'sequential',
    title: 'A device writes to a page that a driver holds by an ordinary reference, after fork and a write',
    swap: 'none',
    steps: [
      ...[...fill, 'gup 0 0 0 1 0 get,write', 'fork 0 1', 'write 0 0 0 2'],
      ...['pinwrite 0 0 7', 'read 0 0 0', 'read 1 0 0'],
    ],
    verdict: all(reads('the parent', 'read 0'), reads('the child', 'read 1')),
    expected: () => 'the parent reads 0x2; the child reads 0x7',
    source: `${cover}: a limit that stays`,
    why: 'FOLL_GET does not hinder fork from sharing the page; the parent copies it, the device writes to the old one.',
  },
  {
    name: 'fork-after-pin-device',
    number: 'S08b',
    kind: 'sequential',
    title: 'The same when the driver pins the page',
    swap: 'none',
    steps: [
      ...[...fill, 'gup 0 0 0 1 0 pin,write', 'fork 0 1', 'write 0 0 0 2'],
      ...['pinwrite 0 0 7', 'read 0 0 0', 'read 1 0 0'],
    ],
    verdict: all(reads('the parent', 'read 0'), reads('the child', 'read 1')),
    expected: () => 'the parent reads 0x7; the child reads 0x1',
    source: 'mm/memory.c copy_present_page',
    why: 'The child got a copy at fork: parent and device still use the same page.',
  },
  {
    name: 'vmsplice-child',
    number: 'S09',
    kind: 'sequential',
    title: 'A child puts a shared page into a pipe and unmaps it; the parent writes a secret',
    swap: 'none',
    steps: [
      ...[...fill, 'fork 0 1', 'vmsplice 1 0 0 1 0', 'munmap 1 0 0 1'],
      ...['write 0 0 0 83', 'piperead 0'],
    ],
    verdict: pipeKeeps(1),
    expected: () => KEPT_TO_ITSELF,
    source: 'CVE-2020-29374; tools/testing/selftests/mm/cow.c',
    why: 'The pipe holds a reference, so the parent does not have the page alone though nobody else maps it: it copies.',
  },
];
