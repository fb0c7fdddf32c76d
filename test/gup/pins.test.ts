import { describe, expect, test } from 'vitest';
import { EFAULT, EIO, EOPNOTSUPP } from '../../kernel-lib/base/errno.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { kmemCacheZalloc } from '../../kernel-lib/machine/slab.js';
import { run } from '../../kernel-lib/step/step.js';
import { directRead, directWrite } from '../../kernel-lib/sys/direct-io.js';
import {
  type PinnedPages,
  ioPinPages,
  pinnedPage,
  releasePins,
  vaddrGetPfns,
} from '../../kernel-lib/sys/pins.js';
import { allocPipeInfo, pipeRead, vmspliceToPipe } from '../../kernel-lib/sys/pipe.js';
import { memRw, processVmRw } from '../../kernel-lib/sys/remote-access.js';
import { FILE_ZERO, FMODE_READ, FMODE_WRITE, File } from '../../kernel-lib/vma/file.js';
import { Layout } from '../mmap/layout.js';

const pinOf = (pins: PinnedPages | number) => {
  if (typeof pins === 'number') throw new Error(`pinning failed with ${pins}`);
  return pins;
};

/** The frame that a read-only long-term pin took, and whether a later store still reaches it. */
function longtermPin(release: string, prepare: (p: Layout) => void) {
  const p = new Layout(release);
  p.mmap(0, 1);
  prepare(p);
  const pins = pinOf(run(vaddrGetPfns(p.k, p.process.mm, p.address(0), 1, false)));
  const frame = pinnedPage(p.k, pins, 0);
  const before = p.process.faults.min;
  p.write(0, 9);
  const again = pinOf(run(vaddrGetPfns(p.k, p.process.mm, p.address(0), 1, false)));
  const same = pinnedPage(p.k, again, 0) === frame;
  run(releasePins(p.k, pins));
  run(releasePins(p.k, again));
  return { same, faults: p.process.faults.min - before };
}

describe('a read-only long-term pin', () => {
  test('of the zero page misses later stores, until it takes a page of its own in v6.2', () => {
    expect(longtermPin('6.1', (p) => p.read(0)).same).toBe(false);
    expect(longtermPin('6.5', (p) => p.read(0)).same).toBe(true);
  });

  test('of a page that a fork shared takes it over first', () => {
    for (const release of ['6.1', '6.5', '6.12']) {
      const shared = longtermPin(release, (p) => {
        p.write(0, 1);
        p.fork();
      });
      expect(shared.same).toBe(true);
    }
  });
});

test('fork gives the child a copy of a page that is pinned', () => {
  const p = new Layout('6.1');
  p.mmap(0, 1);
  p.write(0, 1);
  const pins = pinOf(run(ioPinPages(p.k, p.process.mm, p.address(0), 1)));
  const child = p.fork();
  const before = p.process.faults.min;
  p.write(0, 2);
  expect(p.process.faults.min).toBe(before);
  expect([p.read(0), child.read(0)]).toEqual([2, 1]);
  expect(run(releasePins(p.k, pins))).toBe(1);
});

test('a pipe that vmsplice filled sees what is stored later, unless a fork made the store copy', () => {
  const seen = (fork: boolean) => {
    const p = new Layout('6.1');
    const pipe = allocPipeInfo(p.k);
    p.mmap(0, 1);
    p.write(0, 1);
    if (fork) p.fork();
    expect(run(vmspliceToPipe(p.k, p.process.mm, p.address(0), 1, pipe))).toBe(4096);
    p.write(0, 2);
    return run(pipeRead(p.k, pipe));
  };
  expect(seen(false)).toBe(2);
  expect(seen(true)).toBe(1);
});

test('process_vm_writev needs permission, /proc/PID/mem forces it on private memory up to v6.12', () => {
  const p = new Layout('6.12');
  p.mmap(0, 1, 'r');
  p.mmap(4, 5, 'r', null, true);
  const { k } = p;
  const { mm } = p.process;
  expect(run(processVmRw(k, mm, p.address(0), 7))).toBe(-EFAULT);
  expect(run(memRw(k, mm, p.address(0), 7))).toBe(7);
  expect(p.read(0)).toBe(7);
  expect(run(memRw(k, mm, p.address(4), 7))).toBe(-EIO);
  const q = new Layout('7.2');
  q.mmap(0, 1, 'r');
  expect(run(memRw(q.k, q.process.mm, q.address(0), 7))).toBe(-EIO);
  expect(run(memRw(q.k, q.process.mm, q.address(0)))).toBe(0);
});

test('an O_DIRECT write unshares its source since v6.3', () => {
  const faults = (release: string) => {
    const p = new Layout(release);
    p.mmap(0, 1);
    p.write(0, 1);
    p.fork();
    const before = p.process.faults.min;
    run(directWrite(p.k, p.process.mm, p.address(0)));
    return p.process.faults.min - before;
  };
  expect([faults('6.1'), faults('6.5')]).toEqual([0, 1]);
});

test('an O_DIRECT read fills the whole page behind the back of the page table', () => {
  const p = new Layout('6.1');
  p.mmap(0, 1);
  expect(run(directRead(p.k, p.process.mm, p.address(0), 0x5a))).toBe(4096);
  expect(p.read(0)).toBe(0x5a);
  expect(run(directRead(p.k, p.process.mm, p.address(7), 0x5a))).toBe(-EFAULT);
});

test('io_uring refuses private mappings of /dev/zero before v6.5', () => {
  const register = (release: string) => {
    const p = new Layout(release);
    const zero = kmemCacheZalloc(p.k, File);
    zero.fMode = FMODE_READ | FMODE_WRITE;
    zero.fOp = FILE_ZERO;
    p.mmap(0, 1, 'rw', zero);
    const pins = run(ioPinPages(p.k, p.process.mm, p.address(0), 1));
    return typeof pins === 'number' ? pins : pins.nrPages;
  };
  expect([register('6.1'), register('6.5')]).toEqual([-EOPNOTSUPP, 1]);
});

test('after everything is gone no page is left', () => {
  const p = new Layout('6.12');
  const used = p.k.globals.nrUsedFrames;
  p.mmap(0, 4);
  p.write(0, 1);
  const pipe = allocPipeInfo(p.k);
  run(vmspliceToPipe(p.k, p.process.mm, p.address(0), 2, pipe));
  const pins = pinOf(run(ioPinPages(p.k, p.process.mm, p.address(0), 4)));
  p.munmap(0, 4);
  expect(p.k.globals.nrUsedFrames).toBeGreaterThan(used);
  run(pipeRead(p.k, pipe));
  run(pipeRead(p.k, pipe));
  run(releasePins(p.k, pins));
  p.process.exit();
  // Pages that are on no list yet are held by the CPU's batches.
  run(lruAddDrain(p.k));
  expect(p.k.globals.nrUsedFrames).toBe(used);
});
