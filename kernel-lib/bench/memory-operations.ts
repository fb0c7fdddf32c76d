import {
  type BenchMachine,
  benchMachine,
  countHolding,
  countWritable,
  readAll,
  touchedBytes,
  writeAll,
} from './bench-machine.js';
import type { BenchOperation, BenchRun } from './operation.js';

/** Faults of a process that `run` causes, as the kernel charges them. */
function faulting({ process }: BenchMachine, run: () => void, of = process): BenchRun {
  const before = of.faults;
  return { run, done: () => of.faults.min + of.faults.maj - before.min - before.maj };
}

/** Pages of the process that are resident after `run`, or those that no longer are. */
function resident({ process }: BenchMachine, run: () => void): BenchRun {
  const before = process.mm.rssAnon;
  return { run, done: () => Math.abs(process.mm.rssAnon - before) };
}

function written(pages: number, options?: Parameters<typeof benchMachine>[1]): BenchMachine {
  const machine = benchMachine(pages, options);
  writeAll(machine, machine.process, 1);
  return machine;
}

/** What a process does to its memory, through the calls that a notebook makes. Every page is touched once, in order. */
export const memoryOperations: readonly BenchOperation[] = [
  {
    name: 'anon-write',
    title: 'anonymous first write',
    unit: 'pages',
    prepare(pages) {
      const machine = benchMachine(pages);
      const { machine: k } = machine.linux;
      const before = touchedBytes(k);
      return {
        ...faulting(machine, () => writeAll(machine, machine.process, 1)),
        bytesPerPage: () => (touchedBytes(k) - before) / machine.process.mm.rssAnon,
      };
    },
  },
  {
    name: 'anon-write-traced',
    title: 'anonymous first write, faults noted',
    unit: 'pages',
    most: 2 ** 20,
    prepare(pages) {
      const machine = benchMachine(pages, { traced: true });
      return { run: () => writeAll(machine, machine.process, 1), done: () => machine.linux.events.length };
    },
  },
  {
    name: 'zero-read',
    title: 'zero-page read fault',
    unit: 'pages',
    prepare(pages) {
      const machine = benchMachine(pages);
      return faulting(machine, () => readAll(machine));
    },
  },
  {
    name: 'hit',
    title: 'store that hits',
    unit: 'operations',
    prepare(pages) {
      const machine = written(pages);
      return {
        run: () => writeAll(machine, machine.process, 2),
        // Every store leaves its byte behind, and none faults: the faults are those that made the pages.
        done: () => (machine.process.faults.min === pages ? countHolding(machine, 2) : 0),
      };
    },
  },
  {
    name: 'fork',
    title: 'fork',
    unit: 'pages',
    prepare(pages) {
      const machine = written(pages);
      let copied = 0;
      return {
        run: () => void (copied = machine.process.fork('child').mm.rssAnon),
        done: () => copied,
      };
    },
  },
  {
    name: 'cow',
    title: 'COW after fork (copy)',
    unit: 'pages',
    // Every page is there twice.
    most: 2 ** 26,
    prepare(pages) {
      const machine = written(pages, { copies: 2 });
      machine.process.fork('child');
      return faulting(machine, () => writeAll(machine, machine.process, 2));
    },
  },
  {
    name: 'reuse',
    title: 'write-protect fault, reuse',
    unit: 'pages',
    prepare(pages) {
      const machine = written(pages);
      machine.process.fork('child').exit();
      return faulting(machine, () => writeAll(machine, machine.process, 2));
    },
  },
  {
    name: 'zap',
    title: 'MADV_DONTNEED',
    unit: 'pages',
    prepare(pages) {
      const machine = written(pages);
      return resident(machine, () => machine.process.madvise(machine.base, 'MADV_DONTNEED', pages));
    },
  },
  {
    name: 'munmap',
    title: 'munmap',
    unit: 'pages',
    prepare(pages) {
      const machine = written(pages);
      return resident(machine, () => machine.process.munmap(machine.base, pages));
    },
  },
  {
    name: 'exit',
    title: 'exit of a process that was forked',
    unit: 'pages',
    prepare(pages) {
      const machine = written(pages);
      const child = machine.process.fork('child');
      const copied = child.mm.rssAnon;
      return { run: () => child.exit(), done: () => (child.alive ? 0 : copied) };
    },
  },
  {
    name: 'mprotect',
    title: 'mprotect, to read-only',
    unit: 'pages',
    prepare(pages) {
      const machine = written(pages);
      return {
        run: () => machine.process.mprotect(machine.base, pages, 'r'),
        done: () => pages - countWritable(machine),
      };
    },
  },
  {
    name: 'mprotect-back',
    title: 'mprotect, to writable again',
    unit: 'pages',
    prepare(pages) {
      const machine = written(pages);
      machine.process.mprotect(machine.base, pages, 'r');
      return {
        run: () => machine.process.mprotect(machine.base, pages, 'rw'),
        done: () => countWritable(machine),
      };
    },
  },
  {
    name: 'swap-out',
    title: 'MADV_PAGEOUT to swap',
    unit: 'pages',
    most: 2 ** 20,
    prepare(pages) {
      const machine = written(pages, { swap: true });
      return resident(machine, () => machine.process.madvise(machine.base, 'MADV_PAGEOUT', pages));
    },
  },
  {
    name: 'swap-in',
    title: 'read fault, from swap',
    unit: 'pages',
    most: 2 ** 20,
    prepare(pages) {
      const machine = written(pages, { swap: true });
      machine.process.madvise(machine.base, 'MADV_PAGEOUT', pages);
      return faulting(machine, () => readAll(machine));
    },
  },
  {
    name: 'uffd-wp',
    title: 'write fault that a userfaultfd monitor resolves',
    unit: 'pages',
    most: 2 ** 20,
    prepare(pages) {
      const machine = written(pages);
      const { process, base } = machine;
      const uffd = process.userfaultfd();
      uffd.register(base, pages, 'wp');
      uffd.writeprotect(base, pages);
      return { run: () => writeAll(machine, process, 2), done: () => countWritable(machine) };
    },
  },
];
