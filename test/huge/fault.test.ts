import { expect, test } from 'vitest';
import { boot } from '../../kernel-lib/sys/boot.js';
import { HUGE, HugeLayout, smaps } from './huge-layout.js';

test('the first write to an empty, aligned range maps a huge page; its neighbours need no fault', () => {
  const p = new HugeLayout();
  p.mmap(0, HUGE);
  expect(p.events(() => p.write(5, 7))).toEqual({ thp_fault_alloc: 1 });
  const { min } = p.process.faults;
  expect([p.read(5), p.read(6), p.read(511)]).toEqual([7, 0, 0]);
  p.write(300, 9);
  expect(p.process.faults.min).toBe(min);
  expect(smaps(p)).toMatchObject({ Rss: 2048, AnonHugePages: 2048, Private_Dirty: 2048 });
});

test('the first read maps the huge zero page, which a write splits for one page of its own', () => {
  const p = new HugeLayout({ release: '6.12' });
  p.mmap(0, HUGE);
  expect(p.events(() => p.read(5))).toEqual({ thp_zero_page_alloc: 1 });
  expect(smaps(p)).toMatchObject({ Rss: 0, AnonHugePages: 0 });
  expect(p.events(() => p.write(5, 7))).toEqual({ thp_split_pmd: 1 });
  expect([p.read(5), p.read(6)]).toEqual([7, 0]);
  expect(smaps(p)).toMatchObject({ Rss: 4 });
});

test('where memory is short, the first read maps the small zero page', () => {
  const p = new HugeLayout({ memory: '1MiB' });
  p.mmap(0, HUGE);
  expect(p.events(() => p.read(5))).toEqual({ thp_zero_page_alloc_failed: 1, thp_fault_fallback: 1 });
  expect(smaps(p)).toMatchObject({ Rss: 0, AnonHugePages: 0 });
});

test('a write to the huge zero page maps a huge page since 1ced09e0331f, unless memory is short', () => {
  const p = new HugeLayout({ release: '7.2' });
  p.mmap(0, HUGE);
  p.read(5);
  expect(p.events(() => p.write(5, 7))).toEqual({ thp_fault_alloc: 1 });
  expect([p.read(5), p.read(6)]).toEqual([7, 0]);
  expect(smaps(p)).toMatchObject({ Rss: 2048, AnonHugePages: 2048, Private_Dirty: 2048 });

  const short = new HugeLayout({ release: '7.2', memory: '4MiB' });
  short.mmap(0, HUGE);
  short.read(5);
  expect(short.events(() => short.write(5, 7))).toEqual({ thp_fault_fallback: 1, thp_split_pmd: 1 });
  expect(smaps(short)).toMatchObject({ Rss: 4 });
});

test('a range that is too short or lies across has small pages', () => {
  const p = new HugeLayout();
  p.mmap(1, HUGE);
  p.mmap(HUGE + 1, 2 * HUGE + 511);
  expect(p.events(() => [5, HUGE + 5, 2 * HUGE + 5].forEach((page) => p.write(page, 1)))).toEqual({});
  expect(smaps(p)).toMatchObject({ Rss: 12 });
});

test('where a page table is, no huge page comes', () => {
  const p = new HugeLayout();
  p.mmap(0, HUGE);
  p.madvise(0, HUGE, 'MADV_NOHUGEPAGE');
  p.write(5, 7);
  p.madvise(0, HUGE, 'MADV_HUGEPAGE');
  expect(p.events(() => p.write(6, 7))).toEqual({});
});

test('with `madvise`, only what was advised gets huge pages', () => {
  const p = new HugeLayout({ thp: 'madvise' });
  p.mmap(0, 2 * HUGE);
  expect(p.events(() => p.write(5, 7))).toEqual({});
  p.madvise(HUGE, 2 * HUGE, 'MADV_HUGEPAGE');
  expect(p.events(() => p.write(HUGE, 7))).toEqual({ thp_fault_alloc: 1 });
});

test('an architecture without huge pages refuses them', () => {
  expect(() => boot({ arch: 'x86_32', thp: 'always' })).toThrow(
    "thp is 'always'; allowed on x86_32, which has no huge pages: never",
  );
});
