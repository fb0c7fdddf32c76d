import { describe, expect, test } from 'vitest';
import { archById } from '../../kernel-lib/arch/variants.js';
import { errnoNames } from '../../kernel-lib/base/errno.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import * as flag from '../../kernel-lib/mmap/flags.js';
import { type Advice, doMadvise } from '../../kernel-lib/mmap/madvise.js';
import { mlock2, munlock } from '../../kernel-lib/mmap/mlock.js';
import { type MmapRequest, vmMmapPgoff } from '../../kernel-lib/mmap/mmap.js';
import { doMprotectPkey } from '../../kernel-lib/mmap/mprotect.js';
import { type MremapRequest, mremap } from '../../kernel-lib/mmap/mremap.js';
import { msync } from '../../kernel-lib/mmap/msync.js';
import { __vmMunmap } from '../../kernel-lib/mmap/munmap.js';
import { __shmemFileSetup } from '../../kernel-lib/pagecache/shmem-file.js';
import { releaseByName, resolvePatches } from '../../kernel-lib/patches/releases.js';
import { taskSize } from '../../kernel-lib/pgtable/table.js';
import { swapoff } from '../../kernel-lib/reclaim/swapoff.js';
import { type Step, run } from '../../kernel-lib/step/step.js';
import { SWP_WRITEOK, swapArea } from '../../kernel-lib/swap/area.js';
import { entryToPte, pteToSwpEntry, swpEntry } from '../../kernel-lib/swap/entry.js';
import {
  SWAP_FLAG_DISCARD,
  SWAP_FLAG_DISCARD_ONCE,
  SWAP_FLAG_PREFER,
  swapon,
} from '../../kernel-lib/swap/swapon.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { directRead, directWrite } from '../../kernel-lib/sys/direct-io.js';
import { makeMachine } from '../../kernel-lib/sys/machine.js';
import { ioPinPages, vaddrGetPfns } from '../../kernel-lib/sys/pins.js';
import { allocPipeInfo, vmspliceToPipe } from '../../kernel-lib/sys/pipe.js';
import { memRw, processVmRw } from '../../kernel-lib/sys/remote-access.js';
import { UFFD_FEATURE_MOVE, type UserfaultfdCtx } from '../../kernel-lib/uffd/ctx.js';
import { newUserfaultfd } from '../../kernel-lib/uffdio/api.js';
import { type Fill, userfaultfdFill } from '../../kernel-lib/uffdio/fill.js';
import { userfaultfdMove } from '../../kernel-lib/uffdio/move.js';
import { userfaultfdRegister, userfaultfdUnregister } from '../../kernel-lib/uffdio/register.js';
import { userfaultfdWriteprotect } from '../../kernel-lib/uffdio/writeprotect.js';
import { FMODE_READ, FMODE_WRITE, type File } from '../../kernel-lib/vma/file.js';
import { mincore } from '../../kernel-lib/walk/mincore.js';

const PAGE = 4096;
const BASE = 0x4000_0000;

/**
 * One process. Pages 0 to 3 are private and writable, 3 is a hole, 4 and 5 private and read-only, 6 and 7 shared memory
 * of a file that is open for reading, 8 and 9 shared anonymous memory, 10 and 11 locked; nothing lies above.
 */
class Caller {
  readonly k;
  readonly process;
  readonly file: File;

  constructor(release: string, arch = 'x86_64') {
    const linux = boot({ release, arch });
    this.k = linux.machine;
    this.process = linux.spawn('p');
    this.file = this.open(FMODE_READ);
    const { MAP_FIXED, MAP_PRIVATE, MAP_SHARED } = flag;
    this.mmap({ addr: this.at(0), len: 3 * PAGE, prot: 3, flags: MAP_FIXED | MAP_PRIVATE });
    this.mmap({ addr: this.at(4), len: 2 * PAGE, prot: 1, flags: MAP_FIXED | MAP_PRIVATE });
    this.mmap({ addr: this.at(6), len: 2 * PAGE, prot: 1, flags: MAP_FIXED | MAP_SHARED, file: this.file });
    this.mmap({ addr: this.at(8), len: 2 * PAGE, prot: 3, flags: MAP_FIXED | MAP_SHARED });
    this.mmap({ addr: this.at(10), len: 2 * PAGE, prot: 3, flags: MAP_FIXED | MAP_PRIVATE });
    run(mlock2(this.k, this.mm, this.at(10), 2 * PAGE, 0));
  }

  get mm() {
    return this.process.mm;
  }

  at(page: number): number {
    return BASE + page * PAGE;
  }

  open(mode: number): File {
    const file = __shmemFileSetup(this.k, 4);
    file.fMode = mode;
    return file;
  }

  mmap(request: Partial<MmapRequest>): number {
    const whole = { file: null, addr: 0, len: PAGE, prot: 3, flags: flag.MAP_PRIVATE, pgoff: 0, ...request };
    return run(vmMmapPgoff(this.k, this.mm, whole));
  }

  mremap(request: Partial<MremapRequest>): number {
    const whole = { addr: this.at(0), oldLen: PAGE, newLen: PAGE, flags: 0, newAddr: 0, ...request };
    return run(mremap(this.k, this.mm, whole));
  }

  madvise(page: number, nrPages: number, advice: string): number {
    return run(doMadvise(this.k, this.mm, this.at(page), nrPages * PAGE, advice as Advice));
  }

  uffd(registered?: { page: number; nrPages: number; mode: number }): UserfaultfdCtx {
    const ctx = newUserfaultfd(this.k, this.mm, 0) as UserfaultfdCtx;
    if (registered) this.register(ctx, registered.page, registered.nrPages, registered.mode);
    return ctx;
  }

  register(ctx: UserfaultfdCtx, page: number, nrPages: number, mode: number): number {
    return run(userfaultfdRegister(this.k, ctx, this.at(page), nrPages * PAGE, mode));
  }

  fill(ctx: UserfaultfdCtx, page: number, nrPages: number, fill: Fill): number {
    return run(userfaultfdFill(this.k, ctx, this.at(page), nrPages * PAGE, fill));
  }
}

/** What is asked, the call, and what comes back; the release, absent: v6.1. */
type Row = readonly [title: string, call: (c: Caller) => unknown, result: string, release?: string];

/** 'EINVAL' for -22; other results as they are. */
function named(result: unknown): string {
  return typeof result === 'number' && result < 0 ? errnoNames.get(-result)! : String(result);
}

function table(rows: readonly Row[]): void {
  const cases = rows.map(([title, call, result, release = 'v6.1']) => ({ title, call, result, release }));
  test.each(cases)('$title: $result', ({ call, result, release }) => {
    expect(named(call(new Caller(release)))).toBe(result);
  });
}

const { MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE } = flag;
const { MREMAP_DONTUNMAP, MREMAP_FIXED, MREMAP_MAYMOVE, MS_ASYNC, MS_INVALIDATE, MS_SYNC } = flag;
const FIXED_MOVE = MREMAP_FIXED | MREMAP_MAYMOVE;

describe('mmap', () => {
  table([
    ['no length', (c) => c.mmap({ len: 0 }), 'EINVAL'],
    ['a length that is 0 when rounded up', (c) => c.mmap({ len: -1 }), 'ENOMEM'],
    ['more than the address space', (c) => c.mmap({ len: 2 * taskSize(c.k) }), 'ENOMEM'],
    ['an offset that overflows', (c) => c.mmap({ pgoff: Number.MAX_SAFE_INTEGER }), 'EOVERFLOW'],
    [
      'a fixed address within a page',
      (c) => c.mmap({ addr: c.at(20) + 1, flags: MAP_FIXED | MAP_PRIVATE }),
      'EINVAL',
    ],
    [
      'a fixed address behind the end, within a page',
      (c) => c.mmap({ addr: taskSize(c.k) + 1, flags: MAP_FIXED | MAP_PRIVATE }),
      'ENOMEM',
    ],
    [
      'a place that is taken, and no type',
      (c) => c.mmap({ addr: c.at(1), flags: MAP_FIXED_NOREPLACE }),
      'EEXIST',
    ],
    ['neither shared nor private', (c) => c.mmap({ flags: 0 }), 'EINVAL'],
    ['anonymous memory with a type for files', (c) => c.mmap({ flags: MAP_SHARED_VALIDATE }), 'EINVAL'],
    [
      'a flag that a file does not know, and no permission',
      (c) => c.mmap({ file: c.file, flags: MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, addr: c.at(30) }),
      'EOPNOTSUPP',
    ],
    [
      'shared writing to a file open for reading',
      (c) => c.mmap({ file: c.file, flags: MAP_SHARED }),
      'EACCES',
    ],
    [
      'private writing to a file open for reading',
      (c) => c.mmap({ file: c.file, addr: c.at(30) }),
      String(BASE + 30 * PAGE),
    ],
    ['a file open for writing alone', (c) => c.mmap({ file: c.open(FMODE_WRITE), prot: 1 }), 'EACCES'],
  ]);
});

describe('munmap', () => {
  const munmap = (c: Caller, start: number, len: number) => run(__vmMunmap(c.k, c.mm, start, len));
  table([
    ['within a page', (c) => munmap(c, c.at(0) + 1, PAGE), 'EINVAL'],
    ['no length', (c) => munmap(c, c.at(0), 0), 'EINVAL'],
    ['a length below 0', (c) => munmap(c, c.at(0), -PAGE), 'EINVAL'],
    ['past the end of user memory', (c) => munmap(c, taskSize(c.k) - PAGE, 2 * PAGE), 'EINVAL'],
    ['a hole', (c) => munmap(c, c.at(3), PAGE), '0'],
  ]);
});

describe('mprotect', () => {
  const mprotect = (c: Caller, start: number, len: number, prot: number) =>
    run(doMprotectPkey(c.k, c.mm, start, len, prot));
  table([
    ['within a page, also without a length', (c) => mprotect(c, c.at(0) + 1, 0, 1), 'EINVAL'],
    ['no length, whatever the protection', (c) => mprotect(c, c.at(3), 0, 0x100), '0'],
    [
      'a length that is 0 when rounded up, whatever the protection',
      (c) => mprotect(c, c.at(0), -1, 0x100),
      'ENOMEM',
    ],
    ['a protection that there is not, in a hole', (c) => mprotect(c, c.at(3), PAGE, 0x100), 'EINVAL'],
    ['atomic operations', (c) => mprotect(c, c.at(0), PAGE, 1 | flag.PROT_SEM), '0'],
    ['a hole', (c) => mprotect(c, c.at(3), PAGE, 1), 'ENOMEM'],
    ['a hole further up', (c) => mprotect(c, c.at(2), 3 * PAGE, 1), 'ENOMEM'],
    ['shared memory of a file open for reading', (c) => mprotect(c, c.at(6), PAGE, 3), 'EACCES'],
  ]);

  test('what lies before a hole is changed all the same', () => {
    const c = new Caller('v6.1');
    mprotect(c, c.at(2), 3 * PAGE, 1);
    expect(() => c.process.write(c.at(2), 1)).toThrow('SIGSEGV');
  });
});

describe('mremap', () => {
  table([
    ['a flag that there is not', (c) => c.mremap({ flags: 8, addr: c.at(3) }), 'EINVAL'],
    ['a fixed place without moving', (c) => c.mremap({ flags: MREMAP_FIXED, addr: c.at(3) }), 'EINVAL'],
    ['DONTUNMAP without moving', (c) => c.mremap({ flags: MREMAP_DONTUNMAP }), 'EINVAL'],
    [
      'DONTUNMAP with another length, in a hole',
      (c) => c.mremap({ flags: MREMAP_DONTUNMAP | MREMAP_MAYMOVE, newLen: 2 * PAGE, addr: c.at(3) }),
      'EINVAL',
    ],
    ['within a page', (c) => c.mremap({ addr: c.at(3) + 1 }), 'EINVAL'],
    ['no new length, in a hole', (c) => c.mremap({ newLen: 0, addr: c.at(3) }), 'EINVAL'],
    ['a hole, to within a page', (c) => c.mremap({ addr: c.at(3), flags: FIXED_MOVE, newAddr: 1 }), 'EFAULT'],
    ['to within a page', (c) => c.mremap({ flags: FIXED_MOVE, newAddr: c.at(20) + 1 }), 'EINVAL'],
    ['to behind the end', (c) => c.mremap({ flags: FIXED_MOVE, newAddr: taskSize(c.k) }), 'EINVAL'],
    [
      'onto itself',
      (c) => c.mremap({ flags: FIXED_MOVE, oldLen: 2 * PAGE, newLen: 2 * PAGE, newAddr: c.at(1) }),
      'EINVAL',
    ],
    ['more than the mapping', (c) => c.mremap({ oldLen: 4 * PAGE, newLen: 5 * PAGE }), 'EFAULT'],
    ['growing into another mapping', (c) => c.mremap({ oldLen: 3 * PAGE, newLen: 5 * PAGE }), 'ENOMEM'],
    ['growing from the middle', (c) => c.mremap({ newLen: 2 * PAGE }), 'ENOMEM'],
    [
      'a second mapping of private memory',
      (c) => c.mremap({ oldLen: 0, newLen: 2 * PAGE, flags: MREMAP_MAYMOVE }),
      'EINVAL',
    ],
    [
      'growing without bounds',
      (c) => c.mremap({ newLen: taskSize(c.k) + PAGE, flags: MREMAP_MAYMOVE }),
      'ENOMEM',
    ],
  ]);
});

describe('madvise', () => {
  table([
    ['advice that there is not, without a length', (c) => c.madvise(0, 0, 'MADV_NOTHING'), 'EINVAL'],
    [
      'guards before there were any, without a length',
      (c) => c.madvise(0, 0, 'MADV_GUARD_INSTALL'),
      'EINVAL',
    ],
    ['guards', (c) => c.madvise(0, 0, 'MADV_GUARD_INSTALL'), '0', '7.2'],
    ['within a page, without a length', (c) => c.madvise(0.5, 0, 'MADV_COLD'), 'EINVAL'],
    ['a length below 0', (c) => c.madvise(0, -1, 'MADV_COLD'), 'EINVAL'],
    ['no length, in a hole', (c) => c.madvise(3, 0, 'MADV_COLD'), '0'],
    ['a hole', (c) => c.madvise(3, 1, 'MADV_COLD'), 'ENOMEM'],
    ['locked memory, cold', (c) => c.madvise(10, 1, 'MADV_COLD'), 'EINVAL'],
    ['locked memory, paged out', (c) => c.madvise(10, 1, 'MADV_PAGEOUT'), 'EINVAL'],
    ['locked memory, not needed', (c) => c.madvise(10, 1, 'MADV_DONTNEED'), 'EINVAL'],
    ['locked memory, not needed although', (c) => c.madvise(10, 1, 'MADV_DONTNEED_LOCKED'), '0'],
    ['locked memory, freed', (c) => c.madvise(10, 1, 'MADV_FREE'), 'EINVAL'],
    ['shared memory, freed', (c) => c.madvise(8, 1, 'MADV_FREE'), 'EINVAL'],
    ['private memory, removed', (c) => c.madvise(0, 1, 'MADV_REMOVE'), 'EINVAL'],
    ['locked memory, removed', (c) => c.madvise(10, 1, 'MADV_REMOVE'), 'EINVAL'],
    ['a file open for reading, removed', (c) => c.madvise(6, 1, 'MADV_REMOVE'), 'EACCES'],
    ['shared memory, wiped on fork', (c) => c.madvise(8, 1, 'MADV_WIPEONFORK'), 'EINVAL'],
    ['read-only memory, populated for writing', (c) => c.madvise(4, 1, 'MADV_POPULATE_WRITE'), 'EINVAL'],
    ['a hole, populated', (c) => c.madvise(3, 1, 'MADV_POPULATE_READ'), 'ENOMEM'],
    ['behind the end of the file, populated', (c) => populateBehindFile(c), 'EFAULT'],
    ['a hole, taken out of use', (c) => c.madvise(3, 1, 'MADV_SOFT_OFFLINE'), 'EFAULT'],
  ]);

  test.each(['MADV_HUGEPAGE', 'MADV_NOHUGEPAGE', 'MADV_COLLAPSE'])(
    '%s is no advice where there are no huge pages, not even without a length',
    (advice) => {
      expect(named(new Caller('v6.1', 'alpha').madvise(0, 0, advice))).toBe('EINVAL');
      expect(new Caller('v6.1').madvise(0, 0, advice)).toBe(0);
    },
  );

  function populateBehindFile(c: Caller): number {
    const addr = c.at(40);
    c.mmap({ addr, len: PAGE, prot: 1, flags: MAP_SHARED | MAP_FIXED, file: c.file, pgoff: 9 });
    return c.madvise(40, 1, 'MADV_POPULATE_READ');
  }
});

describe('mlock, munlock, msync and mincore', () => {
  const sync = (c: Caller, page: number, nrPages: number, flags: number) =>
    run(msync(c.k, c.mm, c.at(page), nrPages * PAGE, flags));
  const resident = (c: Caller, page: number, nrPages: number) =>
    run(mincore(c.k, c.mm, c.at(page), nrPages * PAGE));
  table([
    ['mlock2 with a flag that there is not', (c) => run(mlock2(c.k, c.mm, c.at(3), PAGE, 2)), 'EINVAL'],
    ['mlock within a page', (c) => run(mlock2(c.k, c.mm, c.at(0) + 1, 1, 0)), '0'],
    ['mlock of nothing in a hole', (c) => run(mlock2(c.k, c.mm, c.at(3), 0, 0)), '0'],
    ['mlock of a hole', (c) => run(mlock2(c.k, c.mm, c.at(2), 2 * PAGE, 0)), 'ENOMEM'],
    ['munlock of a hole', (c) => run(munlock(c.k, c.mm, c.at(3), PAGE)), 'ENOMEM'],
    ['msync with a flag that there is not', (c) => sync(c, 0, 0, 8), 'EINVAL'],
    ['msync within a page', (c) => sync(c, 0.5, 0, MS_SYNC), 'EINVAL'],
    ['msync now and later', (c) => sync(c, 0, 0, MS_SYNC | MS_ASYNC), 'EINVAL'],
    ['msync of nothing in a hole', (c) => sync(c, 3, 0, MS_SYNC), '0'],
    ['msync of a hole', (c) => sync(c, 2, 3, MS_SYNC), 'ENOMEM'],
    ['msync of locked memory, to be dropped', (c) => sync(c, 10, 1, MS_INVALIDATE), 'EBUSY'],
    ['mincore within a page', (c) => resident(c, 0.5, 1), 'EINVAL'],
    ['mincore behind the end', (c) => run(mincore(c.k, c.mm, taskSize(c.k), PAGE)), 'ENOMEM'],
    ['mincore of a hole further up', (c) => resident(c, 2, 2), 'ENOMEM'],
    ['mincore of two mappings', (c) => resident(c, 8, 4), '0,0,1,1'],
    ['mincore of nothing', (c) => resident(c, 3, 0), ''],
  ]);
});

describe('who takes pages of a process', () => {
  const vmsplice = (c: Caller, page: number, nrPages: number) =>
    run(vmspliceToPipe(c.k, c.mm, c.at(page), nrPages, allocPipeInfo(c.k)));
  const frames = (got: unknown) => (typeof got === 'number' ? got : 'pinned');
  const register = (c: Caller, page: number, nrPages: number) =>
    frames(run(ioPinPages(c.k, c.mm, c.at(page), nrPages)));
  const map = (c: Caller, page: number, write: boolean) =>
    frames(run(vaddrGetPfns(c.k, c.mm, c.at(page), 1, write)));
  table([
    ['vmsplice of a hole', (c) => vmsplice(c, 3, 1), 'EFAULT'],
    ['vmsplice up to a hole', (c) => vmsplice(c, 2, 2), String(PAGE)],
    ['vmsplice of nothing', (c) => vmsplice(c, 3, 0), '0'],
    ['process_vm_readv of a hole', (c) => run(processVmRw(c.k, c.mm, c.at(3))), 'EFAULT'],
    ['process_vm_writev to read-only memory', (c) => run(processVmRw(c.k, c.mm, c.at(4), 1)), 'EFAULT'],
    ['/proc/PID/mem, written in a hole', (c) => run(memRw(c.k, c.mm, c.at(3), 1)), 'EIO'],
    ['/proc/PID/mem, written where the process may not', (c) => run(memRw(c.k, c.mm, c.at(4), 7)), '7'],
    ['the same of shared memory of a file open for reading', (c) => run(memRw(c.k, c.mm, c.at(6), 7)), 'EIO'],
    ['an empty buffer of io_uring', (c) => register(c, 0, 0), 'EFAULT'],
    ['a buffer of io_uring above 1 GiB', (c) => register(c, 0, 2 ** 18 + 1), 'EFAULT'],
    ['a buffer of io_uring that reaches into a hole', (c) => register(c, 2, 2), 'EFAULT'],
    ['a read-only buffer of io_uring', (c) => register(c, 4, 1), 'EFAULT'],
    ['a buffer of io_uring in shared memory', (c) => register(c, 8, 1), 'pinned'],
    ['a device that writes to read-only memory', (c) => map(c, 4, true), 'EFAULT'],
    ['a device that reads it', (c) => map(c, 4, false), 'pinned'],
    ['O_DIRECT from between sectors', (c) => run(directWrite(c.k, c.mm, c.at(0) + 1)), 'EINVAL'],
    ['O_DIRECT from a hole', (c) => run(directWrite(c.k, c.mm, c.at(3))), 'EFAULT'],
    ['O_DIRECT into read-only memory', (c) => run(directRead(c.k, c.mm, c.at(4), 1)), 'EFAULT'],
  ]);
});

describe('swapon and swapoff', () => {
  const SLOTS = 256;
  /** A machine whose device is not in use yet. */
  const device = (nrSwapSlots = SLOTS, arch = 'x86_64') =>
    makeMachine({
      release: releaseByName('v6.3'),
      arch: archById(arch),
      patched: resolvePatches('v6.3', arch),
      nrFrames: 256,
      nrSwapSlots,
      nrCpus: 1,
    });
  const inUse = () => {
    const k = device();
    swapon(k, SLOTS, 0);
    return k;
  };
  const broken = (k: Machine) => {
    k.globals.swapIoFails = 1;
    return k;
  };
  /** The call that takes the slots out has come as far as its first step. */
  const leaving = () => {
    const k = inUse();
    swapArea(k)!.flags &= ~SWP_WRITEOK;
    return k;
  };
  const left = () => {
    const k = inUse();
    run(swapoff(k));
    return k;
  };
  const priority = SWAP_FLAG_PREFER | 7 | SWAP_FLAG_DISCARD | SWAP_FLAG_DISCARD_ONCE;

  test.each<[title: string, call: () => number, result: string]>([
    ['a flag that there is not, without a device', () => swapon(device(0), 2, 0, 1 << 19), 'EINVAL'],
    ['a flag that there is not, a device in use', () => swapon(inUse(), SLOTS, 0, 1 << 19), 'EINVAL'],
    ['a priority and discarding', () => swapon(device(), SLOTS, 0, priority), '0'],
    ['no device', () => swapon(broken(device(0)), 0, 0), 'ENOENT'],
    ['a device in use that cannot be read', () => swapon(broken(inUse()), 0, 0), 'EBUSY'],
    ['a device that swapoff has not left yet', () => swapon(leaving(), SLOTS, 0), 'EBUSY'],
    ['a device that cannot be read', () => swapon(broken(device()), 0, 0), 'EIO'],
    ['a header without slots', () => swapon(device(), 1, 0), 'EINVAL'],
    ['a header with more slots than the device', () => swapon(device(), SLOTS + 1, 0), 'EINVAL'],
    ['a device that swapoff has left', () => swapon(left(), SLOTS, 0), '0'],
    ['swapoff without a device', () => run(swapoff(device(0))), 'ENOENT'],
    ['swapoff of a device that is not in use', () => run(swapoff(device())), 'EINVAL'],
    ['swapoff during swapoff', () => run(swapoff(leaving())), 'EINVAL'],
    ['swapoff', () => run(swapoff(inUse())), '0'],
  ])('%s: %s', (_title, call, result) => {
    expect(named(call())).toBe(result);
  });

  test('slots that no entry can name are left unused', () => {
    const k = device(2 ** 21, 'nios2');
    expect(swapon(k, 2 ** 21, 0)).toBe(0);
    const { max, type } = swapArea(k)!;
    const last = swpEntry(type, max - 1);
    expect(max).toBe(2 ** 20);
    expect(pteToSwpEntry(k, entryToPte(k, last))).toBe(last);
    expect(pteToSwpEntry(k, entryToPte(k, swpEntry(type, max)))).not.toBe(swpEntry(type, max));
  });
});

describe('userfaultfd', () => {
  const MISSING = 1;
  const WP = 2;
  const zeros: Fill = { mode: 'zeropage' };
  const exited = (c: Caller, then: (ctx: UserfaultfdCtx) => Step<number>) => {
    const ctx = c.uffd({ page: 0, nrPages: 2, mode: MISSING });
    c.process.exit();
    return run(then(ctx));
  };
  const twoContexts = (c: Caller) => {
    c.uffd({ page: 0, nrPages: 1, mode: MISSING });
    return c.register(c.uffd(), 0, 2, MISSING);
  };
  const unregister = (c: Caller, page: number) => run(userfaultfdUnregister(c.k, c.uffd(), c.at(page), PAGE));
  const protect = (c: Caller, mode: number, page: number, nrPages: number) =>
    run(
      userfaultfdWriteprotect(c.k, c.uffd({ page: 0, nrPages: 2, mode }), c.at(page), nrPages * PAGE, true),
    );
  const filled = (c: Caller, page: number, nrPages: number, fill: Fill, mode = MISSING) =>
    c.fill(c.uffd({ page: 0, nrPages: 2, mode }), page, nrPages, fill);
  table([
    ['a feature that the kernel has not', (c) => newUserfaultfd(c.k, c.mm, UFFD_FEATURE_MOVE), 'EINVAL'],
    ['no mode', (c) => c.register(c.uffd(), 0, 1, 0), 'EINVAL'],
    ['a mode that there is not', (c) => c.register(c.uffd(), 0, 1, 8), 'EINVAL'],
    ['within a page', (c) => c.register(c.uffd(), 0.5, 1, MISSING), 'EINVAL'],
    ['part of a page', (c) => c.register(c.uffd(), 0, 0.5, MISSING), 'EINVAL'],
    ['nothing', (c) => c.register(c.uffd(), 0, 0, MISSING), 'EINVAL'],
    ['past the end of user memory', (c) => c.register(c.uffd(), 0, taskSize(c.k) / PAGE, MISSING), 'EINVAL'],
    ['a hole', (c) => c.register(c.uffd(), 3, 1, MISSING), 'EINVAL'],
    ['behind the last mapping', (c) => c.register(c.uffd(), 50, 1, MISSING), 'EINVAL'],
    ['memory that may never be written', (c) => c.register(c.uffd(), 6, 1, MISSING), 'EPERM'],
    ['memory of another userfaultfd', twoContexts, 'EBUSY'],
    [
      'a process that has exited',
      (c) => exited(c, (ctx) => userfaultfdRegister(c.k, ctx, BASE, PAGE, 1)),
      'ENOMEM',
    ],
    ['unregistering a hole', (c) => unregister(c, 3), 'EINVAL'],
    ['unregistering behind the last mapping', (c) => unregister(c, 50), 'EINVAL'],
    ['unregistering what is not registered', (c) => unregister(c, 0), '0'],
    ['filling part of a page', (c) => filled(c, 0, 0.5, zeros), 'EINVAL'],
    ['filling what is not registered', (c) => filled(c, 2, 1, zeros), 'ENOENT'],
    ['filling a hole', (c) => filled(c, 3, 1, zeros), 'ENOENT'],
    ['filling across a boundary', (c) => filled(c, 1, 2, zeros), 'ENOENT'],
    ['filling during an event', (c) => during(c), 'EAGAIN'],
    ['filling write-protected where that is not registered', (c) => filled(c, 0, 1, protectedCopy), 'EINVAL'],
    ['filling write-protected', (c) => filled(c, 0, 1, protectedCopy, MISSING | WP), '0'],
    ['filling what is full', (c) => full(c), 'EEXIST'],
    [
      'filling private memory with the page of its file',
      (c) => filled(c, 0, 1, { mode: 'continue' }),
      'EINVAL',
    ],
    ['poisoning before that could be asked for', (c) => filled(c, 0, 1, { mode: 'poison' }), 'EINVAL'],
    [
      'filling a process that has exited',
      (c) => exited(c, (ctx) => userfaultfdFill(c.k, ctx, BASE, PAGE, zeros)),
      'ESRCH',
    ],
    ['protecting what is registered for something else', (c) => protect(c, MISSING, 0, 1), 'ENOENT'],
    ['protecting across a boundary', (c) => protect(c, WP, 1, 2), 'ENOENT'],
    ['protecting part of a page', (c) => protect(c, WP, 0, 0.5), 'EINVAL'],
    ['moving before that could be asked for', (c) => move(c, 0, 2), 'EINVAL'],
    ['moving within a page', (c) => move(c, 0.5, 2), 'EINVAL', '6.12'],
    ['moving a hole', (c) => move(c, 0, 3), 'ENOENT', '6.12'],
    ['moving into what is not registered', (c) => move(c, 2, 0), 'EINVAL', '6.12'],
    ['moving an empty place', (c) => move(c, 0, 2), 'ENOENT', '6.12'],
  ]);

  const protectedCopy: Fill = { mode: 'copy', content: 1, wp: true };

  function during(c: Caller): number {
    const ctx = c.uffd({ page: 0, nrPages: 2, mode: MISSING });
    ctx.mmapChanging = 1;
    return c.fill(ctx, 0, 0.5, zeros);
  }

  function full(c: Caller): number {
    c.process.write(c.at(0), 1);
    return filled(c, 0, 1, zeros);
  }

  function move(c: Caller, to: number, from: number): number {
    const ctx = c.uffd({ page: 0, nrPages: 1, mode: MISSING });
    c.k.current = c.process.task;
    return run(userfaultfdMove(c.k, ctx, c.at(to), c.at(from), PAGE));
  }
});
