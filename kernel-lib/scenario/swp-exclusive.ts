import { behind, faultsOf, lastStep } from './facts.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

export const KEPT = 'PASS: page was not replaced during COW';
export const REPLACED = 'FAIL: page was replaced during COW';

/** Architectures whose swap PTEs had the marker before the series. */
const FROM_THE_START = /^(x86_64|arm64_|s390$|ppc_book3s64_)/;

/**
 * Whether swap PTEs remember exclusive pages, as the history of the architectures has it: Alpha got the marker with
 * the series but could not see it until pte_swp_exclusive() returned bool.
 */
export function remembers({ arch, patched }: Kernel): boolean {
  if (arch === 'alpha') return patched.alphaSwpExclusiveBool;
  return FROM_THE_START.test(arch) || patched.swpExclusive;
}

/** What the vmsplice test says: the pipe still holds the process's page, or one that it no longer uses. */
function replaced(steps: readonly StepReport[]): string {
  return lastStep(steps, 'piperead').val === 0x22 ? KEPT : REPLACED;
}

const kept = (kernel: Kernel): string => (remembers(kernel) ? KEPT : REPLACED);

/** The series that this was written for: the memory that a device writes must not be copied away from it. */
const cover =
  'cover letter of the COW fixes, part 3: https://lore.kernel.org/r/20220329164329.208407-1-david@redhat.com';

const fill = ['mmap 0 0 1 w p anon', 'write 0 0 0 17'];
const splice = 'vmsplice 0 0 0 1 0';
const pageout = 'madvise 0 0 0 1 PAGEOUT';

/** Pages that were swapped out and come back: does the kernel still know that nobody else has them? */
export const swpExclusiveScenarios: readonly Scenario[] = [
  {
    name: 'swp-exclusive-vmsplice',
    number: 'X01',
    kind: 'sequential',
    title: 'A page in a pipe is swapped out, read back and written: is it still the page in the pipe?',
    swap: 'dm',
    steps: [...fill, splice, pageout, 'read 0 0 0', 'write 0 0 0 34', 'piperead 0'],
    verdict: replaced,
    expected: kept,
    source: `${cover}; the test's verdict lines`,
    why: 'Without the marker the write finds a page with three references that may be shared, and copies it; the pipe keeps the old one.',
  },
  {
    name: 'swp-exclusive-vmsplice-write',
    number: 'X02',
    kind: 'sequential',
    title: 'The same without the read: one write fault does both, swap-in and COW',
    swap: 'dm',
    steps: [...fill, splice, pageout, 'write 0 0 0 34', 'piperead 0'],
    verdict: (steps) => `${replaced(steps)}; ${faultsOf(behind(steps, 'PAGEOUT'))}`,
    expected: (kernel) => `${kept(kernel)}; 1 fault (0 major), 0 reuses`,
    source: cover,
    why: 'do_swap_page() goes on to do_wp_page() in the same fault; an exclusive page is mapped writable at once.',
  },
  {
    name: 'swp-exclusive-swapped-first',
    number: 'X03',
    kind: 'sequential',
    title: 'A page comes back from an asynchronous swap device and goes into a pipe before it is written',
    swap: 'dm',
    steps: [...fill, pageout, 'read 0 0 0', splice, 'write 0 0 0 34', 'piperead 0'],
    verdict: replaced,
    expected: kept,
    source: cover,
    why: 'Swap-in through the swap cache cannot tell that the page is not shared, unless the swap PTE says so.',
  },
  {
    name: 'swp-exclusive-synchronous',
    number: 'X04',
    kind: 'sequential',
    title: 'The same on a synchronous swap device',
    swap: 'brd',
    steps: [...fill, pageout, 'read 0 0 0', splice, 'write 0 0 0 34', 'piperead 0'],
    verdict: replaced,
    expected: () => KEPT,
    source: 'mm/memory.c do_swap_page',
    why: 'The only user of a slot on a synchronous device bypasses the swap cache, and a page fresh from there is exclusive without a marker.',
  },
];
