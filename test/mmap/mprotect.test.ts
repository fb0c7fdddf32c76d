import { describe, expect, test } from 'vitest';
import { EACCES, ENOMEM } from '../../kernel-lib/base/errno.js';
import { FMODE_READ } from '../../kernel-lib/vma/file.js';
import { __shmemFileSetup } from '../../kernel-lib/pagecache/shmem-file.js';
import { Layout } from './layout.js';

describe.each(['6.1', '6.12', '7.2'])('mprotect on %s', (release) => {
  test('inside a VMA it makes three, and undone it makes one again', () => {
    const p = new Layout(release);
    p.mmap(0, 12);
    expect(p.mprotect(4, 8, 'r')).toBe(0);
    expect(p.show()).toEqual(['0-4 rw-p', '4-8 r--p', '8-12 rw-p']);
    expect(p.mprotect(4, 8, 'rw')).toBe(0);
    expect(p.show()).toEqual(['0-12 rw-p']);
  });

  test('at the end of a VMA it moves the boundary to the equal neighbour below', () => {
    const p = new Layout(release);
    p.mmap(0, 12);
    p.mprotect(4, 12, 'r');
    p.mprotect(4, 6, 'rw');
    expect(p.show()).toEqual(['0-6 rw-p', '6-12 r--p']);
    p.mprotect(5, 6, 'r');
    expect(p.show()).toEqual(['0-5 rw-p', '5-12 r--p']);
  });

  test('up to the first hole it works, and says ENOMEM', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.mmap(6, 8);
    expect(p.mprotect(2, 8, 'r')).toBe(-ENOMEM);
    expect(p.show()).toEqual(['0-2 rw-p', '2-4 r--p', '6-8 rw-p']);
    expect(p.mprotect(4, 8, 'r')).toBe(-ENOMEM);
  });

  test('a shared mapping of a file opened for reading never becomes writable', () => {
    const p = new Layout(release);
    const file = __shmemFileSetup(p.k, 16);
    file.fMode = FMODE_READ;
    p.mmap(0, 4, 'r', file, true);
    expect(p.mprotect(0, 4, 'rw')).toBe(-EACCES);
    expect(p.mmap(8, 12, 'rw', file, true)).toBe(-EACCES);
  });

  test('parts that were written apart do not merge, parts that share an anon_vma do', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.mmap(4, 8, 'r');
    p.write(0);
    p.mprotect(4, 8, 'rw');
    expect(p.show()).toEqual(['0-8 rw-p']);
    p.mprotect(4, 8, 'r');
    p.mmap(8, 12, 'rw');
    p.write(8);
    // 8-12 was read-only memory's neighbour when it was first written, so it took over the anon_vma.
    p.mprotect(4, 8, 'rw');
    expect(p.show()).toEqual(['0-12 rw-p']);
  });

  test('after a fork a VMA that was written no longer takes in memory that was not', () => {
    const parent = new Layout(release);
    parent.mmap(0, 4);
    parent.mmap(4, 8, 'r');
    parent.write(0);
    const child = parent.fork();
    child.mprotect(4, 8, 'rw');
    parent.mprotect(4, 8, 'rw');
    expect(child.show()).toEqual(['0-4 rw-p', '4-8 rw-p']);
    expect(parent.show()).toEqual(['0-8 rw-p']);
  });

  test('exclusive pages become writable at once, shared ones at the next store', () => {
    const p = new Layout(release);
    p.mmap(0, 2);
    p.write(0);
    p.mprotect(0, 2, 'r');
    p.mprotect(0, 2, 'rw');
    const before = p.process.faults.min;
    p.write(0, 2);
    expect(p.process.faults.min - before).toBe(0);
    p.fork();
    p.mprotect(0, 2, 'r');
    p.mprotect(0, 2, 'rw');
    p.write(0, 3);
    expect(p.process.faults.min - before).toBe(1);
  });
});

test('memory that was never written loses its accounting since v6.7', () => {
  const flagsAfter = (release: string) => {
    const p = new Layout(release);
    p.mmap(0, 8);
    p.mmap(20, 28);
    p.write(20);
    p.mprotect(0, 4, 'r');
    p.mprotect(20, 24, 'r');
    return p.show('ac');
  };
  const written = ['20-24 r--p ac', '24-28 rw-p ac'];
  expect(flagsAfter('6.5')).toEqual(['0-4 r--p ac', '4-8 rw-p ac', ...written]);
  expect(flagsAfter('6.12')).toEqual(['0-4 r--p', '4-8 rw-p ac', ...written]);
});
