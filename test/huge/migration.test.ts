import { expect, test } from 'vitest';
import { EBUSY } from '../../kernel-lib/base/errno.js';
import { PageAnonExclusive } from '../../kernel-lib/folio/frame.js';
import { doPagesMove } from '../../kernel-lib/migrate/move-pages.js';
import { pmdDirty, pmdUffdWp, pmdWrite } from '../../kernel-lib/pgtable/pmd.js';
import { ptePresent, pteYoung } from '../../kernel-lib/pgtable/pte.js';
import { run } from '../../kernel-lib/step/step.js';
import { pteToSwpEntry, swpType } from '../../kernel-lib/swap/entry.js';
import { migrationPtePage } from '../../kernel-lib/swap/migration-entry.js';
import type { BootOptions } from '../../kernel-lib/sys/boot.js';
import { clearRefsWrite } from '../../kernel-lib/walk/clear-refs.js';
import { doMincore } from '../../kernel-lib/walk/mincore.js';
import { pageView } from '../../kernel-lib/walk/page.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { usage } from '../../kernel-lib/walk/usage.js';
import { HUGE, HugeLayout, smaps } from './huge-layout.js';
import { MovingHuge, folioAt, kindAt, pmdOf } from './moving-huge.js';

/** MREMAP_MAYMOVE | MREMAP_FIXED */
const MOVE = 3;

function touched(options: BootOptions = {}): HugeLayout {
  const p = new HugeLayout({ release: '6.1', ...options });
  p.mmap(0, HUGE);
  p.write(5, 7);
  return p;
}

const stateAt = (p: HugeLayout) => ({
  write: pmdWrite(p.k, pmdOf(p)),
  exclusive: PageAnonExclusive(p.k, folioAt(p)),
});

/** Everything that a place holds, entry by entry. */
const entriesAt = (p: HugeLayout) => [...ptesOf(p.k, p.vma(0))];

function moved(prepare: (p: HugeLayout) => void, options: BootOptions = {}) {
  const p = touched(options);
  prepare(p);
  const moving = new MovingHuge(p);
  const kind = kindAt(p);
  expect(moving.finish()).toBe(folioAt(p));
  expect(folioAt(p)).not.toBe(moving.src);
  expect([p.read(5), p.read(6)]).toEqual([7, 0]);
  expect(smaps(p)).toMatchObject({ Rss: 2048, AnonHugePages: 2048 });
  return { kind, ...stateAt(p) };
}

test('a huge page moves with one writable, read-exclusive or read entry and comes back as it was', () => {
  expect(moved(() => {})).toEqual({ kind: 'migration-write', write: true, exclusive: true });
  expect(moved((p) => p.mprotect(0, HUGE, 'r'))).toEqual({
    ...{ kind: 'migration-read-exclusive', write: false, exclusive: true },
  });
  expect(moved((p) => p.fork())).toEqual({ kind: 'migration-read', write: false, exclusive: false });
});

test('a huge page is moved with the same bits by the stated future, which has no read-exclusive entries', () => {
  const future = { release: 'v6.3', with: ['?migration-swp-exclusive'] };
  expect(moved((p) => p.mprotect(0, HUGE, 'r'), future)).toEqual({
    ...{ kind: 'migration-read', write: false, exclusive: true },
  });
  expect(moved((p) => p.fork(), future)).toEqual({ kind: 'migration-read', write: false, exclusive: false });
});

test('a moving huge page keeps young and dirty', () => {
  const p = touched();
  new MovingHuge(p).finish();
  expect([pteYoung(p.k, pmdOf(p)), pmdDirty(p.k, pmdOf(p))]).toEqual([true, true]);
});

test('who touches a huge page that is moving waits for it, also a system call that looks for its pages', () => {
  const p = touched();
  new MovingHuge(p);
  expect(() => p.read(5)).toThrow(/would block on a page that is moving/);
  expect(() => p.process.pin(p.address(5), 1)).toThrow(/would block on a page that is moving/);
});

test('a huge page that is forked while it moves is shared by parent and child afterwards', () => {
  const p = touched();
  const moving = new MovingHuge(p);
  const child = p.fork();
  expect([kindAt(p), kindAt(child)]).toEqual(['migration-read', 'migration-read']);
  const dst = moving.finish();
  expect([folioAt(p), folioAt(child)]).toEqual([dst, dst]);
  expect(stateAt(p)).toEqual({ write: false, exclusive: false });
  expect(smaps(p)).toMatchObject({ Rss: 2048, Pss: 1024, AnonHugePages: 2048 });
  p.write(5, 8);
  expect([child.read(5), p.read(5)]).toEqual([7, 8]);
});

test('mprotect takes the right to write from a moving huge page for good, and leaves it exclusive', () => {
  const p = touched();
  const moving = new MovingHuge(p);
  p.mprotect(0, HUGE, 'r');
  p.mprotect(0, HUGE, 'rw');
  expect(kindAt(p)).toBe('migration-read-exclusive');
  const dst = moving.finish();
  expect(stateAt(p)).toEqual({ write: false, exclusive: true });
  p.write(5, 8);
  expect(folioAt(p)).toBe(dst);
});

test('the split of a huge page that is moving leaves each page an entry of the same kind', () => {
  for (const options of [{}, { release: 'v6.3', with: ['?migration-swp-exclusive'] }]) {
    const p = touched(options);
    p.mprotect(0, HUGE, 'r');
    const moving = new MovingHuge(p);
    const kind = swpType(pteToSwpEntry(p.k, pmdOf(p)));
    expect(p.events(() => p.mprotect(8, 16, 'rw'))).toEqual({ thp_split_pmd: 1 });
    const ptes = [...ptesOf(p.k, p.vma(0))].map(({ pte }) => pte);
    expect(new Set(ptes.map((pte) => swpType(pteToSwpEntry(p.k, pte))))).toEqual(new Set([kind]));
    expect(ptes.map((pte) => migrationPtePage(p.k, pte) - moving.src)).toEqual([...ptes.keys()]);
    moving.finish();
    expect([p.read(5), p.read(6)]).toEqual([7, 0]);
    expect(smaps(p)).toMatchObject({ Rss: 2048, AnonHugePages: 0 });
    expect(PageAnonExclusive(p.k, moving.src)).toBe(false);
  }
});

test('a moving huge page that is unmapped is freed when it arrives, and its table at once', () => {
  const p = new HugeLayout({ release: '6.1' });
  const child = p.fork();
  const before = { ...usage(p.k), slabWords: 0 };
  child.mmap(0, HUGE);
  child.write(5, 7);
  const moving = new MovingHuge(child);
  expect(child.process.mm.rssAnon).toBe(HUGE);
  child.munmap(0, HUGE);
  expect(child.process.mm.rssAnon).toBe(0);
  moving.finish();
  expect(usage(p.k).frames).toBe(before.frames);
});

test('mremap moves the entry of a huge page that is moving', () => {
  const p = touched();
  const moving = new MovingHuge(p);
  expect(p.events(() => p.mremap(0, HUGE, 2 * HUGE, MOVE))).toEqual({});
  const dst = moving.finish();
  expect([folioAt(p, 2 * HUGE), p.read(2 * HUGE + 5)]).toEqual([dst, 7]);
  expect(smaps(p)).toMatchObject({ AnonHugePages: 2048 });
});

test('while it moves a huge page is swapped to pagemap, resident to smaps and there to mincore', () => {
  const p = touched();
  p.fork();
  const moving = new MovingHuge(p);
  const [, , , , , sixth] = entriesAt(p);
  expect(sixth!.huge && !ptePresent(p.k, sixth!.pte)).toBe(true);
  expect(pageView(p.k, p.vma(0), sixth!.pte).bits).toBe('SD');
  expect(smaps(p)).toMatchObject({ Rss: 2048, AnonHugePages: 2048, Swap: 0 });
  expect(run(doMincore(p.k, p.process.mm, p.address(0), p.address(HUGE)))).toEqual(Array(HUGE).fill(1));
  run(clearRefsWrite(p.k, p.process.mm));
  expect(pageView(p.k, p.vma(0), entriesAt(p)[5]!.pte).bits).toBe('S');
  moving.finish();
  expect(smaps(p)).toMatchObject({ Rss: 2048, Pss: 1024 });
});

test('advice passes a huge page over that is moving, and mlock finds it when it has arrived', () => {
  const p = touched();
  const moving = new MovingHuge(p);
  expect(
    p.events(() =>
      ['MADV_COLD', 'MADV_PAGEOUT', 'MADV_FREE'].forEach((advice) =>
        p.madvise(0, HUGE, advice as 'MADV_COLD'),
      ),
    ),
  ).toEqual({});
  expect(kindAt(p)).toBe('migration-write');
  moving.finish();
  expect(p.read(5)).toBe(7);
});

test('write-protection of userfaultfd reaches a huge page that is moving since 24bf08c4376b', () => {
  const protectedAfter = (without: readonly string[]) => {
    const p = touched({ without });
    const uffd = p.process.userfaultfd();
    uffd.register(p.address(0), HUGE, 'wp');
    const moving = new MovingHuge(p);
    uffd.writeprotect(p.address(0), HUGE);
    moving.finish();
    return pmdUffdWp(p.k, pmdOf(p));
  };
  expect([protectedAfter([]), protectedAfter(['24bf08c4376b'])]).toEqual([true, false]);
});

const move = (p: HugeLayout, page: number) => run(doPagesMove(p.k, p.process.mm, p.address(page), false));

test('move_pages moves a huge page whole, whichever of its pages is named', () => {
  const p = touched();
  const before = folioAt(p);
  const { pgmigrate_success } = p.linux.vmstat;
  expect(p.events(() => expect(move(p, 9)).toBe(0))).toEqual({ thp_migration_success: 1 });
  expect(p.linux.vmstat.pgmigrate_success).toBe(pgmigrate_success! + HUGE);
  expect(folioAt(p)).not.toBe(before);
  expect([p.read(5), p.read(6)]).toEqual([7, 0]);
  expect(smaps(p)).toMatchObject({ AnonHugePages: 2048 });
  expect(usage(p.k).frames).toBe(HUGE);
});

test('without entries for moving huge pages, on 32-bit x86, a huge page is split and moved page by page', () => {
  const p = touched({ arch: 'x86_32_pae' });
  const events = p.events(() => expect(move(p, 9)).toBe(0));
  expect(events).toMatchObject({ thp_migration_fail: 1, thp_migration_split: 1, thp_split_page: 1 });
  expect([p.read(5), p.read(6)]).toEqual([7, 0]);
  expect(smaps(p)).toMatchObject({ Rss: 2048, AnonHugePages: 0 });
  expect(usage(p.k).frames).toBe(HUGE);
});

test('without a huge frame to go to, a huge page is split and moved page by page', () => {
  const p = touched({ memory: '4MiB' });
  const events = p.events(() => move(p, 9));
  expect(events).toMatchObject({ thp_migration_split: 1, thp_split_page: 1 });
  expect([p.read(5), p.read(6)]).toEqual([7, 0]);
});

test('a huge page that is pinned stays where it is, mapped as before', () => {
  const p = touched();
  const before = folioAt(p);
  const pin = p.process.pin(p.address(9), 1, { write: true });
  expect(p.events(() => expect(move(p, 9)).toBe(-EBUSY))).toEqual({ thp_migration_fail: 1 });
  expect([folioAt(p), kindAt(p), stateAt(p)]).toEqual([before, 'leaf', { write: true, exclusive: true }]);
  pin.release();
});

test('a huge page of which a part is unmapped is split before it moves since 7262f208ca68', () => {
  const events = (release: string) => {
    const p = touched({ release });
    p.munmap(0, 4);
    return p.events(() => expect(move(p, 9)).toBe(0));
  };
  expect(events('6.1')).toEqual({ thp_migration_success: 1 });
  expect(events('6.12')).toMatchObject({ thp_migration_split: 1, thp_split_page: 1 });
});
