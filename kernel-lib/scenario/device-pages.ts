import { archById } from '../arch/variants.js';
import { supportsDevicePrivate } from '../sys/device-memory.js';
import { ENOSYS } from '../base/errno.js';
import { all, lastEntry, lastStep, reads } from './facts.js';
import type { Scenario } from './scenario.js';
import type { StepReport } from './step-report.js';
import { resultWords } from './step-words.js';

type Verdict = Scenario['verdict'];

/** What stands for the page after a step: the kind of its entry, and whether it may be written. */
function entryAfter(what: string, step: string, process = 0): Verdict {
  return (steps) => {
    const { text } = lastEntry(steps.slice(0, steps.indexOf(lastStep(steps, step)) + 1), process);
    return `${what} ${/device-[a-z]+ \w+, [a-z]+|present/.exec(text)?.[0] ?? text}`;
  };
}

function took(step: string): Verdict {
  return (steps: readonly StepReport[]) => {
    const { ret, err } = lastStep(steps, step);
    return err === 0 ? `${ret} moved` : resultWords(lastStep(steps, step));
  };
}

/** What a kernel that moves no pages answers to a driver. */
const NO_DEVICE = 'no device can have the page';

/** A scenario of a page that a device has, where the kernel gives it any. */
function device(scenario: Omit<Scenario, 'kind' | 'swap' | 'source'>): Scenario {
  return {
    kind: 'sequential',
    swap: 'none',
    devicePages: 8,
    source: 'do_swap_page(), copy_nonpresent_pte(), zap_pte_range() and change_pte_range() of v6.1 and v6.2',
    ...scenario,
    verdict: (steps) =>
      steps.some(({ op, err }) => op.startsWith('dev') && err === ENOSYS)
        ? NO_DEVICE
        : scenario.verdict(steps),
    expected: (kernel) =>
      supportsDevicePrivate(archById(kernel.arch)) ? scenario.expected(kernel) : NO_DEVICE,
  };
}

const written = ['mmap 0 0 1 w p anon', 'write 0 0 0 5'];

/** Pages that a device has: in its own memory, or in the machine's for itself alone. */
export const devicePageScenarios: readonly Scenario[] = [
  device({
    name: 'device-private-fault',
    number: 'M37',
    title: 'A page is in a device’s own memory, and the CPU writes to it',
    steps: [...written, 'devmigrate 0 0 0 1', 'write 0 0 0 6', 'read 0 0 0'],
    verdict: all(
      took('devmigrate'),
      entryAfter('then', 'devmigrate'),
      entryAfter('then', 'write 0 0 0 6'),
      reads('the process', 'read'),
    ),
    expected: () => '1 moved; then device-private memory, writable; then present; the process reads 0x6',
    why: 'The fault finds no swap slot but the device’s page, and has the driver bring it back.',
  }),
  device({
    name: 'device-private-fork',
    number: 'M38',
    title: 'A process forks while its page is in a device’s memory; the child writes, then the parent reads',
    steps: [...written, 'devmigrate 0 0 0 1', 'fork 0 1', 'write 1 0 0 6', 'read 0 0 0'],
    verdict: all(entryAfter('the device’s page is', 'devmigrate'), reads('the parent', 'read')),
    expected: () => 'the device’s page is device-private memory, writable; the parent reads 0x5',
    why: 'fork shares the device’s page, read-only for both; the child’s store brings it back, then copies it.',
  }),
  device({
    name: 'device-private-mprotect',
    number: 'M39',
    title: 'Memory whose page is in a device is made read-only',
    steps: [...written, 'devmigrate 0 0 0 1', 'mprotect 0 0 0 1 r', 'read 0 0 0'],
    verdict: all(entryAfter('the entry is', 'mprotect'), reads('the process', 'read')),
    expected: () => 'the entry is device-private memory, readable; the process reads 0x5',
    why: 'The entry remembers what may be done with the page once it is back.',
  }),
  device({
    name: 'device-exclusive-fault',
    number: 'M40',
    title: 'A device uses a page alone, and the CPU reads it',
    steps: [...written, 'devexclusive 0 0 0', 'read 0 0 0'],
    verdict: all(entryAfter('the entry is', 'devexclusive'), reads('the process', 'read'), (steps) =>
      lastEntry(steps.slice(0, 2), 0).frame === lastEntry(steps, 0).frame ? 'the same page' : 'another page',
    ),
    expected: () => 'the entry is device-exclusive access, writable; the process reads 0x5; the same page',
    why: 'The page never moved; the fault makes the entry present again, with the reference that it had.',
  }),
  device({
    name: 'device-exclusive-fork',
    number: 'M41',
    title: 'A process forks while a device uses its page alone',
    steps: [...written, 'devexclusive 0 0 0', 'fork 0 1', 'mincore 0 0 0', 'write 1 0 0 6', 'read 0 0 0'],
    verdict: all(entryAfter('the parent’s entry is', 'mincore'), reads('the parent', 'read')),
    expected: () => 'the parent’s entry is present; the parent reads 0x5',
    why: 'Such entries are never copied: fork takes the page back from the device first.',
  }),
  device({
    name: 'device-private-dontneed',
    number: 'M42',
    title: 'A process gives up a page that is in a device’s memory, and another page takes its place there',
    devicePages: 1,
    steps: [
      ...[...written, 'devmigrate 0 0 0 1', 'madvise 0 0 0 1 DONTNEED', 'read 0 0 0'],
      ...['write 0 0 0 7', 'devmigrate 0 0 0 1'],
    ],
    verdict: all(reads('the process', 'read'), took('devmigrate')),
    expected: () => 'the process reads 0x0; 1 moved',
    why: 'The zap drops the mapping and the reference of the device’s page, which is free with that.',
  }),
];
