import { expect, test } from 'vitest';
import { PageAnonExclusive, pageMapcount, pageRefcount } from '../../kernel-lib/folio/frame.js';
import { pteDirty, pteWrite, pteYoung } from '../../kernel-lib/pgtable/pte.js';
import { checkInvariants } from '../../kernel-lib/walk/invariants.js';
import { pageView } from '../../kernel-lib/walk/page.js';
import { showSmap } from '../../kernel-lib/walk/smaps.js';
import type { Layout } from '../mmap/layout.js';
import { Moving, frameAt, kindAt, process, pteAt } from './moving.js';

function stateAt(p: Layout, page: number) {
  const pte = pteAt(p, page);
  return { write: pteWrite(p.k, pte), exclusive: PageAnonExclusive(p.k, frameAt(p, page)) };
}

/** One page with byte 7, brought into a state; what entry it leaves while it moves, and how it comes back. */
function moved(prepare: (p: Layout) => void) {
  const p = process({ release: '6.1' });
  p.mmap(0, 1);
  p.write(0, 7);
  prepare(p);
  const moving = new Moving(p, 0);
  const kind = kindAt(p, 0);
  expect(moving.finish()).toBe(frameAt(p, 0));
  expect(frameAt(p, 0)).not.toBe(moving.src);
  checkInvariants(p.k);
  expect(p.read(0)).toBe(7);
  return { kind, ...stateAt(p, 0) };
}

test('a page moves with a writable, a read-exclusive or a read entry and comes back as it was', () => {
  expect(moved(() => {})).toEqual({ kind: 'migration-write', write: true, exclusive: true });
  expect(moved((p) => p.mprotect(0, 1, 'r'))).toEqual({
    kind: 'migration-read-exclusive',
    write: false,
    exclusive: true,
  });
  expect(moved((p) => p.fork())).toEqual({ kind: 'migration-read', write: false, exclusive: false });
});

test('a page of a shared mapping leaves a read or a write entry, never an exclusive one', () => {
  const p = process({ release: '6.1' });
  p.mmap(0, 1, 'rw', null, true);
  p.write(0, 7);
  const writable = new Moving(p, 0);
  expect(kindAt(p, 0)).toBe('migration-write');
  writable.finish();
  p.mprotect(0, 1, 'r');
  const readable = new Moving(p, 0);
  expect(kindAt(p, 0)).toBe('migration-read');
  readable.finish();
  expect(p.read(0)).toBe(7);
  checkInvariants(p.k);
});

test('a moving page keeps young and dirty where a swap offset has room for them', () => {
  const bits = (arch: string) => {
    const p = process({ release: '6.1', arch });
    p.mmap(0, 1);
    p.write(0, 7);
    new Moving(p, 0).finish();
    return [pteYoung(p.k, pteAt(p, 0)), pteDirty(p.k, pteAt(p, 0))];
  };
  expect(bits('x86_64')).toEqual([true, true]);
  expect(bits('alpha')).toEqual([false, false]);
});

test('who touches a moving page waits for it', () => {
  const p = process({ release: '6.1' });
  p.mmap(0, 1);
  p.write(0, 7);
  new Moving(p, 0);
  expect(() => p.read(0)).toThrow(/would block on a page that is moving/);
});

test('a page that is forked while it moves is shared by parent and child afterwards', () => {
  const p = process({ release: '6.1' });
  p.mmap(0, 1);
  p.write(0, 7);
  const moving = new Moving(p, 0);
  const child = p.fork();
  expect([kindAt(p, 0), kindAt(child, 0)]).toEqual(['migration-read', 'migration-read']);
  const dst = moving.finish();
  expect([frameAt(p, 0), frameAt(child, 0), pageMapcount(p.k, dst)]).toEqual([dst, dst, 2]);
  expect(stateAt(p, 0)).toEqual({ write: false, exclusive: false });
  checkInvariants(p.k);
  p.write(0, 8);
  expect(child.read(0)).toBe(7);
});

test('mprotect takes the right to write from a moving page for good, and leaves it exclusive', () => {
  const p = process({ release: '6.1' });
  p.mmap(0, 1);
  p.write(0, 7);
  const moving = new Moving(p, 0);
  p.mprotect(0, 1, 'r');
  expect(kindAt(p, 0)).toBe('migration-read-exclusive');
  p.mprotect(0, 1, 'rw');
  expect(kindAt(p, 0)).toBe('migration-read-exclusive');
  const dst = moving.finish();
  expect(stateAt(p, 0)).toEqual({ write: false, exclusive: true });
  p.write(0, 8);
  expect(frameAt(p, 0)).toBe(dst);
  checkInvariants(p.k);
});

test('a moving page that is unmapped is freed when it arrives', () => {
  const p = process({ release: '6.1' });
  p.mmap(0, 1);
  p.write(0, 7);
  const moving = new Moving(p, 0);
  expect(p.process.mm.rssAnon).toBe(1);
  p.madvise(0, 1, 'MADV_DONTNEED');
  expect(p.process.mm.rssAnon).toBe(0);
  const dst = moving.finish();
  expect([pageRefcount(p.k, dst), p.read(0)]).toEqual([0, 0]);
});

test('while it moves a page is swapped to pagemap and resident and private to smaps', () => {
  const p = process({ release: '6.1' });
  p.mmap(0, 1);
  p.write(0, 7);
  p.fork();
  const moving = new Moving(p, 0);
  expect(pageView(p.k, p.vma(0), pteAt(p, 0)).bits).toBe('SD');
  expect(showSmap(p.k, p.vma(0))).toMatchObject({ Rss: 4, Pss: 4, Private_Dirty: 4, Swap: 0 });
  moving.finish();
  expect(showSmap(p.k, p.vma(0))).toMatchObject({ Rss: 4, Pss: 2, Shared_Dirty: 4 });
});
