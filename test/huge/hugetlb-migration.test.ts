import { describe, expect, test } from 'vitest';
import { EBUSY, EACCES } from '../../kernel-lib/base/errno.js';
import { PageAnonExclusive } from '../../kernel-lib/folio/frame.js';
import { setMaxHugePages } from '../../kernel-lib/huge/hugetlb.js';
import {
  type Unmapped,
  isolateMovable,
  migrateFolioDone,
  migrateFolioMove,
  migrateFolioUnmap,
} from '../../kernel-lib/migrate/migrate.js';
import { doPagesMove } from '../../kernel-lib/migrate/move-pages.js';
import { MREMAP_FIXED, MREMAP_MAYMOVE } from '../../kernel-lib/mmap/flags.js';
import { hugetlbFileSetup } from '../../kernel-lib/pagecache/hugetlb-file.js';
import { pmdAt } from '../../kernel-lib/pgtable/pmd.js';
import { pteNone, ptePfn, ptePresent, pteWrite } from '../../kernel-lib/pgtable/pte.js';
import { run } from '../../kernel-lib/step/step.js';
import { pteToSwpEntry } from '../../kernel-lib/swap/entry.js';
import { isReadableMigrationEntry, isWritableMigrationEntry } from '../../kernel-lib/swap/migration-entry.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { exitTask } from '../../kernel-lib/sys/task.js';
import { HMM_PFN_REQ_FAULT, hmmRangeFault } from '../../kernel-lib/walk/hmm.js';
import { doMincore } from '../../kernel-lib/walk/mincore.js';
import { pagemapRead } from '../../kernel-lib/walk/pagemap.js';
import { showSmap } from '../../kernel-lib/walk/smaps.js';
import { usage } from '../../kernel-lib/walk/usage.js';
import { ioPinPages, releasePins } from '../../kernel-lib/sys/pins.js';
import { Layout } from '../mmap/layout.js';

/** Small pages in a huge one. */
const H = 512;

/** A process that has written byte 7 to page 3 of a mapping of one huge page. */
function written(release = '6.1', { shared = false, nrHugePages = 2 } = {}): Layout {
  const linux = boot({ release, memory: '64MiB' });
  const p = new Layout('', linux.spawn('p'), linux.machine);
  setMaxHugePages(p.k, nrHugePages);
  p.mmap(0, H, 'rw', hugetlbFileSetup(p.k, 1), shared);
  p.write(3, 7);
  return p;
}

const entry = (p: Layout, page = 0) => pmdAt(p.k, p.process.mm.pgd, p.address(page));
const frame = (p: Layout, page = 0) => ptePfn(p.k, entry(p, page));
const pool = ({ k }: Layout) => [k.globals.nrHugePages, k.globals.freeHugePages, k.globals.resvHugePages];
const waits = /would block on a page that is moving/;

/** A huge page on its way: unmapped already, not yet mapped again. */
class Move {
  readonly src: number;
  readonly #p: Layout;
  readonly #unmapped: Unmapped;

  constructor(p: Layout) {
    this.#p = p;
    this.src = frame(p);
    expect(run(isolateMovable(p.k, this.src))).toBe(true);
    this.#unmapped = run(migrateFolioUnmap(p.k, this.src)) as Unmapped;
  }

  finish(): number {
    const { k } = this.#p;
    expect(run(migrateFolioMove(k, this.src, this.#unmapped))).toBe(0);
    run(migrateFolioDone(k, this.src, 'MR_SYSCALL'));
    return this.#unmapped.dst;
  }
}

describe.each(['6.1', '6.12'])('a page of hugetlb that is moving (%s)', (release) => {
  test.each([false, true])(
    'is waited for, and then is where it was, on another frame (shared: %s)',
    (shared) => {
      const p = written(release, { shared });
      const move = new Move(p);
      expect(isWritableMigrationEntry(p.k, pteToSwpEntry(p.k, entry(p)))).toBe(true);
      expect(() => p.read(3)).toThrow(waits);
      expect(() => p.write(5, 8)).toThrow(waits);
      const dst = move.finish();
      expect([frame(p), pteWrite(p.k, entry(p)), p.read(3)]).toEqual([dst, true, 7]);
      expect(dst).not.toBe(move.src);
      expect(pool(p)).toEqual([2, 1, 0]);
    },
  );

  test('is shared by fork: neither parent nor child may write to it afterwards', () => {
    const p = written(release, { nrHugePages: 3 });
    const move = new Move(p);
    const child = p.fork();
    for (const who of [p, child]) {
      expect(isReadableMigrationEntry(p.k, pteToSwpEntry(p.k, entry(who)))).toBe(true);
    }
    const dst = move.finish();
    expect([frame(p), frame(child), PageAnonExclusive(p.k, dst)]).toEqual([dst, dst, false]);
    p.write(3, 8);
    expect([p.read(3), child.read(3)]).toEqual([8, 7]);
  });

  test('that is unmapped meanwhile is freed when it arrives', () => {
    const p = written(release);
    const move = new Move(p);
    expect(p.madvise(0, H, 'MADV_DONTNEED')).toBe(0);
    expect(pteNone(p.k, entry(p))).toBe(true);
    move.finish();
    expect([pool(p)[1], p.read(3)]).toEqual([2, 0]);
  });

  test('keeps its place in its object, where another process finds it', () => {
    const p = written(release, { shared: true });
    new Move(p).finish();
    const child = p.fork();
    expect([child.read(3), frame(child)]).toEqual([7, frame(p)]);
  });

  test('follows mremap', () => {
    const p = written(release);
    const move = new Move(p);
    expect(p.mremap(0, H, 4 * H, MREMAP_MAYMOVE | MREMAP_FIXED)).toBe(4 * H);
    expect(() => p.read(4 * H + 3)).toThrow(waits);
    expect([move.finish(), p.read(4 * H + 3)]).toEqual([frame(p, 4 * H), 7]);
  });

  test('loses the right to write by mprotect, and stays exclusive', () => {
    const p = written(release);
    const move = new Move(p);
    p.mprotect(0, H, 'r');
    const dst = move.finish();
    expect([pteWrite(p.k, entry(p)), PageAnonExclusive(p.k, dst)]).toEqual([false, true]);
    p.mprotect(0, H, 'rw');
    p.write(3, 9);
    expect(frame(p)).toBe(dst);
  });

  test('is nothing to pagemap, in memory to mincore, and waited for by a device that wants it', () => {
    const p = written(release);
    new Move(p);
    const [start, end] = [p.address(3), p.address(4)];
    const [seen] = run(pagemapRead(p.k, p.process.mm, start, end, true));
    // Soft-dirty, as all of the mapping is.
    expect(seen).toBe(1n << 55n);
    expect(run(doMincore(p.k, p.process.mm, start, end))).toEqual([1]);
    expect(run(hmmRangeFault(p.k, p.process.mm, { start, end, defaultFlags: 0 }))).toEqual([
      { pfn: 0, flags: 0 },
    ]);
    const wanted = { start, end, defaultFlags: HMM_PFN_REQ_FAULT };
    expect(() => run(hmmRangeFault(p.k, p.process.mm, wanted))).toThrow(waits);
  });
});

test.each([
  ['6.1', 'Private_Hugetlb'],
  ['6.12', 'Shared_Hugetlb'],
])('to smaps a moving page is its own, and since 3689c3ebdd54 perhaps shared (%s)', (release, line) => {
  const p = written(release);
  new Move(p);
  expect(showSmap(p.k, p.vma(0))[line]).toBe(2048);
});

test('without a free page in the pool memory lends one, and gets the old one back', () => {
  const p = written('6.1', { nrHugePages: 1 });
  const { frames } = usage(p.k);
  const move = new Move(p);
  expect([pool(p), usage(p.k).frames]).toEqual([[2, 0, 0], frames + H]);
  move.finish();
  expect([pool(p), usage(p.k).frames, p.read(3)]).toEqual([[1, 0, 0], frames, 7]);
  run(exitTask(p.k, p.process.task));
  expect(pool(p).slice(0, 2)).toEqual([1, 1]);
});

test('what the pool has promised to another mapping is not taken to move a page', () => {
  const p = written('6.1');
  p.mmap(4 * H, 5 * H, 'rw', hugetlbFileSetup(p.k, 1));
  expect(pool(p)).toEqual([2, 1, 1]);
  new Move(p).finish();
  expect(pool(p)).toEqual([2, 1, 1]);
  p.write(4 * H, 1);
});

const move = (p: Layout, page: number, all = false) =>
  run(doPagesMove(p.k, p.process.mm, p.address(page), all));

test('move_pages moves a page of hugetlb by its first address, since b426ed7889be by any', () => {
  const results = (release: string) => {
    const p = written(release);
    return [move(p, 0), move(p, 3)];
  };
  expect([results('6.1'), results('6.12')]).toEqual([
    [0, -EACCES],
    [0, 0],
  ]);
});

test('move_pages leaves a page of hugetlb that another process maps, or that is moving already', () => {
  const p = written('6.1');
  const child = p.fork();
  expect(move(p, 0)).toBe(-EACCES);
  expect(move(p, 0, true)).toBe(0);
  expect(frame(child)).toBe(frame(p));
  run(isolateMovable(p.k, frame(p)));
  expect(move(p, 0, true)).toBe(-EBUSY);
});

test('a page of hugetlb that is pinned stays where it is, and exclusive', () => {
  const p = written('6.1');
  const pins = run(ioPinPages(p.k, p.process.mm, p.address(0), 1));
  const before = frame(p);
  expect(move(p, 0)).toBe(-EBUSY);
  expect([frame(p), ptePresent(p.k, entry(p)), PageAnonExclusive(p.k, before)]).toEqual([before, true, true]);
  if (typeof pins !== 'number') run(releasePins(p.k, pins));
  expect(move(p, 0)).toBe(0);
});
