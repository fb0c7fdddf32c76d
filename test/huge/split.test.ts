import { expect, test } from 'vitest';
import { pteDirty, ptePresent, pteWrite } from '../../kernel-lib/pgtable/pte.js';
import { vmasOf } from '../../kernel-lib/vma/vma-list.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { usage } from '../../kernel-lib/walk/usage.js';
import { HUGE, HugeLayout, smaps } from './huge-layout.js';

/** MREMAP_MAYMOVE | MREMAP_FIXED */
const MOVE = 3;

const entries = (p: HugeLayout) => vmasOf(p.k, p.process.mm).flatMap((vma) => [...ptesOf(p.k, vma)]);

function touched(release: string): HugeLayout {
  const p = new HugeLayout({ release });
  p.mmap(0, HUGE);
  p.write(5, 7);
  return p;
}

test.each([
  ['6.1', [], [], false],
  ['v6.2', [], [], true],
  ['6.12', [], [], true],
  // As 6.1-rc1 to rc4 were.
  ['6.1', [], ['624a2c94f5b7'], true],
])('after a split in %s, with %j and without %j, entries are dirty: %s', (release, added, taken, dirty) => {
  const p = new HugeLayout({ release, with: added, without: taken });
  p.mmap(0, HUGE);
  p.write(5, 7);
  expect(p.events(() => p.mprotect(4, 5, 'r'))).toEqual({ thp_split_pmd: 1 });
  const [first] = entries(p);
  expect(pteDirty(p.k, first!.pte)).toBe(dirty);
  expect(smaps(p)).toMatchObject({ Rss: 2048, Private_Dirty: 2048, AnonHugePages: 0 });
});

test.each([
  ['6.1', [], 8],
  ['6.1', ['624a2c94f5b7'], 0],
  ['v6.2', [], 0],
  ['6.12', [], 0],
])(
  'after a split in %s without %j and mprotect there and back, eight stores take %i faults',
  (release, taken, faults) => {
    const p = new HugeLayout({ release, without: taken });
    p.mmap(0, HUGE);
    p.write(5, 7);
    p.mprotect(511, 512, 'r');
    for (const prot of ['r', 'rw']) p.mprotect(0, 511, prot);
    const { length } = p.linux.events;
    for (let page = 8; page < 16; page++) p.write(page, 1);
    // An entry that looks clean does not become writable at once: its first store has to be seen.
    expect(p.linux.events.length - length).toBe(faults);
  },
);

test('each page of a split huge page stays the process’s own: a store copies nothing', () => {
  const p = touched('6.1');
  p.mprotect(4, 5, 'r');
  p.write(6, 1);
  p.write(511, 2);
  expect([p.read(5), p.read(6), p.read(511)]).toEqual([7, 1, 2]);
  expect(smaps(p)).toMatchObject({ Rss: 2048 });
  expect(usage(p.k).frames).toBe(HUGE);
});

test('a child that writes to a shared huge page copies one page; the parent keeps the huge page', () => {
  const p = touched('6.1');
  const child = p.fork();
  expect(p.events(() => child.write(5, 8))).toEqual({ thp_split_pmd: 1 });
  expect([p.read(5), child.read(5), child.read(6)]).toEqual([7, 8, 0]);
  expect(smaps(p)).toMatchObject({ AnonHugePages: 2048, Private_Dirty: 4 });
  expect(smaps(child)).toMatchObject({ AnonHugePages: 0, Private_Dirty: 4 });
});

test('fork does not share a huge page that is pinned: it is split, and the child gets copies', () => {
  const p = touched('6.1');
  const pin = p.process.pin(p.address(9), 1, { write: true });
  const child = p.fork();
  child.write(9, 3);
  expect(smaps(p)).toMatchObject({ AnonHugePages: 0, Private_Dirty: 2048 });
  expect(smaps(child)).toMatchObject({ Private_Dirty: 2048 });
  p.write(9, 4);
  expect([p.read(9), child.read(9)]).toEqual([4, 3]);
  pin.release();
});

test('a huge page that is unmapped in part waits to be split, once', () => {
  const p = touched('6.1');
  expect(p.events(() => p.munmap(0, 8))).toEqual({ thp_split_pmd: 1, thp_deferred_split_page: 1 });
  expect(p.events(() => p.munmap(8, 16))).toEqual({});
});

test('the last unmapping of a split huge page queues it for nothing before 7491f3f34891', () => {
  const queued = (release: string) => {
    const p = touched(release);
    p.mprotect(4, 5, 'r');
    return p.events(() => p.munmap(0, HUGE)).thp_deferred_split_page ?? 0;
  };
  // Three mappings: two of them leave something mapped.
  expect([queued('6.1'), queued('6.12')]).toEqual([1, 1]);
  const whole = (release: string) => {
    const p = touched(release);
    p.mprotect(4, 5, 'r');
    p.mprotect(4, 5, 'rw');
    return p.events(() => p.munmap(0, HUGE)).thp_deferred_split_page ?? 0;
  };
  expect([whole('6.1'), whole('6.12')]).toEqual([1, 0]);
});

test('a page of zeros that a split leaves is not kept, since b1f202060afe', () => {
  const rss = (release: string) => {
    const p = touched(release);
    p.madvise(0, 4, 'MADV_PAGEOUT');
    return smaps(p).Rss!;
  };
  expect([rss('6.1'), rss('6.12')]).toEqual([2048 - 16, 4]);
});

test('nothing is left of huge pages, split or whole, when the process ends', () => {
  const p = new HugeLayout();
  const held = () => ({ ...usage(p.k), slabWords: 0 });
  const before = held();
  const child = p.fork();
  child.mmap(0, 4 * HUGE);
  for (const page of [5, HUGE + 5, 2 * HUGE + 5]) child.write(page, 1);
  child.mprotect(HUGE, HUGE + 4, 'r');
  child.madvise(2 * HUGE, 2 * HUGE + 4, 'MADV_PAGEOUT');
  child.process.exit();
  expect(held()).toEqual(before);
});

test('mremap moves a huge page as a whole, and splits it where it cannot', () => {
  const p = touched('6.1');
  p.mmap(HUGE, 2 * HUGE);
  expect(p.events(() => p.mremap(0, HUGE, 4 * HUGE, MOVE))).toEqual({});
  expect(p.read(4 * HUGE + 5)).toBe(7);
  expect(smaps(p)).toMatchObject({ AnonHugePages: 2048 });
  expect(p.events(() => p.mremap(4 * HUGE, 5 * HUGE, 7, MOVE))).toEqual({ thp_split_pmd: 1 });
  expect(p.read(12)).toBe(7);
});

test('mprotect upgrades a huge page at once since c27f479ef542', () => {
  const writable = (release: string) => {
    const p = touched(release);
    p.mprotect(0, HUGE, 'r');
    p.mprotect(0, HUGE, 'rw');
    const [first] = entries(p);
    return ptePresent(p.k, first!.pte) && first!.huge && pteWrite(p.k, first!.pte);
  };
  expect([writable('6.1'), writable('6.12')]).toEqual([false, true]);
});

test('a huge page is split where userfaultfd begins to watch, or stops watching, inside of it', () => {
  const p = touched('6.1');
  const uffd = p.process.userfaultfd();
  expect(p.events(() => uffd.register(p.address(0), HUGE, 'wp'))).toEqual({});
  expect(p.events(() => uffd.unregister(p.address(8), HUGE - 8))).toEqual({ thp_split_pmd: 1 });
  const q = touched('6.1');
  const other = q.process.userfaultfd();
  expect(q.events(() => other.register(q.address(0), 1, 'wp'))).toEqual({ thp_split_pmd: 1 });
  expect(smaps(q)).toMatchObject({ Rss: 2048, AnonHugePages: 0 });
});
