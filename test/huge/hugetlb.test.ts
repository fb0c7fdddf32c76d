import { expect, test } from 'vitest';
import { EINVAL, ENOMEM } from '../../kernel-lib/base/errno.js';
import { setMaxHugePages } from '../../kernel-lib/huge/hugetlb.js';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../../kernel-lib/mmap/flags.js';
import { hugetlbFileSetup } from '../../kernel-lib/pagecache/hugetlb-file.js';
import { pmdAt } from '../../kernel-lib/pgtable/pmd.js';
import { ptePfn, ptePresent } from '../../kernel-lib/pgtable/pte.js';
import { run } from '../../kernel-lib/step/step.js';
import { exitTask } from '../../kernel-lib/sys/task.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import {
  UFFD_FEATURE_EVENT_FORK,
  UFFD_FEATURE_PAGEFAULT_FLAG_WP,
  UFFD_FEATURE_WP_HUGETLBFS_SHMEM,
  UserfaultfdCtx,
} from '../../kernel-lib/uffd/ctx.js';
import { markerOf } from '../../kernel-lib/uffd/markers.js';
import { userfaultfdCtxRead } from '../../kernel-lib/uffd/message.js';
import { newUserfaultfd } from '../../kernel-lib/uffdio/api.js';
import { UFFDIO_REGISTER_MODE_WP, userfaultfdRegister } from '../../kernel-lib/uffdio/register.js';
import { userfaultfdWriteprotect } from '../../kernel-lib/uffdio/writeprotect.js';
import { hugetlbfsPunchHole, hugetlbfsSetattr } from '../../kernel-lib/zap/truncate-hugetlb.js';
import { AddressSpace, type File, fput } from '../../kernel-lib/vma/file.js';
import { pagemapRead } from '../../kernel-lib/walk/pagemap.js';
import { showSmap } from '../../kernel-lib/walk/smaps.js';
import { usage } from '../../kernel-lib/walk/usage.js';
import { flushDelayedFput } from '../../kernel-lib/zap/delayed-fput.js';
import { Layout } from '../mmap/layout.js';

/** Small pages in a huge one. */
const H = 512;

function machine(nrHugePages: number, release = '6.1', patches: readonly string[] = []) {
  const linux = boot({ release, memory: '64MiB', with: patches });
  const p = new Layout('', linux.spawn('p'), linux.machine);
  setMaxHugePages(p.k, nrHugePages);
  return { p, file: (nrPages: number): File => hugetlbFileSetup(p.k, nrPages) };
}

const pool = ({ k }: Layout) => [k.globals.freeHugePages, k.globals.resvHugePages];
const entry = (p: Layout, page: number) => pmdAt(p.k, p.process.mm.pgd, p.address(page));
const frame = (p: Layout, page: number) => ptePfn(p.k, entry(p, page));
const hugetlb = (p: Layout, page: number) => {
  const { Rss, Shared_Hugetlb, Private_Hugetlb } = showSmap(p.k, p.vma(page));
  return [Rss, Shared_Hugetlb, Private_Hugetlb];
};

test('a mapping reserves its pages at once, and gives back what it has not used', () => {
  const { p, file } = machine(3);
  expect(p.mmap(0, 2 * H, 'rw', file(2))).toBe(0);
  expect(pool(p)).toEqual([3, 2]);
  expect(p.mmap(4 * H, 6 * H, 'rw', file(2))).toBe(-ENOMEM);
  p.write(1, 7);
  expect(pool(p)).toEqual([2, 1]);
  p.munmap(0, 2 * H);
  expect(pool(p)).toEqual([3, 0]);
});

test('shared mappings of one object reserve each page once, and the object keeps it', () => {
  const { p, file } = machine(3);
  const object = file(2);
  p.mmap(0, 2 * H, 'rw', object, true);
  p.mmap(4 * H, 6 * H, 'rw', object, true);
  expect(pool(p)).toEqual([3, 2]);
  p.write(3, 7);
  expect(p.read(4 * H + 3)).toBe(7);
  p.munmap(0, 2 * H);
  expect([pool(p), p.read(4 * H + 3)]).toEqual([[2, 1], 7]);
});

test('one fault brings a whole huge page, which counts to hugetlb and not as resident', () => {
  const { p, file } = machine(1);
  p.mmap(0, H, 'rw', file(1));
  p.write(0, 7);
  const { min } = p.process.faults;
  p.write(H - 1, 8);
  expect([p.read(0), p.read(H - 1), p.process.faults.min]).toEqual([7, 8, min]);
  expect(hugetlb(p, 0)).toEqual([0, 0, 2048]);
  const [entry] = run(pagemapRead(p.k, p.process.mm, p.address(H - 1), p.address(H), true));
  expect(entry).toBe((1n << 63n) | (1n << 56n) | (1n << 55n) | BigInt(frame(p, 0) + H - 1));
});

test('after fork who writes first gets a copy of the huge page', () => {
  const { p, file } = machine(2);
  p.mmap(0, H, 'rw', file(1));
  p.write(5, 7);
  const child = p.fork();
  expect([frame(p, 0) === frame(child, 0), hugetlb(p, 0)]).toEqual([true, [0, 2048, 0]]);
  child.write(5, 8);
  expect([p.read(5), child.read(5)]).toEqual([7, 8]);
  const before = frame(p, 0);
  p.write(6, 9);
  expect([frame(p, 0), p.read(5), child.read(6)]).toEqual([before, 7, 0]);
});

test('a child has no reservation: without a free page its write gets SIGBUS', () => {
  const { p, file } = machine(1);
  p.mmap(0, H, 'rw', file(1));
  p.write(0, 7);
  const child = p.fork();
  expect(() => child.write(0, 8)).toThrow(/SIGBUS/);
  expect(child.read(0)).toBe(7);
});

const RESTORES = 'df7a6d1f6405';

test('a private huge page that is given up stays reserved for its mapping since v6.9, and once only', () => {
  for (const [patches, after] of [
    [[], [2, 0]],
    [[RESTORES], [2, 1]],
  ] as const) {
    const { p, file } = machine(2, '6.1', patches);
    p.mmap(0, H, 'rw', file(1));
    p.write(0, 7);
    expect(pool(p)).toEqual([1, 0]);
    p.madvise(0, H, 'MADV_DONTNEED');
    expect(pool(p)).toEqual(after);
    p.munmap(0, H);
    expect(pool(p)).toEqual([2, 0]);
  }
});

test('a huge page that a child still maps gives no reservation back', () => {
  const { p, file } = machine(2, '6.1', [RESTORES]);
  p.mmap(0, H, 'rw', file(1));
  p.write(0, 7);
  const child = p.fork();
  p.madvise(0, H, 'MADV_DONTNEED');
  expect(pool(p)).toEqual([1, 0]);
  run(exitTask(p.k, child.process.task));
  expect(pool(p)).toEqual([2, 0]);
});

test('when all is over the pool is full and nothing is reserved', () => {
  const { p, file } = machine(3);
  const { frames } = usage(p.k);
  const files = [file(1), file(1)];
  p.mmap(0, H, 'rw', files[0], true);
  p.mmap(H, 2 * H, 'rw', files[1]);
  for (const page of [0, H]) p.write(page, 7);
  const child = p.fork();
  child.write(H, 8);
  for (const process of [child, p]) run(exitTask(p.k, process.process.task));
  for (const { at } of files) fput(p.k, at);
  run(flushDelayedFput(p.k));
  expect([pool(p), usage(p.k).frames]).toEqual([[3, 0], frames]);
});

test('huge pages are not parted', () => {
  const { p, file } = machine(2);
  p.mmap(0, 2 * H, 'rw', file(2));
  p.write(0, 7);
  expect([p.munmap(0, 1), p.mprotect(0, 3, 'r'), p.madvise(1, H, 'MADV_DONTNEED')]).toEqual([
    -EINVAL,
    -EINVAL,
    -EINVAL,
  ]);
  expect([p.munmap(H, 2 * H), pool(p), p.read(0)]).toEqual([0, [1, 0], 7]);
});

function watched(p: Layout, features = 0): UserfaultfdCtx {
  const wp = UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
  const ctx = newUserfaultfd(p.k, p.process.mm, wp | features) as UserfaultfdCtx;
  const len = H * p.k.pageSize;
  expect(run(userfaultfdRegister(p.k, ctx, p.address(0), len, UFFDIO_REGISTER_MODE_WP))).toBe(0);
  expect(run(userfaultfdWriteprotect(p.k, ctx, p.address(0), len, true))).toBe(0);
  return ctx;
}

/** Writes, with a monitor that lifts the protection; how many faults it was shown. */
function eventsOf(p: Layout, ctx: UserfaultfdCtx, page: number): number {
  let events = 0;
  p.k.onUserfaultfd = () => {
    const msg = userfaultfdCtxRead(p.k, ctx)!;
    events++;
    run(userfaultfdWriteprotect(p.k, ctx, msg.start, H * p.k.pageSize, false));
  };
  p.write(page, 9);
  return events;
}

test.each(['6.1', '6.12'])('a store to a protected hole is shown to userfaultfd once (%s)', (release) => {
  const { p, file } = machine(1, release);
  p.mmap(0, H, 'rw', file(1), true);
  const ctx = watched(p);
  expect(markerOf(p.k, entry(p, 0))).toBe(1);
  expect(hugetlb(p, 0)).toEqual([0, 0, 0]);
  const [marked] = run(pagemapRead(p.k, p.process.mm, p.address(0), p.address(1), false));
  expect(marked! & (1n << 62n)).toBe(0n);
  expect(marked! & (1n << 57n)).toBe(1n << 57n);
  expect(eventsOf(p, ctx, 3)).toBe(1);
  expect([p.read(3), eventsOf(p, ctx, 4)]).toEqual([9, 0]);
});

test('MADV_DONTNEED leaves the protection of a huge page behind, munmap does not', () => {
  const { p, file } = machine(1);
  const object = file(1);
  p.mmap(0, H, 'rw', object, true);
  p.write(0, 7);
  const ctx = watched(p);
  expect(p.madvise(0, H, 'MADV_DONTNEED')).toBe(0);
  expect(markerOf(p.k, entry(p, 0))).toBe(1);
  expect([p.read(0), eventsOf(p, ctx, 0)]).toEqual([7, 1]);
  p.mmap(0, H, 'rw', object, true);
  expect(ptePresent(p.k, entry(p, 0)) || markerOf(p.k, entry(p, 0)) !== 0).toBe(false);
});

test('fork gives a marker of a huge page only to a child that is watched', () => {
  const marker = (features: number) => {
    const { p, file } = machine(2);
    p.mmap(0, H, 'rw', file(1));
    p.write(0, 7);
    p.madvise(0, H, 'MADV_DONTNEED');
    watched(p, features);
    p.k.onUserfaultfd = (ctx) => void userfaultfdCtxRead(p.k, UserfaultfdCtx.at(p.k, ctx));
    const child = p.fork();
    return markerOf(p.k, entry(child, 0));
  };
  expect([marker(0), marker(UFFD_FEATURE_EVENT_FORK)]).toEqual([0, 1]);
});

test('to smaps a special PTE of 2021 holds no huge page, whether known or taken for a slot', () => {
  for (const patches of [['?special-swap-ptes'], ['?special-swap-ptes', '?pte-has-swap-entry']]) {
    const { p, file } = machine(1, '6.1', patches);
    p.mmap(0, H, 'rw', file(1), true);
    watched(p, UFFD_FEATURE_EVENT_FORK);
    expect(hugetlb(p, 0)).toEqual([0, 0, 0]);
  }
});

test('truncation gives pages and reservations of an object back; a hole gives its pages back', () => {
  const { p, file } = machine(3);
  const object = file(2);
  p.mmap(0, 2 * H, 'rw', object, true);
  p.write(0, 7);
  p.write(H, 8);
  const mapping = AddressSpace.at(p.k, object.fMapping);
  run(hugetlbfsPunchHole(p.k, mapping, 1, H));
  expect([pool(p), p.read(0)]).toEqual([[1, 0], 7]);
  run(hugetlbfsPunchHole(p.k, mapping, 0, H));
  expect([pool(p), p.read(H)]).toEqual([[2, 0], 8]);
  expect(run(hugetlbfsSetattr(p.k, mapping, 1))).toBe(-EINVAL);
  expect(run(hugetlbfsSetattr(p.k, mapping, 0))).toBe(0);
  expect(pool(p)).toEqual([3, 0]);
  expect(() => p.read(H)).toThrow(/SIGBUS/);
});

test('mremap moves whole huge pages, and with them what their mapping has reserved', () => {
  const { p, file } = machine(3);
  p.mmap(0, 2 * H, 'rw', file(2));
  p.write(5, 7);
  const before = frame(p, 0);
  expect(p.mremap(0, 2 * H, 4 * H, MREMAP_MAYMOVE | MREMAP_FIXED)).toBe(4 * H);
  expect([frame(p, 4 * H), p.read(4 * H + 5), pool(p)]).toEqual([before, 7, [2, 1]]);
  expect(() => p.read(5)).toThrow(/SIGSEGV/);
  p.write(5 * H, 8);
  expect(pool(p)).toEqual([1, 0]);
  p.munmap(4 * H, 6 * H);
  expect(pool(p)).toEqual([3, 0]);
});

test('mremap refuses hugetlb a part of a huge page as an address, and to leave the old place', () => {
  const { p, file } = machine(2);
  p.mmap(0, 2 * H, 'rw', file(2));
  p.write(0, 7);
  const flags = MREMAP_MAYMOVE | MREMAP_FIXED;
  expect([p.mremap(1, H, 4 * H, flags), p.mremap(0, H, 4 * H + 1, flags)]).toEqual([-EINVAL, -EINVAL]);
  expect(p.mremap(0, 2 * H, 4 * H, flags | MREMAP_DONTUNMAP)).toBe(-EINVAL);
  expect(p.read(0)).toBe(7);
});

test.each([
  ['v6.1', 1],
  ['6.12', 0],
])('a marker that mremap moves out of the reach of its monitor is kept or dropped (%s)', (release, kept) => {
  const { p, file } = machine(1, release);
  p.mmap(0, H, 'rw', file(1), true);
  watched(p);
  p.mremap(0, H, 4 * H, MREMAP_MAYMOVE | MREMAP_FIXED);
  expect(markerOf(p.k, entry(p, 4 * H))).toBe(kept);
});
