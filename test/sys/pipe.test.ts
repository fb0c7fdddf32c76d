import { expect, test } from 'vitest';
import { EAGAIN } from '../../kernel-lib/base/errno.js';
import { PG_swapcache } from '../../kernel-lib/folio/flags.js';
import { pageRefcount, testFlag } from '../../kernel-lib/folio/frame.js';
import { ptePfn } from '../../kernel-lib/pgtable/pte.js';
import { swapoff } from '../../kernel-lib/reclaim/swapoff.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { allocPipeInfo, pipeRead, vmspliceToPipe } from '../../kernel-lib/sys/pipe.js';
import { checkInvariants } from '../../kernel-lib/walk/invariants.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { Layout } from '../mmap/layout.js';

test('a pipe takes sixteen pages, then fewer than asked for, then none until one is read', () => {
  const p = new Layout('6.1');
  const pipe = allocPipeInfo(p.k);
  p.mmap(0, 20);
  for (let page = 0; page < 20; page++) p.write(page, page);
  const splice = (from: number, nrPages: number) =>
    run(vmspliceToPipe(p.k, p.process.mm, p.address(from), nrPages, pipe));
  expect(splice(0, 12)).toBe(12 * 4096);
  expect(splice(12, 8)).toBe(4 * 4096);
  expect(splice(16, 1)).toBe(-EAGAIN);
  run(lruAddDrain(p.k));
  // What there was no room for is let go.
  const held = Array.from(ptesOf(p.k, p.vma(0)), ({ pte }) => pageRefcount(p.k, ptePfn(p.k, pte)));
  expect(held).toEqual([...Array.from({ length: 16 }, () => 2), 1, 1, 1, 1]);
  expect(run(pipeRead(p.k, pipe))).toBe(0);
  expect(splice(16, 2)).toBe(4096);
});

/** X13: write, vmsplice, pageout, swapoff, write, read pipe. */
test.each([
  ['6.1', 'x86_32_pae', 0x11],
  ['6.5', 'x86_32_pae', 0x22],
  ['6.1', 'x86_64', 0x22],
] as const)(
  'on %s %s swapoff ends also when a pipe holds the page, which then shows %i',
  (release, arch, seen) => {
    const linux = boot({ release, arch, swap: '1MiB' });
    const k = linux.machine;
    const p = linux.spawn('p');
    const page = p.mmap(1);
    p.write(page, 0x11);
    const pipe = allocPipeInfo(k);
    run(vmspliceToPipe(k, p.mm, page, 1, pipe));
    p.madvise(page, 'MADV_PAGEOUT');
    expect(run(swapoff(k))).toBe(0);
    checkInvariants(k);
    p.write(page, 0x22);
    expect(run(pipeRead(k, pipe))).toBe(seen);
  },
);

test('swapoff ends when a pipe holds a page whose process has gone', () => {
  for (const shared of [false, true]) {
    const linux = boot({ release: '6.1', swap: '1MiB' });
    const k = linux.machine;
    const p = linux.spawn('p');
    const page = p.mmap(1, shared ? { flags: 'shared anon' } : {});
    p.write(page, 0x11);
    const pipe = allocPipeInfo(k);
    run(vmspliceToPipe(k, p.mm, page, 1, pipe));
    p.madvise(page, 'MADV_PAGEOUT');
    p.exit();
    expect(run(swapoff(k))).toBe(0);
    expect(testFlag(k, 32, PG_swapcache)).toBe(false);
    expect(run(pipeRead(k, pipe))).toBe(0x11);
  }
});
