import { EFAULT } from '../base/errno.js';
import { all, lastEntry, lastStep, reads } from './facts.js';
import { modifyForgetsDirty, notesNoStore } from './hardware-stores.js';
import type { Kernel, Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';

const series =
  'https://lore.kernel.org/r/20221116102659.70287-1-david@redhat.com, "early fault flag consistency checks"';

const gives = (words: string) => (steps: readonly StepReport[]) =>
  `the fault gives 0x${lastStep(steps, words).ret.toString(16)}`;
/** VM_FAULT_WRITE, as long as write-protect faults reported it. */
const wrote = ({ patched }: Kernel): string =>
  `the fault gives ${patched.noFaultWriteResult ? '0x0' : '0x8'}`;

function state(steps: readonly StepReport[], region = 0): string {
  const { writable, dirty, flags } = lastEntry(steps, 0, region);
  const page = flags?.includes('a') ? 'anonymous' : flags === 'z' ? 'the zero page' : 'of the file';
  return `the page is ${page}, ${writable ? 'writable' : 'read-only'}, ${dirty ? 'dirty' : 'clean'}`;
}

/** Whether the last store goes through an entry that mprotect has made clean and writable, and nothing notes it. */
function staysClean(kernel: Kernel, region: number): boolean {
  if (!modifyForgetsDirty(kernel) || !notesNoStore(kernel)) return false;
  return region === 4 || (region === 2 && kernel.patched.cleanExclusiveUpgrade);
}

/** Faults that some caller inside the kernel asks for. */
export const faultFlagScenarios: readonly Scenario[] = [
  {
    name: 'unshare-shared-mapping',
    number: 'S10',
    kind: 'sequential',
    title: 'An unshare fault on a shared mapping, whose entry is not young',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['mmap 0 0 1 r s o0', 'read 0 0 0', 'madvise 0 0 0 1 COLD', 'fault 0 0 0 unshare'],
    verdict: (steps) => `the entry is ${lastEntry(steps, 0).young ? 'young' : 'old'}`,
    expected: ({ patched }) => `the entry is ${patched.sanitizeUnshare ? 'young' : 'old'}`,
    source: `${series}: cdc5021cda19`,
    why: 'Outside COW mappings the flag is dropped at the entry, and what is left is an ordinary read fault.',
  },
  {
    name: 'unshare-and-write',
    number: 'S10b',
    kind: 'sequential',
    title: 'A fault that asks for UNSHARE and WRITE at once',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['mmap 0 0 1 w s o0', 'fault 0 0 0 unshare,write'],
    verdict: all(gives('fault'), (steps) => `the entry is ${lastEntry(steps, 0).text.split(':')[0]}`),
    expected: ({ patched }) =>
      patched.sanitizeUnshare
        ? 'the fault gives 0x40; the entry is empty'
        : 'the fault gives 0x200; the entry is present',
    source: `${series}: cdc5021cda19`,
    why: 'Nobody may ask for both; before the check it was a write fault where the entry was empty, and gave what shmem gives: VM_FAULT_LOCKED.',
  },
  {
    name: 'write-fault-readonly-shared',
    number: 'S11',
    kind: 'sequential',
    title: 'A write fault on a shared mapping that is not writable',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['mmap 0 0 1 r s o0', 'read 0 0 0', 'fault 0 0 0 write', 'owrite 0 0 9', 'read 0 0 0'],
    verdict: all(gives('fault'), reads('the mapping', 'read')),
    expected: (kernel) =>
      kernel.patched.sanitizeWrite
        ? 'the fault gives 0x40; the mapping reads 0x9'
        : `${wrote(kernel)}; the mapping reads 0x0`,
    source: `${series}: 79881fed6052`,
    why: 'Unchecked, the fault puts an anonymous copy into a shared mapping, which then misses writes to the file.',
  },
  {
    name: 'write-fault-opened-readonly',
    number: 'S11c',
    kind: 'sequential',
    title: 'The same on a shared mapping of a file that was opened for reading only',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: [
      ...['openedreadonly 0', 'mmap 0 0 1 r s o0', 'read 0 0 0', 'fault 0 0 0 write', 'owrite 0 0 9'],
      'read 0 0 0',
    ],
    verdict: all(gives('fault'), reads('the mapping', 'read')),
    expected: (kernel) =>
      kernel.patched.sanitizeWrite
        ? 'the fault gives 0x40; the mapping reads 0x9'
        : `${wrote(kernel)}; the mapping reads 0x0`,
    source: `${series}: 79881fed6052`,
    why: 'Such a mapping is not even VM_SHARED, only VM_MAYSHARE, and nobody may ever make it writable.',
  },
  {
    name: 'write-fault-nomaywrite',
    number: 'S11d',
    kind: 'sequential',
    title: 'A write fault on a private mapping that a driver keeps from ever being writable',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['mmap 0 0 1 r p o0', 'nomaywrite 0 0 0', 'read 0 0 0', 'fault 0 0 0 write'],
    verdict: all(gives('fault'), (steps) => state(steps)),
    expected: (kernel) =>
      kernel.patched.sanitizeWrite
        ? 'the fault gives 0x40; the page is of the file, read-only, clean'
        : `${wrote(kernel)}; the page is anonymous, read-only, dirty`,
    source: `${series}: 79881fed6052`,
    why: 'Without VM_MAYWRITE it is no COW mapping, so there must be no copy in it.',
  },
  {
    name: 'write-fault-readonly-private',
    number: 'S11b',
    kind: 'sequential',
    title: 'A write fault on a private mapping that is not writable, as ptrace asks for it',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['mmap 0 0 1 r p o0', 'read 0 0 0', 'fault 0 0 0 write'],
    verdict: all(gives('fault'), (steps) => state(steps)),
    expected: (kernel) => `${wrote(kernel)}; the page is anonymous, read-only, dirty`,
    source: `${series}: 79881fed6052; cb8d86331343`,
    why: 'Allowed in every release: a private copy that stays read-only. Only the result 0x8 went away.',
  },
  {
    name: 'ptrace-breakpoint',
    number: 'S12',
    kind: 'sequential',
    title: 'A debugger writes to a private mapping of a file that the process may only read',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['mmap 0 0 1 r p o0', 'read 0 0 0', 'memwrite 0 0 0 0 204', 'read 0 0 0', 'oread 0 0'],
    verdict: all(reads('the process', 'read'), reads('the file', 'oread'), (steps) => state(steps)),
    expected: ({ patched }) =>
      patched.procMemForcePtrace
        ? 'the process reads 0x0; the file reads 0x0; the page is of the file, read-only, clean'
        : 'the process reads 0xcc; the file reads 0x0; the page is anonymous, read-only, dirty',
    source: 'mm/gup.c can_follow_write_pte; 599bbba5a36f for /proc/PID/mem',
    why: 'FOLL_FORCE may write through a read-only entry once the page is exclusive and anonymous.',
  },
  {
    name: 'ptrace-untouched',
    number: 'S12b',
    kind: 'sequential',
    title: 'The same on anonymous memory that was never touched',
    swap: 'none',
    steps: ['mmap 0 0 1 r p anon', 'memwrite 0 0 0 0 204', 'read 0 0 0'],
    verdict: all(reads('the process', 'read'), (steps) => state(steps)),
    expected: ({ patched }) =>
      patched.procMemForcePtrace
        ? 'the process reads 0x0; the page is the zero page, read-only, clean'
        : 'the process reads 0xcc; the page is anonymous, read-only, clean',
    source: 'mm/memory.c do_anonymous_page; 599bbba5a36f for /proc/PID/mem',
    why: 'A fresh page of a mapping without VM_WRITE is mapped read-only and clean; the debugger dirties the page.',
  },
  {
    name: 'wp-fault-all-kinds',
    number: 'S13',
    kind: 'sequential',
    title: 'A write to a read-only entry of every kind: the rework of do_wp_page() must change none',
    swap: 'none',
    objects: ['obj 0 memfd 2'],
    steps: [
      ...['mmap 0 0 1 w p anon', 'write 0 0 0 1', 'fork 0 1', 'write 0 0 0 2', 'exit 1'],
      ...['mmap 0 1 1 w p anon', 'read 0 1 0', 'write 0 1 0 2'],
      ...[
        'mmap 0 2 1 w p anon',
        'write 0 2 0 1',
        'mprotect 0 2 0 1 r',
        'mprotect 0 2 0 1 w',
        'write 0 2 0 2',
      ],
      ...['mmap 0 3 1 w p o0', 'read 0 3 0', 'write 0 3 0 2'],
      ...['mmap 0 4 1 w s o0', 'write 0 4 0 1', 'mprotect 0 4 0 1 r', 'mprotect 0 4 0 1 w', 'write 0 4 0 2'],
      ...['mmap 0 5 2 w p anon', 'madvise 0 5 0 2 MERGEABLE', 'write 0 5 0 9', 'write 0 5 1 9', 'ksm'],
      'write 0 5 0 2',
    ],
    verdict: (steps) => [0, 1, 2, 3, 4, 5].map((region) => state(steps, region)).join('; '),
    expected: (kernel) =>
      [0, 1, 2, 3, 4, 5]
        .map((region) => {
          const page = region === 4 ? 'of the file' : 'anonymous';
          return `the page is ${page}, writable, ${staysClean(kernel, region) ? 'clean' : 'dirty'}`;
        })
        .join('; '),
    source: 'b9086fde6d44',
    why: 'Shared mappings are decided first and private ones last since the rework; for faults that were checked at the entry that is the same.',
  },
  {
    name: 'unshare-pfn',
    number: 'S18',
    kind: 'sequential',
    title: 'An unshare fault on memory of a device that has no struct page, in a private mapping',
    swap: 'none',
    objects: ['obj 0 pfnmap 2'],
    steps: [
      ...['mmap 0 0 2 w s o0', 'write 0 0 0 5', 'mmap 0 1 2 w p o0', 'read 0 1 0', 'gup 0 1 0 1 0 pin'],
      // Of an entry that may be old the first fault but makes it young, where no hardware does.
      ...['fault 0 1 0 unshare', 'fault 0 1 0 unshare', 'read 0 1 0', 'write 0 0 0 6', 'read 0 1 0'],
    ],
    verdict: all(
      (steps) => `GUP ${lastStep(steps, 'gup').err === EFAULT ? 'refuses' : 'pins'}`,
      (steps) => {
        const { writable, flags } = lastEntry(steps, 0, 1);
        return `the page is ${flags?.includes('a') ? 'anonymous' : 'of the device'}, ${writable ? 'writable' : 'read-only'}`;
      },
      reads('the process', 'read'),
    ),
    expected: ({ patched }) =>
      `GUP refuses; the page is ${patched.unshareAnyCow ? 'anonymous, read-only; the process reads 0x5' : 'of the device, read-only; the process reads 0x6'}`,
    source: `${series}: 8d6a0ac09a16`,
    why: 'The copy is taken through the user address, for nothing else knows the frame; GUP refuses such a mapping before it would ask for one.',
  },
  {
    name: 'unshare-zeropage',
    number: 'S18b',
    kind: 'sequential',
    title: 'An unshare fault on the zero page, which nobody but GUP asks for',
    swap: 'none',
    steps: ['mmap 0 0 1 w p anon', 'read 0 0 0', 'fault 0 0 0 unshare'],
    verdict: (steps) => state(steps),
    expected: ({ patched }) =>
      `the page is ${patched.unshareAnyCow ? 'anonymous' : 'the zero page'}, read-only, clean`,
    source: `${series}: 8d6a0ac09a16`,
    why: 'Before the extension only shared anonymous pages were replaced: whoever repeated the fault until the page was exclusive would have looped for ever.',
  },
  {
    name: 'unshare-private-file',
    number: 'S18c',
    kind: 'sequential',
    title: 'The same on a page of a privately mapped file',
    swap: 'none',
    objects: ['obj 0 memfd 1'],
    steps: ['owrite 0 0 5', 'mmap 0 0 1 w p o0', 'read 0 0 0', 'fault 0 0 0 unshare', 'read 0 0 0'],
    verdict: all((steps) => state(steps), reads('the process', 'read')),
    expected: ({ patched }) =>
      `the page is ${patched.unshareAnyCow ? 'anonymous' : 'of the file'}, read-only, clean; the process reads 0x5`,
    source: `${series}: 8d6a0ac09a16`,
    why: 'The copy is exclusive from the start, and stays read-only and clean: nobody has written.',
  },
];
