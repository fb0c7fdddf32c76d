import { describe, expect, test } from 'vitest';
import { arches } from '../../kernel-lib/arch/variants.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import type { Process } from '../../kernel-lib/sys/process.js';
import { memRw } from '../../kernel-lib/sys/remote-access.js';
import { checkInvariants } from '../../kernel-lib/walk/invariants.js';
import { usage } from '../../kernel-lib/walk/usage.js';

/** Before and after the series that gave swap PTEs an exclusive marker, and the newest. */
const releases = ['6.1', '6.5', '7.2'];

/** Its protection_map makes private memory writable from the start, so that nothing is ever copied on write. */
const WRITABLE_PRIVATE = 'm68k_coldfire';
const sound = arches.filter(({ id }) => id !== WRITABLE_PRIVATE);

/** Its PAGE_NONE is its PAGE_READONLY: whatever is resident can be read. */
const READABLE_NONE = 'm68k_sun3';
/** Its pte_modify() leaves _PAGE_WRITE where it was, and its handler of stores asks for no more. */
const WRITABLE_NONE = 'mips32_phys64_alchemy';

/** What they map with PAGE_NONE is not present to the kernel itself, so that GUP would look for it for ever. */
const ABSENT_NONE = ['csky_abiv1', 'csky_abiv2', 'sparc32'];

/** Whether a process may load from a page, and store to it. */
function allowed(process: Process, page: number): { load: boolean; store: boolean } {
  const done = (access: () => unknown) => {
    try {
      access();
      return true;
    } catch (error) {
      expect(String(error)).toContain('SIGSEGV');
      return false;
    }
  };
  return { load: done(() => process.read(page)), store: done(() => process.write(page, 1)) };
}

test.each(arches)('on $id PROT_NONE takes a resident page from its process', ({ id: arch }) => {
  const p = boot({ release: 'v6.2', arch }).spawn('p');
  const page = p.mmap(1);
  p.write(page, 7);
  p.mprotect(page, 1, '');
  expect(allowed(p, page)).toEqual({ load: arch === READABLE_NONE, store: arch === WRITABLE_NONE });
});

test.each(arches.filter(({ id }) => !ABSENT_NONE.includes(id)))(
  'on $id a page of PROT_NONE that only a debugger has stored to stays closed to its process',
  ({ id: arch }) => {
    const linux = boot({ release: 'v6.2', arch });
    const p = linux.spawn('p');
    const page = p.mmap(1, { prot: '' });
    expect(run(memRw(linux.machine, p.mm, page, 7))).toBe(7);
    expect(allowed(p, page)).toEqual({ load: arch === READABLE_NONE, store: false });
  },
);

test('ColdFire maps private memory writable that it shares: the first invariant finds that', () => {
  const linux = boot({ release: '6.1', arch: WRITABLE_PRIVATE, memory: '64MiB', swap: '4MiB' });
  const parent = linux.spawn('parent');
  const page = parent.mmap(1);
  parent.write(page, 1);
  parent.madvise(page, 'MADV_PAGEOUT');
  parent.fork('child');
  expect(() => parent.read(page)).toThrow('I1');
});

describe.each(sound)('on $id', ({ id: arch, kconfig }) => {
  test.each(releases)(
    '%s keeps what programs store, through fork and swap, and gives everything back',
    (release) => {
      // Where the configuration has no swap, page-table entries of swap need not work.
      const swap = kconfig.SWAP ? { swap: '4MiB' } : {};
      const linux = boot({ release, arch, memory: '64MiB', ...swap });
      const k = linux.machine;
      const parent = linux.spawn('parent');
      const check = () => checkInvariants(k);
      // More than one page table's worth of addresses, so that tables come and go.
      const pages = [0, 1, 2].map((page) => parent.mmap(1 + page));
      parent.munmap(pages[2]!, 3);
      const [a, b] = pages as [number, number];
      const before = usage(k);

      parent.write(a, 0x11);
      parent.write(b + k.pageSize, 0x22);
      check();
      const child = parent.fork('child');
      check();
      child.write(a, 0x33);
      parent.write(b, 0x44);
      check();
      for (const process of [parent, child]) {
        process.madvise(a, 'MADV_PAGEOUT');
        process.madvise(b, 'MADV_PAGEOUT', 2);
        check();
      }
      expect([parent.read(a), parent.read(b), parent.read(b + k.pageSize)]).toEqual([0x11, 0x44, 0x22]);
      expect([child.read(a), child.read(b), child.read(b + k.pageSize)]).toEqual([0x33, 0, 0x22]);
      check();
      child.write(b + k.pageSize, 0x55);
      expect(parent.read(b + k.pageSize)).toBe(0x22);
      check();
      parent.munmap(a, 1);
      expect(() => parent.read(a)).toThrow(/SIGSEGV/);
      check();
      child.exit();
      parent.munmap(b, 2);
      check();
      run(lruAddDrain(k));
      expect(usage(k)).toMatchObject({ frames: 0, slots: 0, swapCache: 0 });
      parent.exit();
      expect(usage(k)).toMatchObject({ tables: 0, frames: 0 });
      expect(before.frames).toBe(0);
    },
  );
});

test('an entry that maps nothing is what the architecture says, also in a table used again', () => {
  for (const arch of ['s390', 'xtensa']) {
    const linux = boot({ release: '6.5', arch, memory: '16MiB' });
    for (let round = 0; round < 2; round++) {
      const p = linux.spawn('p');
      const page = p.mmap(2);
      p.write(page, 1);
      expect(p.read(page + linux.machine.pageSize)).toBe(0);
      p.exit();
    }
    expect(linux.machine.pte.pteEmpty).not.toEqual({ lo: 0, hi: 0 });
  }
});
