import { all, by, cost, costs, lastEntry, lastStep, reads } from './facts.js';
import type { Scenario } from './scenario.js';
import { resultWords } from './step-words.js';

/** O_DIRECT and io_uring: what a release does otherwise than the one before. */
export const pinningCallScenarios: readonly Scenario[] = [
  {
    name: 'odirect-write-shared',
    number: 'R20',
    kind: 'sequential',
    title: 'A page that a child shares is written to a disk by O_DIRECT: is it copied first?',
    swap: 'none',
    steps: ['mmap 0 0 1 w p anon', 'write 0 0 0 1', 'fork 0 1', 'odwrite 0 0 0', 'read 1 0 0'],
    verdict: all(costs('writing to disk', 'odwrite'), reads('the child', 'read')),
    expected: ({ patched }) =>
      `${cost('writing to disk', patched.odirectPins ? 1 : 0, 0)}; the child reads 0x1`,
    source: 'a7e689dd1c06; the recorded 6.1 and 6.5 kernels',
    why: 'It is FOLL_PIN since, and a pin of an anonymous page is of one that is exclusive.',
  },
  {
    name: 'iouring-zero',
    number: 'R21',
    kind: 'sequential',
    title: 'A private mapping of /dev/zero is registered as a buffer of io_uring',
    swap: 'none',
    steps: ['mmap 0 0 1 w p zero', 'ioreg 0 0 0 1 0'],
    verdict: (steps) => `registering ${resultWords(lastStep(steps, 'ioreg')) || 'succeeds'}`,
    expected: by('gupChecksFiles', 'registering succeeds', 'registering fails with EOPNOTSUPP'),
    source: '34ed8d0dcd69; the recorded 6.1 and 6.5 kernels',
    why: 'io_uring looked whether the mapping has a file; GUP asks what is mapped, and that is anonymous memory.',
  },
  {
    name: 'iouring-clean-shared',
    number: 'R22',
    kind: 'sequential',
    title: 'Of two pages of shared memory, the second of which was read, both are registered with io_uring',
    swap: 'none',
    objects: ['obj 0 memfd 2'],
    steps: ['mmap 0 0 2 w s o0', 'read 0 0 1', 'ioreg 0 0 0 2 0'],
    verdict: (steps) =>
      `the second page is ${lastEntry(steps, 0, 0, 1).flags?.includes('d') ? 'dirty' : 'clean'}`,
    expected: by('ioPinsFast', 'the second page is dirty', 'the second page is clean'),
    source: 'the recorded 6.1 and 6.12 kernels',
    why: 'GUP-fast stops at the first page, and what it hands over is looked up with FOLL_TOUCH, which dirties.',
  },
];
