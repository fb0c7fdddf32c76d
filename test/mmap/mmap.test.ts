import { describe, expect, test } from 'vitest';
import { EINVAL, ENOMEM } from '../../kernel-lib/base/errno.js';
import { __shmemFileSetup } from '../../kernel-lib/pagecache/shmem-file.js';
import { Layout } from './layout.js';

describe.each(['6.1', '6.12'])('mmap and munmap on %s', (release) => {
  test('private anonymous neighbours merge, shared ones are objects of their own', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.mmap(4, 8);
    expect(p.show('ac')).toEqual(['0-8 rw-p ac']);
    p.mmap(10, 12, 'rw', null, true);
    p.mmap(12, 14, 'rw', null, true);
    expect(p.show('ac')).toEqual(['0-8 rw-p ac', '10-12 rw-s', '12-14 rw-s']);
  });

  test('a mapping that fills the gap between its equals makes one VMA of three', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.mmap(8, 12);
    expect(p.mmap(4, 8)).toBe(4);
    expect(p.show()).toEqual(['0-12 rw-p']);
  });

  test('mappings of one file merge where the offsets continue', () => {
    const p = new Layout(release);
    const file = __shmemFileSetup(p.k, 16);
    p.mmap(0, 4, 'rw', file, true, 0);
    p.mmap(4, 8, 'rw', file, true, 4);
    p.mmap(8, 12, 'rw', file, true, 9);
    expect(p.show()).toEqual(['0-8 rw-s', '8-12 rw-s']);
  });

  test('MAP_FIXED replaces what lies there', () => {
    const p = new Layout(release);
    p.mmap(0, 12);
    p.write(5, 7);
    p.mmap(4, 8, 'r');
    expect(p.show()).toEqual(['0-4 rw-p', '4-8 r--p', '8-12 rw-p']);
    expect(p.read(5)).toBe(0);
  });

  test('munmap cuts a hole, over a hole it has nothing to do', () => {
    const p = new Layout(release);
    p.mmap(0, 12);
    expect(p.munmap(4, 8)).toBe(0);
    expect(p.munmap(4, 8)).toBe(0);
    expect(p.show()).toEqual(['0-4 rw-p', '8-12 rw-p']);
    expect(p.munmap(3, 3)).toBe(-EINVAL);
    expect(p.vma(8).vmPgoff - p.vma(0).vmPgoff).toBe(8);
  });

  test('counters of the address space follow', () => {
    const p = new Layout(release);
    p.mmap(0, 12);
    p.write(2);
    p.write(9);
    p.munmap(8, 12);
    expect([p.process.mm.totalVm, p.process.mm.rssAnon, p.process.mm.mapCount]).toEqual([8, 1, 1]);
  });
});

test('between two that were written apart a new mapping goes to the upper, since v6.12 to the lower', () => {
  const layoutOn = (release: string) => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.mmap(8, 12);
    p.write(0);
    p.write(8);
    p.mmap(4, 8);
    return p.show();
  };
  expect(layoutOn('6.5')).toEqual(['0-4 rw-p', '4-12 rw-p']);
  expect(layoutOn('6.12')).toEqual(['0-8 rw-p', '8-12 rw-p']);
});

describe('madvise', () => {
  test('flags split and merge VMAs', () => {
    const p = new Layout('6.1');
    p.mmap(0, 12);
    p.madvise(4, 8, 'MADV_DONTFORK');
    expect(p.show('dc')).toEqual(['0-4 rw-p', '4-8 rw-p dc', '8-12 rw-p']);
    expect(p.fork().show()).toEqual(['0-4 rw-p', '8-12 rw-p']);
    p.madvise(0, 12, 'MADV_DOFORK');
    expect(p.show('dc')).toEqual(['0-12 rw-p']);
  });

  test('over a hole the rest is advised all the same', () => {
    const p = new Layout('6.1');
    p.mmap(0, 4);
    p.mmap(8, 12);
    expect(p.madvise(2, 10, 'MADV_NOHUGEPAGE')).toBe(-ENOMEM);
    expect(p.show('nh')).toEqual(['0-2 rw-p', '2-4 rw-p nh', '8-10 rw-p nh', '10-12 rw-p']);
  });

  test('WIPEONFORK is for private anonymous memory, whose pages the child finds empty', () => {
    const p = new Layout('6.1');
    p.mmap(0, 4);
    p.mmap(8, 12, 'rw', null, true);
    p.write(0, 5);
    expect(p.madvise(8, 12, 'MADV_WIPEONFORK')).toBe(-EINVAL);
    expect(p.madvise(0, 4, 'MADV_WIPEONFORK')).toBe(0);
    const child = p.fork();
    expect(child.read(0)).toBe(0);
    expect(child.show('wf')[0]).toBe('0-4 rw-p wf');
  });

  test('DONTNEED drops pages and leaves the VMA', () => {
    const p = new Layout('6.1');
    p.mmap(0, 4);
    p.write(1, 9);
    expect(p.madvise(0, 4, 'MADV_DONTNEED')).toBe(0);
    expect(p.read(1)).toBe(0);
    expect(p.show()).toEqual(['0-4 rw-p']);
  });

  test('MERGEABLE is a flag of private memory only', () => {
    const p = new Layout('6.1');
    p.mmap(0, 4);
    p.mmap(8, 12, 'rw', null, true);
    expect([p.madvise(0, 2, 'MADV_MERGEABLE'), p.madvise(8, 12, 'MADV_MERGEABLE')]).toEqual([0, 0]);
    expect(p.show('mg')).toEqual(['0-2 rw-p mg', '2-4 rw-p', '8-12 rw-s']);
  });
});
