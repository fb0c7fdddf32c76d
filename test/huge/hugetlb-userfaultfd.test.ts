import { expect, test } from 'vitest';
import { EEXIST, EFAULT, EINVAL } from '../../kernel-lib/base/errno.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { SystemCallError } from '../../kernel-lib/sys/process.js';
import type { UserfaultMessage } from '../../kernel-lib/sys/userfaultfd.js';
import { pagemap } from '../../kernel-lib/view/pagemap.js';
import { smaps } from '../../kernel-lib/view/smaps.js';

/** Small pages in a huge one, and their bytes. */
const H = 512;
const SIZE = H * 4096;

function machine(flags: string, hugepages = 2, release = '6.12') {
  const linux = boot({ release, memory: '64MiB', hugepages });
  const process = linux.spawn('p');
  return { linux, process, k: linux.machine, page: process.mmap(H, { flags }) };
}

function errnoOf(call: () => void): number {
  try {
    call();
    return 0;
  } catch (error) {
    if (error instanceof SystemCallError) return error.errno;
    throw error;
  }
}

test('mmap of hugetlb gives aligned memory, and fails when the pool has too few pages', () => {
  const { process, page } = machine('private anon hugetlb');
  expect(page % SIZE).toBe(0);
  expect(() => process.mmap(2 * H, { flags: 'private anon hugetlb' })).toThrow(/ENOMEM/);
  process.write(page + SIZE - 1, 7);
  expect([process.read(page), process.faults.min]).toEqual([0, 1]);
});

test('an architecture without huge pages does not know MAP_HUGETLB', () => {
  const process = boot({ arch: 'alpha' }).spawn('p');
  expect(() => process.mmap(1, { flags: 'private anon hugetlb' })).toThrow(/EINVAL/);
});

test('a missing huge page is told once, by its first address, and filled whole', () => {
  for (const flags of ['private anon hugetlb', 'shared anon hugetlb']) {
    const { process, page } = machine(flags);
    const told: Partial<UserfaultMessage>[] = [];
    const uffd = process.userfaultfd({
      monitor: (message, by) => {
        told.push(message);
        by.copy(message.address, 9);
      },
    });
    uffd.register(page, H, 'missing');
    expect([process.read(page + 5 * 4096), process.read(page + SIZE - 1)]).toEqual([9, 9]);
    expect(told).toMatchObject([{ address: page, nrPages: H, write: false }]);
  }
});

test('UFFDIO_COPY fills no half of a huge page and no place twice; UFFDIO_ZEROPAGE none', () => {
  const { process, k } = machine('private anon hugetlb', 4);
  const page = process.mmap(2 * H, { flags: 'shared anon hugetlb' });
  const uffd = process.userfaultfd();
  uffd.register(page, 2 * H, 'missing');
  expect(errnoOf(() => uffd.copy(page + 4096, 1))).toBe(EINVAL);
  expect(errnoOf(() => uffd.zeropage(page))).toBe(EINVAL);
  uffd.copy(page, 1);
  expect(errnoOf(() => uffd.copy(page, 2))).toBe(EEXIST);
  expect([process.read(page), k.globals.freeHugePages, k.globals.resvHugePages]).toEqual([1, 3, 2]);
});

test('a private place that is filled twice has one reservation, and it again when it is unmapped', () => {
  const { process, page, k } = machine('private anon hugetlb', 3);
  const uffd = process.userfaultfd();
  uffd.register(page, H, 'missing');
  uffd.copy(page, 1);
  expect(errnoOf(() => uffd.copy(page, 2))).toBe(EEXIST);
  expect([k.globals.freeHugePages, k.globals.resvHugePages]).toEqual([2, 0]);
  process.madvise(page, 'MADV_DONTNEED', H);
  expect([k.globals.freeHugePages, k.globals.resvHugePages]).toEqual([3, 1]);
});

test('UFFDIO_CONTINUE maps what the object holds', () => {
  const { process, page } = machine('shared anon hugetlb');
  process.write(page, 3);
  process.madvise(page, 'MADV_DONTNEED', H);
  const minor: boolean[] = [];
  const uffd = process.userfaultfd({
    monitor: (message, by) => {
      minor.push(message.minor);
      by.continue(message.address);
    },
  });
  uffd.register(page, H, 'minor');
  expect([process.read(page), minor]).toEqual([3, [true]]);
});

test('there is nothing to continue with in a hole of the object', () => {
  const { process, page } = machine('shared anon hugetlb');
  const uffd = process.userfaultfd();
  uffd.register(page, H, 'minor');
  expect(errnoOf(() => uffd.continue(page))).toBe(EFAULT);
});

test('a poisoned place stops every access to its huge page', () => {
  const { process, page } = machine('private anon hugetlb');
  const uffd = process.userfaultfd();
  uffd.register(page, H, 'missing');
  uffd.poison(page);
  expect(() => process.read(page + SIZE - 1)).toThrow(/SIGBUS/);
});

test('write-protection is given and lifted by whole huge pages', () => {
  const { process, page } = machine('shared anon hugetlb');
  const uffd = process.userfaultfd({ features: ['WP_HUGETLBFS_SHMEM'] });
  expect(errnoOf(() => uffd.register(page, 1, 'wp'))).toBe(EINVAL);
  uffd.register(page, H, 'wp');
  expect(errnoOf(() => uffd.writeprotect(page, 1))).toBe(EINVAL);
  uffd.writeprotect(page, H);
  process.write(page + 4096, 1);
  expect(uffd.messages).toMatchObject([{ address: page, wp: true, write: true }]);
});

test('smaps and pagemap print a mapping of hugetlb as /proc does', () => {
  const { process, page } = machine('shared anon hugetlb');
  process.write(page, 1);
  const text = smaps(process, page).toString();
  expect(text).toMatch(/KernelPageSize: +2048 kB\nMMUPageSize: +2048 kB\nRss: +0 kB/);
  expect(text).toMatch(/Shared_Hugetlb: +0 kB\nPrivate_Hugetlb: +2048 kB/);
  expect(text).toMatch(/VmFlags: rd wr sh mr mw me ms de ht sd $/);
  expect(text).toContain('/anon_hugepage (deleted)');
  const [first, , flags] = pagemap(process, page, 2).rows[1]!;
  expect([first, flags]).toEqual([
    `0x${(page + 4096).toString(16)}`,
    'present, file or shared, exclusive, soft-dirty',
  ]);
});
