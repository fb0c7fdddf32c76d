import { COPY, SAME_PAGE, all, behind, faultsOf, lastEntry, lastStep, reads, replaced } from './facts.js';
import { cleanStoreFaults } from './hardware-stores.js';
import { SAW, MISSED, pinSaw } from './longterm-pins.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { KEPT, REPLACED, remembers } from './swp-exclusive.js';

const fill = ['mmap 0 0 1 w p anon', 'write 0 0 0 17'];
const pageout = 'madvise 0 0 0 1 PAGEOUT';
const write = 'write 0 0 0 34';
const sheet = 'mm/memory.c do_swap_page, do_wp_page';

const afterPageout = (steps: readonly StepReport[]): string => faultsOf(behind(steps, 'PAGEOUT'));
const spliced = (steps: readonly StepReport[]): string =>
  lastStep(steps, 'piperead').val === 0x22 ? KEPT : REPLACED;

/**
 * A read that brings an exclusive page back maps it writable at once since v6.11: the write costs nothing more, unless
 * it is a fault that notes it.
 */
function readThenWrite(kernel: Kernel): string {
  const writable = kernel.patched.swapinMapsWritable && remembers(kernel);
  if (!writable) return '2 faults (1 major), 1 reuse';
  return cleanStoreFaults(kernel) ? '2 faults (1 major), 0 reuses' : '1 fault (1 major), 0 reuses';
}

const known =
  (yes: string, no: string) =>
  (kernel: Kernel): string =>
    remembers(kernel) ? yes : no;

/** What becomes of the marker, and of pages without it, on other ways through swap. */
export const swpLifetimeScenarios: readonly Scenario[] = [
  {
    name: 'swap-read-write',
    number: 'X07',
    kind: 'sequential',
    title: 'A page that nobody else holds is swapped out, read back and written',
    swap: 'dm',
    steps: [...fill, pageout, 'read 0 0 0', write],
    verdict: all(replaced(0), afterPageout),
    expected: (kernel) => `${SAME_PAGE}; ${readThenWrite(kernel)}`,
    source: sheet,
    why: 'Without the marker the write fault drops the swap cache and finds the page alone; with it, it need not.',
  },
  {
    name: 'swap-slow-writeback',
    number: 'X08',
    kind: 'sequential',
    title: 'A page is written while the device is still writing it out',
    swap: 'dm',
    steps: [...fill, 'slowswap 1', pageout, 'read 0 0 0', write, 'slowswap 0'],
    verdict: replaced(0),
    expected: known(SAME_PAGE, COPY),
    source: sheet,
    why: 'A cache under writeback cannot be dropped: only the marker knows that nobody else has the page.',
  },
  {
    name: 'swap-stable-writes',
    number: 'X09',
    kind: 'sequential',
    title: 'The same on a device that wants the page unchanged while it writes it',
    swap: 'dm',
    steps: [...fill, 'stableswap 1', 'slowswap 1', pageout, 'read 0 0 0', write, 'slowswap 0'],
    verdict: replaced(0),
    expected: () => COPY,
    source: 'mm/memory.c do_swap_page, SWP_STABLE_WRITES',
    why: 'The marker is ignored on purpose: nobody can hold a reference that the copy would cut off.',
  },
  {
    name: 'swap-fork',
    number: 'X10',
    kind: 'sequential',
    title: 'A process forks while a page is swapped out, and writes',
    swap: 'dm',
    steps: [...fill, pageout, 'fork 0 1', write, 'read 1 0 0'],
    verdict: all(
      (steps) => `the child reads 0x${lastStep(steps, 'read 1').val?.toString(16)}`,
      (steps) => faultsOf([lastStep(steps, 'write')]),
    ),
    expected: () => 'the child reads 0x11; 1 fault (1 major), 0 reuses',
    source: 'mm/memory.c copy_nonpresent_pte',
    why: 'Fork clears the marker in both processes: the slot is shared, and the write copies in the fault that swaps in.',
  },
  {
    name: 'swap-fork-exit',
    number: 'X11',
    kind: 'sequential',
    title: 'The same after the child has gone',
    swap: 'dm',
    steps: [...fill, pageout, 'fork 0 1', 'exit 1', write],
    verdict: (steps) => faultsOf([lastStep(steps, 'write')]),
    expected: ({ patched }) => `1 fault (1 major), ${patched.freeSwapCacheAfterMap ? '1 reuse' : '0 reuses'}`,
    source: `${sheet}; 4b34f1d82c65`,
    why: 'The marker never comes back, but the last user of the slot drops the cache and has the page alone.',
  },
  {
    name: 'swapoff-write',
    number: 'X12',
    kind: 'sequential',
    title: 'swapoff brings a page back, which is then written',
    swap: 'dm',
    steps: [...fill, pageout, 'swapoff', write],
    verdict: (steps) => `${swapoffEnds(steps)}; ${faultsOf([lastStep(steps, 'write')])}`,
    expected: (kernel) =>
      blind(kernel)
        ? 'swapoff does not end; 1 fault (0 major), 0 reuses'
        : 'swapoff ends; 1 fault (0 major), 1 reuse',
    source: 'mm/swapfile.c unuse_pte',
    why: 'swapoff maps read-only; it leaves no cache behind, so the page is found alone with and without the marker. Alpha, as long as it could not see the marker that it set, did not recognise the entry either.',
  },
  {
    name: 'swapoff-vmsplice',
    number: 'X13',
    kind: 'sequential',
    title: 'swapoff brings back a page that is in a pipe, which is then written',
    swap: 'dm',
    steps: [...fill, 'vmsplice 0 0 0 1 0', pageout, 'swapoff', write, 'piperead 0'],
    verdict: spliced,
    expected: known(KEPT, REPLACED),
    source: 'mm/swapfile.c unuse_pte',
    why: 'The pipe is a second reference: only the marker says that no other process can have the page.',
  },
  {
    name: 'swap-two-threads',
    number: 'X14',
    kind: 'sequential',
    title: 'Two threads fault on one swapped page: the second holds a reference while the first writes',
    swap: 'dm',
    steps: [...fill, pageout, 'read 0 0 0', 'gup 0 0 0 1 0 get', write, 'pinread 0 0', 'unpin 0'],
    verdict: replaced(0),
    expected: known(SAME_PAGE, COPY),
    source: 'https://lore.kernel.org/r/20220329164329.208407-1-david@redhat.com',
    why: 'The other thread means no harm, but its reference makes a page that is not known to be exclusive look shared.',
  },
  {
    name: 'migrate-fork',
    number: 'X16',
    kind: 'sequential',
    title: 'A process forks while its exclusive page is on its way to another frame: whose is it afterwards?',
    swap: 'none',
    steps: [
      ...[...fill, 'mprotect 0 0 0 1 r', 'movebegin 0 0 0', 'fork 0 1', 'moveend'],
      ...['read 0 0 0', 'mprotect 0 0 0 1 w', write, 'read 1 0 0'],
    ],
    verdict: all(
      (steps) => {
        const seen = lastStep(steps, 'read 0 0 0').pages.filter(({ flags }) => flags !== undefined);
        const exclusive = seen.some(({ flags }) => flags!.includes('e'));
        return `${seen.length} entries, ${exclusive ? 'exclusive' : 'maybe shared'}`;
      },
      reads('the child', 'read 1'),
    ),
    expected: () => '2 entries, maybe shared; the child reads 0x11',
    source: 'mm/memory.c copy_nonpresent_pte',
    why: 'Fork turns the entry into one that says nothing of exclusivity, in both processes, as it does with a swap entry.',
  },
  {
    name: 'migrate-readonly-exclusive',
    number: 'X17',
    kind: 'sequential',
    title: 'An exclusive page that is mapped read-only is moved to another frame, and then written',
    swap: 'none',
    steps: [...fill, 'mprotect 0 0 0 1 r', 'madvise 0 0 0 1 SOFT_OFFLINE', 'mprotect 0 0 0 1 w', write],
    verdict: (steps) => `the page is ${exclusiveAfter(steps, 'SOFT_OFFLINE') ? 'exclusive' : 'maybe shared'}`,
    expected: () => 'the page is exclusive',
    source: 'mm/rmap.c try_to_migrate_one, mm/migrate.c remove_migration_pte',
    why: 'A migration entry of its own kind remembers exclusivity, as the marker does for swap entries.',
  },
  {
    name: 'pin-refuses-swap',
    number: 'X06b',
    kind: 'sequential',
    title: 'A page that a driver has pinned is to be swapped out',
    swap: 'dm',
    steps: [...fill, 'gup 0 0 0 1 0 pin,write', pageout, 'read 0 0 0', write],
    verdict: all(pinSaw, (steps) => {
      const { rss } = lastStep(steps, pageout);
      return `the page is ${rss['swap'] === undefined ? 'not swapped out' : 'swapped out'}`;
    }),
    expected: () => `${SAW}; the page is not swapped out`,
    source: 'mm/vmscan.c shrink_folio_list',
    why: 'Reclaim leaves pinned pages where they are, so nothing can part driver and process.',
  },
  {
    name: 'get-allows-swap',
    number: 'X06c',
    kind: 'sequential',
    title: 'The same for a page that is held by an ordinary reference',
    swap: 'dm',
    steps: [...fill, 'gup 0 0 0 1 0 get,write', pageout, 'read 0 0 0', write],
    verdict: pinSaw,
    expected: known(SAW, MISSED),
    source: 'https://lore.kernel.org/r/20220329164329.208407-1-david@redhat.com',
    why: 'The reference only keeps the page from being freed: what the process gets back hangs on the marker.',
  },
];

/** Alpha sets the marker, but pte_swp_exclusive() loses it: nobody takes it off either before entries are compared. */
function blind({ arch, patched }: Kernel): boolean {
  return arch === 'alpha' && patched.swpExclusive && !patched.alphaSwpExclusiveBool;
}

function swapoffEnds(steps: readonly StepReport[]): string {
  return lastStep(steps, 'swapoff').err === 0 ? 'swapoff ends' : 'swapoff does not end';
}

function exclusiveAfter(steps: readonly StepReport[], words: string): boolean {
  const at = steps.findIndex(({ op }) => op.endsWith(words));
  return lastEntry(steps.slice(0, at + 1), 0).flags?.includes('e') ?? false;
}
