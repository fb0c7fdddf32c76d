import fc from 'fast-check';
import { expect, test } from 'vitest';
import { boot } from '../../kernel-lib/sys/boot.js';
import type { Process } from '../../kernel-lib/sys/process.js';

const PAGE = 4096;
const PAGES = 6;

const numRuns = process.env.FAULTBOOK_SLOW ? 1000 : 40;

const page = fc.nat(PAGES - 1);
const value = fc.integer({ min: 1, max: 255 });
const who = fc.nat(1);

/** What may happen to a file, and to a shared mapping of it in each of two processes. */
const step = fc.oneof(
  fc.record({ do: fc.constant('store' as const), who, page, value }),
  fc.record({ do: fc.constant('load' as const), who, page }),
  fc.record({ do: fc.constantFrom('write' as const, 'writeDirect' as const), who, page, value }),
  fc.record({ do: fc.constantFrom('read' as const, 'readDirect' as const, 'punch' as const), who, page }),
  fc.record({ do: fc.constantFrom('pageout' as const, 'dontneed' as const, 'msync' as const), who, page }),
  fc.record({ do: fc.constantFrom('dropCaches' as const, 'reclaim' as const, 'flush' as const), who, page }),
  fc.record({ do: fc.constantFrom('fsync' as const, 'slow' as const, 'fast' as const), who, page }),
);
type Step = { do: string; who: number; page: number; value?: number };

function play(steps: readonly Step[], stableWrites: boolean): void {
  const linux = boot({ release: '6.1', checking: true, memory: '4MiB' });
  const file = linux.diskFile('data', { pages: PAGES });
  file.stableWrites = stableWrites;
  const users = [linux.spawn('a'), linux.spawn('b')].map((user) => ({
    user,
    at: user.mmap(PAGES, { file }),
    buffer: user.mmap(1),
  }));
  const expected = new Array<number>(PAGES).fill(0);
  const calls: Record<string, (user: Process, at: number, buffer: number, n: number, v: number) => void> = {
    store: (user, at, _, n, v) => user.write(at + n * PAGE, (expected[n] = v)),
    load: (user, at, _, n) => expect(user.read(at + n * PAGE)).toBe(expected[n]),
    write: (_user, _at, _buffer, n, v) => file.write(n, (expected[n] = v)),
    read: (_user, _at, _buffer, n) => expect(file.read(n)).toBe(expected[n]),
    writeDirect: (user, _, buffer, n, v) => {
      user.write(buffer, (expected[n] = v));
      user.writeDirect(file, n, buffer);
      expect(file.content(n)).toBe(v);
    },
    readDirect: (user, _, buffer, n) => {
      user.readDirect(file, n, buffer);
      expect(user.read(buffer)).toBe(expected[n]);
    },
    punch: (_user, _at, _buffer, n) => {
      file.punchHole(n);
      expected[n] = 0;
    },
    pageout: (user, at, _, n) => user.madvise(at + n * PAGE, 'MADV_PAGEOUT'),
    dontneed: (user, at, _, n) => user.madvise(at + n * PAGE, 'MADV_DONTNEED'),
    msync: (user, at, _, n) => {
      user.msync(at + n * PAGE);
      expect(file.content(n)).toBe(expected[n]);
    },
    fsync: () => {
      file.fsync();
      expect(expected.map((_, n) => file.content(n))).toEqual(expected);
    },
    dropCaches: () => linux.dropCaches(),
    reclaim: () => linux.reclaim(PAGES),
    flush: () => linux.disk.writeback(),
    slow: () => void (linux.disk.slow = true),
    fast: () => void (linux.disk.slow = false),
  };
  for (const { do: name, who, page, value = 0 } of steps) {
    const { user, at, buffer } = users[who]!;
    calls[name]!(user, at, buffer, page, value);
  }
  linux.sync();
  expect(expected.map((_, n) => file.content(n))).toEqual(expected);
  for (const { user } of users) user.exit();
  linux.dropCaches();
  expect(expected.map((_, n) => file.cached(n))).toEqual(expected.map(() => undefined));
  expect(expected.map((_, n) => file.read(n))).toEqual(expected);
}

test('memory, file and disk agree with a plain array, whatever is mapped, written, reclaimed and dropped', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.boolean(), (steps, stable) => play(steps, stable)),
    { numRuns, seed: 7 },
  );
});
