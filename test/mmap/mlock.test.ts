import { describe, expect, test } from 'vitest';
import { ENOMEM } from '../../kernel-lib/base/errno.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { vmEventIndex } from '../../kernel-lib/machine/vmstat.js';
import { MLOCK_ONFAULT } from '../../kernel-lib/mmap/flags.js';
import { mlock2, munlock } from '../../kernel-lib/mmap/mlock.js';
import { ld } from '../../kernel-lib/step/memory.js';
import { run } from '../../kernel-lib/step/step.js';
import { Layout } from './layout.js';

function lock(p: Layout, from: number, to: number, flags = 0): number {
  return run(mlock2(p.k, p.process.mm, p.address(from), (to - from) * p.k.pageSize, flags));
}

function counters(p: Layout): number[] {
  run(lruAddDrain(p.k));
  const names = ['mlocked', 'culled', 'munlocked', 'rescued'] as const;
  return names.map((name) => ld(p.k.vmstat, vmEventIndex[`unevictable_pgs_${name}`]));
}

describe.each(['6.1', '6.12'])('mlock on %s', (release) => {
  test('brings every page in and takes it off the lists that reclaim looks at', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.write(0);
    expect(lock(p, 0, 4)).toBe(0);
    expect(p.process.mm.rssAnon).toBe(4);
    expect(p.process.mm.lockedVm).toBe(4);
    expect(counters(p)).toEqual([4, 4, 0, 0]);
    run(munlock(p.k, p.process.mm, p.address(0), 4 * p.k.pageSize));
    expect(counters(p)).toEqual([4, 4, 4, 4]);
    expect(p.show('lo')).toEqual(['0-4 rw-p']);
  });

  test('on fault it brings nothing in', () => {
    const p = new Layout(release);
    p.mmap(0, 4);
    p.write(0);
    expect(lock(p, 0, 4, MLOCK_ONFAULT)).toBe(0);
    expect(p.process.mm.rssAnon).toBe(1);
    p.write(1);
    expect(counters(p)).toEqual([2, 2, 0, 0]);
  });

  test('inaccessible memory is locked, but its pages cannot be had', () => {
    const p = new Layout(release);
    p.mmap(0, 4, 'none');
    expect(lock(p, 0, 4)).toBe(-ENOMEM);
    expect(p.show('lo')).toEqual(['0-4 ---p lo']);
  });

  test('up to the first hole memory is locked', () => {
    const p = new Layout(release);
    p.mmap(0, 2);
    p.mmap(4, 6);
    expect(lock(p, 0, 6)).toBe(-ENOMEM);
    expect(p.show('lo')).toEqual(['0-2 rw-p lo', '4-6 rw-p']);
  });

  test('a child inherits no lock', () => {
    const p = new Layout(release);
    p.mmap(0, 2);
    lock(p, 0, 2);
    expect(p.fork().show('lo')).toEqual(['0-2 rw-p']);
  });
});

test('MADV_POPULATE goes on behind a hole until v6.9, then it stops', () => {
  const populated = (release: string) => {
    const p = new Layout(release);
    p.mmap(0, 2);
    p.mmap(4, 6);
    expect(p.madvise(0, 6, 'MADV_POPULATE_WRITE')).toBe(-ENOMEM);
    return p.process.mm.rssAnon;
  };
  expect([populated('6.5'), populated('6.12')]).toEqual([4, 2]);
});
