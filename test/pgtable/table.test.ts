import { expect, test } from 'vitest';
import { pteTable } from '../../kernel-lib/pgtable/table.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { vmaLookup } from '../../kernel-lib/vma/vma-list.js';

test('what a walk has found is forgotten with the tables on its way', () => {
  const linux = boot({ memory: '16MiB' });
  const process = linux.spawn('walker');
  const page = process.mmap(1);
  process.write(page, 1);
  expect(pteTable(linux.machine, process.mm.pgd, page)).toBeGreaterThan(0);
  process.munmap(page, 1);
  expect(pteTable(linux.machine, process.mm.pgd, page)).toBe(0);
});

test('a walk leads to no table that a huge page has replaced, and to the one that a split puts in its place', () => {
  const linux = boot({ release: '6.12', memory: '32MiB', thp: 'madvise' });
  const process = linux.spawn('walker');
  const huge = 512 * linux.machine.pageSize;
  const mapping = process.mmap(3 * 512);
  const start = Math.ceil(mapping / huge) * huge;
  const table = () => pteTable(linux.machine, process.mm.pgd, start);
  for (let i = 0; i < 512; i++) process.write(start + i * linux.machine.pageSize, 1);
  expect(table()).toBeGreaterThan(0);
  process.madvise(start, 'MADV_COLLAPSE', 512);
  expect(table()).toBe(0);
  process.mprotect(start, 1, 'r');
  expect(table()).toBeGreaterThan(0);
});

test('an address space walks its own tables where another has just walked', () => {
  const linux = boot({ memory: '16MiB' });
  const parent = linux.spawn('parent');
  const page = parent.mmap(1);
  parent.write(page, 1);
  const child = parent.fork('child');
  child.write(page, 2);
  expect([parent.read(page), child.read(page), parent.read(page)]).toEqual([1, 2, 1]);
});

test('a lookup does not find a mapping that is gone, nor that of another process', () => {
  const linux = boot({ memory: '16MiB' });
  const process = linux.spawn('mapper');
  const page = process.mmap(2);
  process.write(page, 1);
  expect(vmaLookup(linux.machine, linux.spawn('other').mm, page)).toBeNull();
  process.munmap(page, 1);
  expect(vmaLookup(linux.machine, process.mm, page)).toBeNull();
  expect(vmaLookup(linux.machine, process.mm, page + 4096)).not.toBeNull();
});
