import { expect, test } from 'vitest';
import { InputError } from '../../kernel-lib/base/error.js';
import { benchMachine } from '../../kernel-lib/bench/bench-machine.js';
import { benchOperations, plannedRuns, runOperations } from '../../kernel-lib/bench/run-operations.js';

test.each(benchOperations.map((operation) => [operation.name, operation] as const))(
  '%s does as many as it is asked for',
  (_, operation) => {
    const run = operation.prepare(96);
    expect(run.done()).not.toBe(96);
    run.run();
    expect(run.done()).toBe(96);
  },
);

test('a resident anonymous page takes a frame and an entry, and little more', () => {
  const [row] = [...runOperations({ operations: ['anon-write'], sizes: [4096], rounds: 1 })];
  expect(row!.bytesPerPage).toBeGreaterThanOrEqual(40);
  expect(row!.bytesPerPage).toBeLessThanOrEqual(44);
});

test('a plan leaves out sizes beyond those at which an operation makes sense', () => {
  const sizes = [2 ** 16, 2 ** 22];
  const runs = plannedRuns({ operations: ['anon-write', 'swap-in'], sizes, rounds: 1 });
  expect(runs.map(({ operation, size }) => [operation.name, size])).toEqual([
    ['anon-write', 2 ** 16],
    ['anon-write', 2 ** 22],
    ['swap-in', 2 ** 16],
  ]);
});

test('at 2^28 pages, an operation gets as many as a machine of 1 TiB has beside what it needs itself', () => {
  const [run] = plannedRuns({ operations: ['anon-write', 'cow'], sizes: [2 ** 28], rounds: 1 });
  expect(run).toMatchObject({ operation: { name: 'anon-write' }, size: 2 ** 28 - 2 ** 12 });
  expect(benchMachine(run!.size).linux.machine.nrFrames).toBe(2 ** 28);
});

test('an unknown operation is refused with the names of those that there are', () => {
  const plan = { operations: ['defrag'], sizes: [16], rounds: 1 };
  expect(() => [...runOperations(plan)]).toThrow(InputError);
  expect(() => [...runOperations(plan)]).toThrow(/'defrag'; there are anon-write,/);
});
