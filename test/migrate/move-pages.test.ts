import { expect, test } from 'vitest';
import { EACCES, EBUSY, EFAULT, ENOENT } from '../../kernel-lib/base/errno.js';
import { PG_swapcache } from '../../kernel-lib/folio/flags.js';
import { testFlag } from '../../kernel-lib/folio/frame.js';
import { ksmDoScan } from '../../kernel-lib/ksm/scan.js';
import { doPagesMove } from '../../kernel-lib/migrate/move-pages.js';
import { run } from '../../kernel-lib/step/step.js';
import { ioPinPages, releasePins } from '../../kernel-lib/sys/pins.js';
import { allocPipeInfo, pipeRead, vmspliceToPipe } from '../../kernel-lib/sys/pipe.js';
import { checkInvariants } from '../../kernel-lib/walk/invariants.js';
import type { Layout } from '../mmap/layout.js';
import { frameAt, kindAt, process } from './moving.js';

const move = (p: Layout, page: number, all = false) =>
  run(doPagesMove(p.k, p.process.mm, p.address(page), all));

function written(nrPages: number): Layout {
  const p = process({ release: '6.1' });
  p.mmap(0, nrPages);
  for (let page = 0; page < nrPages; page++) p.write(page, 7);
  return p;
}

test('a page moves to another frame, and nobody who maps it sees a difference', () => {
  const p = written(1);
  const before = frameAt(p, 0);
  expect(move(p, 0)).toBe(0);
  expect(frameAt(p, 0)).not.toBe(before);
  const { min } = p.process.faults;
  expect(p.read(0)).toBe(7);
  p.write(0, 8);
  expect(p.process.faults.min).toBe(min);
  checkInvariants(p.k);
});

test('a page that a child maps, too, moves only for who asks for all', () => {
  const p = written(1);
  const child = p.fork();
  expect(move(p, 0)).toBe(-EACCES);
  expect(move(p, 0, true)).toBe(0);
  expect(frameAt(child, 0)).toBe(frameAt(p, 0));
  checkInvariants(p.k);
});

test('where nothing is mapped nothing moves: -EFAULT without a mapping or on the zero page, -ENOENT on a hole', () => {
  const p = written(1);
  p.mmap(4, 6);
  p.read(5);
  expect([move(p, 2), move(p, 4), move(p, 5)]).toEqual([-EFAULT, -ENOENT, -EFAULT]);
});

test('a page that a pipe or a pin holds stays where it is, and exclusive: -EBUSY', () => {
  const p = written(2);
  const pipe = allocPipeInfo(p.k);
  run(vmspliceToPipe(p.k, p.process.mm, p.address(0), 1, pipe));
  const pins = run(ioPinPages(p.k, p.process.mm, p.address(1), 1));
  const frames = [frameAt(p, 0), frameAt(p, 1)];
  expect([move(p, 0), move(p, 1)]).toEqual([-EBUSY, -EBUSY]);
  expect([frameAt(p, 0), frameAt(p, 1)]).toEqual(frames);
  checkInvariants(p.k);
  expect(run(pipeRead(p.k, pipe))).toBe(7);
  if (typeof pins !== 'number') run(releasePins(p.k, pins));
  expect([move(p, 0), move(p, 1)]).toEqual([0, 0]);
});

test('a page in the swap cache takes its slot along', () => {
  const p = written(1);
  p.madvise(0, 1, 'MADV_PAGEOUT');
  expect(kindAt(p, 0)).toBe('swap');
  expect(p.read(0)).toBe(7);
  expect(testFlag(p.k, frameAt(p, 0), PG_swapcache)).toBe(true);
  expect(move(p, 0)).toBe(0);
  expect(testFlag(p.k, frameAt(p, 0), PG_swapcache)).toBe(true);
  checkInvariants(p.k);
  p.madvise(0, 1, 'MADV_PAGEOUT');
  expect(p.read(0)).toBe(7);
});

test('a page that KSM merged moves with all that share it', () => {
  const p = written(2);
  p.madvise(0, 2, 'MADV_MERGEABLE');
  for (let scan = 0; scan < 6; scan++) run(ksmDoScan(p.k));
  expect(frameAt(p, 0)).toBe(frameAt(p, 1));
  expect(move(p, 0, true)).toBe(0);
  expect(frameAt(p, 0)).toBe(frameAt(p, 1));
  p.write(0, 8);
  expect([p.read(0), p.read(1)]).toEqual([8, 7]);
});
