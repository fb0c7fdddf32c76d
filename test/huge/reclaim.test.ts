import { expect, test } from 'vitest';
import { EINVAL, ENOMEM } from '../../kernel-lib/base/errno.js';
import { ksmDoScan } from '../../kernel-lib/ksm/scan.js';
import { run } from '../../kernel-lib/step/step.js';
import { pagemapRead } from '../../kernel-lib/walk/pagemap.js';
import { HUGE, HugeLayout, smaps } from './huge-layout.js';

function touched(options: ConstructorParameters<typeof HugeLayout>[0] = {}): HugeLayout {
  const p = new HugeLayout(options);
  p.mmap(0, HUGE);
  p.write(5, 7);
  return p;
}

test('MADV_PAGEOUT writes a huge page out whole; it comes back page by page', () => {
  const p = touched();
  expect(p.events(() => p.madvise(0, HUGE, 'MADV_PAGEOUT'))).toEqual({ thp_swpout: 1, thp_split_pmd: 1 });
  expect(smaps(p)).toMatchObject({ Rss: 0, Swap: 2048 });
  expect([p.read(5), p.read(6)]).toEqual([7, 0]);
  expect(smaps(p)).toMatchObject({ Rss: 8, Swap: 2040 });
});

test('without room for a huge page in swap, its pages are written one by one', () => {
  const p = touched({ swap: '1MiB' });
  const events = p.events(() => p.madvise(0, HUGE, 'MADV_PAGEOUT'));
  expect(events).toMatchObject({ thp_swpout_fallback: 1, thp_split_page: 1 });
  expect(p.read(5)).toBe(7);
});

test('a huge page that somebody holds cannot be split', () => {
  const p = touched();
  const pipe = p.process.vmsplice(p.address(5));
  expect(p.events(() => p.madvise(0, 4, 'MADV_PAGEOUT'))).toEqual({ thp_split_page_failed: 1 });
  expect(smaps(p)).toMatchObject({ AnonHugePages: 2048 });
  expect(pipe.read()).toBe(7);
});

test('MADV_FREE of a whole huge page gives up its content without splitting it', () => {
  const p = touched();
  expect(p.events(() => p.madvise(0, HUGE, 'MADV_FREE'))).toEqual({});
  expect(smaps(p)).toMatchObject({ LazyFree: 2048, AnonHugePages: 2048 });
});

test('MADV_COLLAPSE makes a huge page of what is there and of holes', () => {
  const p = new HugeLayout({ thp: 'never' });
  p.mmap(0, 2 * HUGE);
  p.write(5, 7);
  p.write(511, 9);
  expect(p.events(() => expect(p.madvise(0, HUGE, 'MADV_COLLAPSE')).toBe(0))).toEqual({
    thp_collapse_alloc: 1,
  });
  expect([p.read(5), p.read(6), p.read(511)]).toEqual([7, 0, 9]);
  expect(smaps(p)).toMatchObject({ Rss: 2048, AnonHugePages: 2048 });
  // Where nothing was ever written there is nothing to collapse.
  expect(p.madvise(HUGE, 2 * HUGE, 'MADV_COLLAPSE')).toBe(-EINVAL);
});

test('MADV_COLLAPSE needs memory for a huge page, and counts where there is none', () => {
  const p = new HugeLayout({ thp: 'never', memory: '1MiB' });
  p.mmap(0, HUGE);
  p.write(5, 7);
  expect(p.events(() => expect(p.madvise(0, HUGE, 'MADV_COLLAPSE')).toBe(-ENOMEM))).toEqual({
    thp_collapse_alloc_failed: 1,
  });
  expect(p.read(5)).toBe(7);
});

test('MADV_COLLAPSE refuses memory of which no page may be written, until v6.18', () => {
  const collapse = (release: string) => {
    const p = new HugeLayout({ thp: 'never', release });
    p.mmap(0, HUGE);
    p.write(5, 7);
    p.mprotect(0, HUGE, 'r');
    return p.madvise(0, HUGE, 'MADV_COLLAPSE');
  };
  expect([collapse('6.12'), collapse('7.2')]).toEqual([-EINVAL, 0]);
});

test('KSM splits a huge page to share one of its pages', () => {
  const p = touched();
  p.write(6, 7);
  p.madvise(0, HUGE, 'MADV_MERGEABLE');
  for (let scan = 0; scan < 4; scan++) run(ksmDoScan(p.k));
  expect([p.read(5), p.read(6), p.read(7)]).toEqual([7, 7, 0]);
  expect(smaps(p)).toMatchObject({ Rss: 2048, AnonHugePages: 0, Shared_Clean: 0 });
});

test('pagemap shows the pages of a huge page as neighbours', () => {
  const p = touched();
  const entries = run(pagemapRead(p.k, p.process.mm, p.address(4), p.address(6), true));
  const frame = (entry: bigint) => entry & ((1n << 55n) - 1n);
  expect(frame(entries[1]!)).toBe(frame(entries[0]!) + 1n);
});
