import { expect, test } from 'vitest';
import type { Mapping, Page, Snapshot } from '../../kernel-lib/trace/driver.js';
import { Naming } from '../../kernel-lib/trace/naming.js';

const frame = (frame: number | 'Z'): Page => ({ kind: 'present', bits: 'P', frame, flags: '', count: 1 });
const entry = (entry: number): Page => ({ kind: 'swap', bits: 'S', entry });
const none: Page = { kind: 'none', bits: '' };

/** A snapshot with one mapping per process, at a region of its own. */
function snapshot(...processes: (readonly [process: number, region: number, ...pages: Page[]])[]): Snapshot {
  const mapped = processes.map(([process, region, ...pages]): [number, Mapping[]] => [
    process,
    [{ region, index: 0, nrPages: pages.length, perms: '', pgoff: 0, flags: [], smaps: {}, pages }],
  ]);
  return { processes: new Map(mapped), objects: [] };
}

test('frames and swap entries are numbered apart, in order of process and address', () => {
  const naming = new Naming();
  const { frames, entries } = naming.next(
    snapshot([1, 0, frame(5)], [0, 3, frame(900), entry(7), frame(80)]),
    'mmap',
  );
  expect([...frames]).toEqual([
    [900, 1],
    [80, 2],
    [5, 3],
  ]);
  expect([...entries]).toEqual([[7, 1]]);
});

test('the zero page has no number', () => {
  expect([...new Naming().next(snapshot([0, 0, frame('Z'), none]), 'read').frames]).toEqual([]);
});

test('a frame keeps its number while any address refers to it in both snapshots', () => {
  const naming = new Naming();
  naming.next(snapshot([0, 0, frame(5)], [1, 0, frame(5)]), 'fork');
  expect(naming.next(snapshot([0, 0, frame(6)], [1, 0, frame(5)]), 'write').frames.get(5)).toBe(1);
  expect(naming.next(snapshot([1, 0, frame(5)]), 'exit').frames.get(5)).toBe(1);
});

test('a frame that was out of sight comes back under a new number', () => {
  const naming = new Naming();
  naming.next(snapshot([0, 0, frame(5)]), 'write');
  naming.next(snapshot([0, 0, entry(9)]), 'madvise');
  expect(naming.next(snapshot([0, 0, frame(5)]), 'read').frames.get(5)).toBe(2);
});

test('a frame that is mapped elsewhere gets a new number, except after mremap and UFFDIO_MOVE', () => {
  for (const [operation, number] of [
    ['mmap', 2],
    ['mremap', 1],
    ['pmove', 1],
    ['umove', 1],
  ] as const) {
    const naming = new Naming();
    naming.next(snapshot([0, 0, frame(5)]), 'write');
    expect(naming.next(snapshot([0, 4, frame(5)]), operation).frames.get(5)).toBe(number);
  }
});

test('numbers are never given twice', () => {
  const naming = new Naming();
  naming.next(snapshot([0, 0, frame(5), frame(6)]), 'write');
  naming.next(snapshot([0, 0, none, none]), 'madvise');
  expect([...naming.next(snapshot([0, 0, frame(7), frame(5)]), 'write').frames.values()]).toEqual([3, 4]);
});
