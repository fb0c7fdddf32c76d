import { describe, expect, test } from 'vitest';
import { EFAULT, EINVAL } from '../../kernel-lib/base/errno.js';
import { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE } from '../../kernel-lib/mmap/flags.js';
import { mlock2 } from '../../kernel-lib/mmap/mlock.js';
import { mremap } from '../../kernel-lib/mmap/mremap.js';
import { run } from '../../kernel-lib/step/step.js';
import { Layout } from './layout.js';

const MOVE = MREMAP_MAYMOVE | MREMAP_FIXED;

describe.each(['6.1', '6.12', '7.2'])('mremap on %s', (release) => {
  test('moves the pages and takes the rest of the VMA apart', () => {
    const p = new Layout(release);
    p.mmap(0, 12);
    p.write(5, 5);
    expect(p.mremap(4, 8, 100, MOVE)).toBe(100);
    expect(p.show('ac')).toEqual(['0-4 rw-p ac', '8-12 rw-p ac', '100-104 rw-p ac']);
    expect(p.read(101)).toBe(5);
    expect(p.process.mm.rssAnon).toBe(1);
  });

  test('pages keep their offset, so that written memory merges again where it came from', () => {
    const p = new Layout(release);
    p.mmap(0, 12);
    p.write(5, 5);
    p.mremap(4, 8, 100, MOVE);
    p.mremap(100, 104, 4, MOVE);
    expect(p.show()).toEqual(['0-12 rw-p']);
    expect(p.read(5)).toBe(5);
  });

  test('memory that was never written takes the offset of its new place', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.mmap(100, 104);
    p.mremap(0, 4, 104, MOVE);
    expect(p.show()).toEqual(['100-108 rw-p']);
  });

  test('DONTUNMAP leaves an empty VMA that knows no anon_vma', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.write(1, 5);
    expect(p.mremap(0, 4, 100, MOVE | MREMAP_DONTUNMAP)).toBe(100);
    expect(p.show()).toEqual(['0-4 rw-p', '100-104 rw-p']);
    expect([p.read(1), p.read(101)]).toEqual([0, 5]);
    expect(p.vma(0).anonVma).toBe(0);
  });

  test('bad ranges', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    expect(p.mremap(0, 4, 2, MOVE)).toBe(-EINVAL);
    expect(p.mremap(50, 54, 100, MOVE)).toBe(-EFAULT);
    expect(p.mremap(0, 4, 100, MREMAP_FIXED)).toBe(-EINVAL);
    expect(p.show()).toEqual(['0-4 rw-p']);
  });
});

test('a range of several VMAs is refused, since v6.17 moved with its holes', () => {
  const moveAll = (release: string) => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.mmap(4, 6, 'r');
    p.mmap(8, 10);
    return [p.mremap(0, 10, 100, MOVE), p.show()];
  };
  expect(moveAll('6.12')).toEqual([-EFAULT, ['0-4 rw-p', '4-6 r--p', '8-10 rw-p']]);
  expect(moveAll('7.2')).toEqual([100, ['100-104 rw-p', '104-106 r--p', '108-110 rw-p']]);
});

test('a range that begins in a hole is refused by all', () => {
  const p = new Layout('7.2');
  p.mmap(2, 4);
  expect(p.mremap(0, 4, 100, MOVE)).toBe(-EFAULT);
});

describe('another length', () => {
  const resize = (p: Layout, page: number, from: number, to: number, flags = 0) =>
    run(
      mremap(p.k, p.process.mm, {
        addr: p.address(page),
        oldLen: from * p.k.pageSize,
        newLen: to * p.k.pageSize,
        flags,
        newAddr: 0,
      }),
    );

  test('a smaller one unmaps the rest', () => {
    const p = new Layout('6.1');
    p.mmap(0, 4);
    p.write(3);
    expect(resize(p, 0, 4, 1)).toBe(p.address(0));
    expect(p.show()).toEqual(['0-1 rw-p']);
    expect(p.process.mm.rssAnon).toBe(0);
  });

  test('a larger one stretches the mapping where there is room, up to its neighbour and one with it', () => {
    const p = new Layout('6.1');
    p.mmap(0, 2);
    p.mmap(4, 6);
    expect(resize(p, 0, 2, 4)).toBe(p.address(0));
    expect(p.show()).toEqual(['0-6 rw-p']);
    expect(p.process.mm.totalVm).toBe(6);
  });

  test('locked memory is populated where it has grown', () => {
    const p = new Layout('6.1');
    p.mmap(0, 1);
    run(mlock2(p.k, p.process.mm, p.address(0), p.k.pageSize, 0));
    resize(p, 0, 1, 3);
    expect(p.process.mm.rssAnon).toBe(3);
    expect(p.process.mm.lockedVm).toBe(3);
  });

  test('without room the mapping moves if it may, and takes its pages along', () => {
    const p = new Layout('6.1');
    p.mmap(0, 2);
    p.mmap(2, 3, 'r');
    p.write(1, 7);
    const moved = resize(p, 0, 2, 4, MREMAP_MAYMOVE);
    expect(p.process.read(moved + p.k.pageSize)).toBe(7);
    expect(p.show()).toContain('2-3 r--p');
    expect(p.show()).not.toContain('0-2 rw-p');
    expect(p.process.mm.totalVm).toBe(5);
  });

  test('no old length maps shared memory a second time', () => {
    const p = new Layout('6.1');
    p.mmap(0, 2, 'rw', null, true);
    p.write(1, 7);
    const second = resize(p, 0, 0, 2, MREMAP_MAYMOVE);
    p.process.write(second + p.k.pageSize, 8);
    expect(p.read(1)).toBe(8);
  });
});
