import { expect, test } from 'vitest';
import { EBUSY } from '../../kernel-lib/base/errno.js';
import { allocPipeInfo, pipeRead, vmspliceToPipe } from '../../kernel-lib/sys/pipe.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { pageView } from '../../kernel-lib/walk/page.js';
import { ptesOf } from '../../kernel-lib/walk/ptes.js';
import { checkInvariants } from '../../kernel-lib/walk/invariants.js';
import { Layout } from '../mmap/layout.js';

const kindsOf = (p: Layout) =>
  Array.from(ptesOf(p.k, p.vma(0)), ({ pte }) => pageView(p.k, p.vma(0), pte).kind);

/** Two pages with the bytes 1 and 2, all of whose processes are checked after each step. */
function twoPages(release: string): Layout {
  const linux = boot({ release, swap: '1MiB' });
  const p = new Layout(release, linux.spawn('p'), linux.machine);
  p.mmap(0, 2);
  p.write(0, 1);
  p.write(1, 2);
  return p;
}

test('a lost page leaves a hwpoison entry, at which every access ends with SIGBUS, also in a child', () => {
  const p = twoPages('6.1');
  p.k.current = p.process.task;
  expect(p.madvise(0, 1, 'MADV_HWPOISON')).toBe(0);
  expect(kindsOf(p)).toEqual(['hwpoison', 'present']);
  const child = p.fork();
  for (const process of [p, child]) {
    expect(() => process.read(0)).toThrow(/SIGBUS \(si_code 4\)/);
    expect(process.read(1)).toBe(2);
  }
  checkInvariants(p.k);
  expect(p.madvise(0, 1, 'MADV_DONTNEED')).toBe(0);
  expect(p.read(0)).toBe(0);
});

test('who injects a failure into dirty memory of its own gets SIGBUS during the call, since v6.11', () => {
  const code = (release: string) => {
    const p = twoPages(release);
    p.k.current = p.process.task;
    p.madvise(0, 1, 'MADV_HWPOISON');
    return p.process.task.sigbusCode;
  };
  expect([code('6.5'), code('6.12')]).toEqual([0, 4]);
});

test('a page that is lost while its clean copy is in swap comes back from there', () => {
  const p = twoPages('6.1');
  p.madvise(0, 1, 'MADV_PAGEOUT');
  p.read(0);
  expect(p.madvise(0, 1, 'MADV_HWPOISON')).toBe(0);
  expect(kindsOf(p)[0]).toBe('swap');
  expect(p.read(0)).toBe(1);
});

test('soft-offlining moves a page: content, mappings and exclusiveness stay, the frame changes', () => {
  for (const release of ['6.1', '6.12']) {
    const p = twoPages(release);
    const child = p.fork();
    const frame = () => {
      const [pte] = ptesOf(p.k, p.vma(0));
      const page = pageView(p.k, p.vma(0), pte!.pte);
      return page.kind === 'present' ? page.frame : page.kind;
    };
    const before = frame();
    expect(p.madvise(0, 1, 'MADV_SOFT_OFFLINE')).toBe(0);
    expect(frame()).not.toBe(before);
    checkInvariants(p.k);
    expect([p.read(0), child.read(0)]).toEqual([1, 1]);
    p.write(0, 7);
    expect([p.read(0), child.read(0)]).toEqual([7, 1]);
    checkInvariants(p.k);
  }
});

test('a page that a pipe holds cannot move: -EBUSY, and it stays as it was', () => {
  const p = twoPages('6.1');
  const pipe = allocPipeInfo(p.k);
  run(vmspliceToPipe(p.k, p.process.mm, p.address(0), 1, pipe));
  expect(p.madvise(0, 1, 'MADV_SOFT_OFFLINE')).toBe(-EBUSY);
  checkInvariants(p.k);
  p.write(0, 9);
  expect(run(pipeRead(p.k, pipe))).toBe(9);
});
