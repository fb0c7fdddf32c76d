import { expect, test } from 'vitest';
import { type Linux, boot } from '../../kernel-lib/sys/boot.js';
import { AccessError, type Process } from '../../kernel-lib/sys/process.js';
import { showSmap } from '../../kernel-lib/walk/smaps.js';
import { vmaLookup } from '../../kernel-lib/vma/vma-list.js';

const PAGE = 4096;

/** A machine with one process and one file on the disk, page n of which holds n + 1; nothing is cached. */
function withFile(pages: number, release = '6.1') {
  const linux = boot({ release, checking: true, swap: '1MiB' });
  const file = linux.diskFile('data', { pages });
  for (let page = 0; page < pages; page++) file.write(page, (page + 1) % 256);
  linux.sync();
  linux.dropCaches();
  return { linux, file, user: linux.spawn('user') };
}

function faultsOf(user: Process, body: () => void): { min: number; maj: number } {
  const before = user.faults;
  body();
  return { min: user.faults.min - before.min, maj: user.faults.maj - before.maj };
}

function smaps(linux: Linux, user: Process, address: number): Record<string, number> {
  return showSmap(linux.machine, vmaLookup(linux.machine, user.mm, address)!);
}

test('what is written through a mapping is on the disk after fsync, after msync and after sync, and not before', () => {
  const { linux, file, user } = withFile(3);
  const at = user.mmap(3, { file });
  user.write(at, 100);
  user.write(at + PAGE, 101);
  user.write(at + 2 * PAGE, 102);
  expect([0, 1, 2].map((page) => file.content(page))).toEqual([1, 2, 3]);
  user.msync(at + PAGE);
  expect([0, 1, 2].map((page) => file.content(page))).toEqual([1, 101, 3]);
  file.fsync();
  expect([0, 1, 2].map((page) => file.content(page))).toEqual([100, 101, 102]);
  user.write(at, 103);
  linux.sync();
  expect(file.content(0)).toBe(103);
});

test('writeback makes entries clean and read-only, so that the next store faults once and dirties the page again', () => {
  const { file, user } = withFile(1);
  const at = user.mmap(1, { file });
  user.read(at);
  const store = (value: number) => faultsOf(user, () => user.write(at, value));
  expect(store(7)).toEqual({ min: 1, maj: 0 });
  expect(store(8)).toEqual({ min: 0, maj: 0 });
  expect(file.cached(0)).toMatchObject({ dirty: true, mapcount: 1 });
  file.fsync();
  expect(file.cached(0)).toMatchObject({ dirty: false, writeback: false, mapcount: 1 });
  expect(file.content(0)).toBe(8);
  expect(store(9)).toEqual({ min: 1, maj: 0 });
  expect(file.cached(0)!.dirty).toBe(true);
  expect(file.content(0)).toBe(8);
});

test('a page that is dirtied while it is written is dirty afterwards, and is written again', () => {
  const { linux, file, user } = withFile(1);
  const at = user.mmap(1, { file });
  user.write(at, 7);
  linux.disk.slow = true;
  linux.disk.writeback();
  expect(file.cached(0)).toMatchObject({ dirty: false, writeback: true });
  expect(file.content(0)).toBe(1);
  user.write(at, 8);
  expect(file.cached(0)).toMatchObject({ dirty: true, writeback: true });
  // The device reads the memory late: nobody promised it a page that stands still.
  linux.disk.complete();
  expect(file.cached(0)).toMatchObject({ dirty: true, writeback: false });
  expect(file.content(0)).toBe(8);
  linux.disk.slow = false;
  file.fsync();
  expect(file.cached(0)!.dirty).toBe(false);
});

test('where the device needs stable pages a store waits until the page is written', () => {
  const { linux, file, user } = withFile(1);
  file.stableWrites = true;
  const at = user.mmap(1, { file });
  user.write(at, 7);
  linux.disk.slow = true;
  linux.disk.writeback();
  user.write(at, 8);
  expect(file.cached(0)).toMatchObject({ dirty: true, writeback: false });
  expect(file.content(0)).toBe(7);
  file.write(0, 9);
  linux.disk.writeback();
  file.write(0, 10);
  expect(file.content(0)).toBe(9);
});

test('the first read of a file is a major fault, which brings and maps pages around it', () => {
  const { file, user } = withFile(64);
  const at = user.mmap(64, { file });
  expect(faultsOf(user, () => user.read(at + 20 * PAGE))).toEqual({ min: 0, maj: 1 });
  // Read around: 16 pages before, 16 behind. Fault-around: the 64 KiB block.
  const cached = Array.from({ length: 64 }, (_, page) => file.cached(page) !== undefined);
  expect([cached.indexOf(true), cached.lastIndexOf(true)]).toEqual([4, 35]);
  const mapped = Array.from({ length: 64 }, (_, page) => (file.cached(page)?.mapcount ?? 0) > 0);
  // Page 28 bears the mark at which the next window begins: it is not mapped ahead.
  expect(mapped.flatMap((is, page) => (is ? [page] : []))).toEqual([
    ...[16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 29, 30, 31],
  ]);
  expect(faultsOf(user, () => user.read(at + 16 * PAGE))).toEqual({ min: 0, maj: 0 });
  expect(faultsOf(user, () => user.read(at + 4 * PAGE))).toEqual({ min: 1, maj: 0 });
  // The mark drops the mmap lock to read on, and a fault that is retried counts as major.
  expect(faultsOf(user, () => user.read(at + 28 * PAGE))).toEqual({ min: 0, maj: 1 });
  expect(file.cached(36)).toBeDefined();
});

test('a random mapping reads nothing around; a sequential one reads ahead', () => {
  const { linux, file, user } = withFile(64);
  const at = user.mmap(64, { file });
  user.madvise(at, 'MADV_RANDOM', 64);
  expect(faultsOf(user, () => user.read(at + 20 * PAGE))).toEqual({ min: 0, maj: 1 });
  expect([19, 20, 21].map((page) => file.cached(page) !== undefined)).toEqual([false, true, false]);
  user.madvise(at, 'MADV_DONTNEED', 64);
  linux.dropCaches();
  user.madvise(at, 'MADV_SEQUENTIAL', 64);
  user.read(at);
  expect([0, 31, 32].map((page) => file.cached(page) !== undefined)).toEqual([true, true, false]);
});

test('read() reads four pages at first, and more each time that the reader comes to the mark', () => {
  const { file } = withFile(64);
  const lastCached = () =>
    Array.from({ length: 64 }, (_, page) => file.cached(page) !== undefined).lastIndexOf(true);
  expect(file.read(0)).toBe(1);
  expect(lastCached()).toBe(3);
  expect(file.read(1)).toBe(2);
  expect(lastCached()).toBe(11);
  for (let page = 2; page < 12; page++) file.read(page);
  expect(lastCached()).toBe(27);
});

test('an access behind the new end of a truncated file gets SIGBUS, and so does a private copy', () => {
  const { file, user } = withFile(4);
  const shared = user.mmap(4, { file });
  const own = user.mmap(4, { file, flags: 'private' });
  for (let page = 0; page < 4; page++) user.write(own + page * PAGE, 50);
  user.write(shared + 3 * PAGE, 60);
  file.truncate(2);
  expect(user.read(shared + PAGE)).toBe(2);
  expect(() => user.read(shared + 2 * PAGE)).toThrow(AccessError);
  expect(() => user.read(own + 3 * PAGE)).toThrow('SIGBUS');
  expect(user.read(own + PAGE)).toBe(50);
  file.truncate(4);
  expect(user.read(shared + 3 * PAGE)).toBe(0);
  expect(file.content(3)).toBe(0);
});

test('a truncation within a page leaves its first byte, and what lies behind the end never comes back', () => {
  const { linux, file } = withFile(2);
  file.truncate(1.5);
  expect(file.pages).toBe(2);
  expect(file.read(1)).toBe(2);
  linux.sync();
  expect(file.content(1)).toBe(2);
});

test('a hole reads as zeros through every mapping but private copies', () => {
  const { linux, file, user } = withFile(3);
  const shared = user.mmap(3, { file });
  const own = user.mmap(3, { file, flags: 'private' });
  user.read(shared + PAGE);
  user.write(own + PAGE, 50);
  user.madvise(shared + PAGE, 'MADV_REMOVE');
  expect([0, 1, 2].map((page) => user.read(shared + page * PAGE))).toEqual([1, 0, 3]);
  expect(user.read(own + PAGE)).toBe(50);
  linux.dropCaches();
  expect(file.content(1)).toBe(0);
});

test('a private mapping writes to copies of its own, and the file never hears of it', () => {
  const { linux, file, user } = withFile(2);
  const own = user.mmap(2, { file, flags: 'private' });
  user.read(own);
  user.write(own, 50);
  user.write(own + PAGE, 51);
  const child = user.fork('child');
  child.write(own, 52);
  linux.sync();
  expect([file.content(0), file.content(1)]).toEqual([1, 2]);
  expect([user.read(own), child.read(own), child.read(own + PAGE)]).toEqual([50, 52, 51]);
  user.madvise(own, 'MADV_DONTNEED');
  expect(user.read(own)).toBe(1);
});

test('reclaim drops clean pages, which are read from the disk again, and has dirty ones written first', () => {
  const { linux, file, user } = withFile(8);
  const at = user.mmap(8, { file });
  for (let page = 0; page < 8; page++) user.read(at + page * PAGE);
  user.madvise(at, 'MADV_PAGEOUT', 8);
  expect(Array.from({ length: 8 }, (_, page) => file.cached(page))).toEqual(Array(8).fill(undefined));
  expect(faultsOf(user, () => user.read(at))).toEqual({ min: 0, maj: 1 });
  user.write(at, 70);
  user.madvise(at, 'MADV_PAGEOUT');
  expect(file.cached(0)).toMatchObject({ dirty: true, mapcount: 0 });
  expect(file.content(0)).toBe(1);
  linux.disk.writeback();
  expect(file.content(0)).toBe(70);
  linux.reclaim(100);
  expect(file.cached(0)).toBeUndefined();
  expect(user.read(at)).toBe(70);
});

test('under memory pressure the flusher writes what reclaim finds dirty, and nothing is lost', () => {
  const { linux, file, user } = withFile(32);
  const at = user.mmap(32, { file });
  for (let page = 0; page < 32; page++) user.write(at + page * PAGE, 100 + page);
  expect(linux.reclaim(32)).toBeGreaterThan(0);
  linux.reclaim(32);
  for (let page = 0; page < 32; page++) expect(file.content(page)).toBe(100 + page);
  for (let page = 0; page < 32; page++) expect(user.read(at + page * PAGE)).toBe(100 + page);
});

test('mincore tells what is in memory, whoever read it', () => {
  const { file, user } = withFile(4);
  const at = user.mmap(4, { file });
  expect(user.mincore(at, 4)).toEqual([false, false, false, false]);
  user.madvise(at + PAGE, 'MADV_WILLNEED', 2);
  expect(user.mincore(at, 4)).toEqual([false, true, true, false]);
  expect(faultsOf(user, () => user.read(at + PAGE))).toEqual({ min: 1, maj: 0 });
  expect(file.cached(3)).toBeUndefined();
});

test('smaps tells clean from dirty and shared from private, also while only the page knows that it is dirty', () => {
  const { linux, file, user } = withFile(2);
  const at = user.mmap(2, { file });
  user.read(at);
  user.write(at + PAGE, 9);
  expect(smaps(linux, user, at)).toMatchObject({ Rss: 8, Private_Clean: 4, Private_Dirty: 4 });
  const other = linux.spawn('other');
  const there = other.mmap(2, { file });
  other.read(there);
  expect(smaps(linux, user, at)).toMatchObject({ Shared_Clean: 4, Shared_Dirty: 4 });
  file.fsync();
  expect(smaps(linux, user, at)).toMatchObject({ Shared_Clean: 8, Shared_Dirty: 0 });
  file.write(0, 3);
  expect(smaps(linux, other, there)).toMatchObject({ Shared_Clean: 4, Shared_Dirty: 4 });
});

test('O_DIRECT passes the page cache by: what is cached is written before, and dropped', () => {
  const { file, user } = withFile(2);
  const at = user.mmap(2, { file });
  const buffer = user.mmap(1);
  user.write(at, 40);
  user.readDirect(file, 0, buffer);
  expect(user.read(buffer)).toBe(40);
  expect(file.content(0)).toBe(40);
  user.write(buffer, 41);
  user.writeDirect(file, 0, buffer);
  expect(file.content(0)).toBe(41);
  expect(file.cached(0)).toBeUndefined();
  expect(user.read(at)).toBe(41);
});

test('the dirty bit of an entry goes to the page when a process exits, and the disk gets the data', () => {
  const { linux, file, user } = withFile(1);
  const at = user.mmap(1, { file });
  user.write(at, 5);
  user.exit();
  expect(file.cached(0)).toMatchObject({ dirty: true, mapcount: 0 });
  linux.sync();
  expect(file.content(0)).toBe(5);
});

test('bad input is told in one line', () => {
  const { linux, file, user } = withFile(1);
  expect(() => linux.diskFile('x', { pages: -1 })).toThrow(
    'diskFile: pages is -1; allowed: a whole number from 0',
  );
  expect(() => user.mmap(1, { file, flags: 'private anon' })).toThrow('allowed: shared, private');
  expect(() => file.write(0, 256)).toThrow('a byte');
  expect(() => file.content(-1)).toThrow('data: page is -1');
  expect(() => file.read(7)).toThrow('data: read fails with EINVAL');
});
