import { expect, test } from 'vitest';
import { pmdAt, pmdTransHuge } from '../../kernel-lib/pgtable/pmd.js';
import { pudAt, pudLeaf, pudPfn } from '../../kernel-lib/pgtable/pud.js';
import { run } from '../../kernel-lib/step/step.js';
import { type BootOptions, type DaxOptions, boot } from '../../kernel-lib/sys/boot.js';
import type { Process } from '../../kernel-lib/sys/process.js';
import { HMM_PFN_VALID, HMM_PFN_WRITE, hmmRangeFault } from '../../kernel-lib/walk/hmm.js';

const PAGE = 4096;
const PMD = 512;
const PUD = 512 * PMD;

function withDevice(dax: DaxOptions, options: BootOptions = {}) {
  const linux = boot({ release: '6.1', checking: dax.align !== 'pud', ...options });
  const device = linux.daxDevice('dax0.0', dax);
  return { linux, device, user: linux.spawn('user') };
}

/** What maps an address: an entry of which size. */
function sizeOfEntry({ machine: k, mm }: Process, address: number): string {
  if (pudLeaf(pudAt(k, mm.pgd, address))) return 'pud';
  if (pmdTransHuge(k, pmdAt(k, mm.pgd, address))) return 'pmd';
  return 'smaller';
}

test('one fault maps a whole GiB of a device, and stores reach its memory', () => {
  const { device, user } = withDevice({ pages: PUD, align: 'pud' });
  const at = user.mmap(PUD, { file: device });
  user.write(at + 7 * PAGE, 70);
  user.write(at + (PUD - 1) * PAGE, 71);
  expect(user.faults).toEqual({ min: 1, maj: 0 });
  expect(sizeOfEntry(user, at)).toBe('pud');
  expect([device.content(7), device.content(PUD - 1), device.content(0)]).toEqual([70, 71, 0]);
  expect(device.hugeFaults).toBe(1);
});

test.each([[], ['?pagewalk-pud-once']])(
  'HMM tells where a page of a GiB lies, and leaves the entry whole (patches: %j)',
  (...patches) => {
    const { device, user } = withDevice({ pages: PUD, align: 'pud' }, { with: patches });
    const at = user.mmap(PUD, { file: device });
    user.write(at, 1);
    const start = at + 7 * PAGE;
    const { machine: k, mm } = user;
    const first = pudPfn(k, pudAt(k, mm.pgd, at));
    const found = run(hmmRangeFault(k, mm, { start, end: start + PAGE, defaultFlags: 0 }));
    expect(found).toEqual([{ pfn: first + 7, flags: HMM_PFN_VALID | HMM_PFN_WRITE }]);
    expect(sizeOfEntry(user, at)).toBe('pud');
  },
);

test('a mapping that holds no whole GiB gets entries of 2 MiB, and of a page at its ends', () => {
  const { device, user } = withDevice({ pages: PUD, align: 'pud' });
  const at = user.mmap(PMD + 5, { file: device });
  user.write(at, 1);
  user.write(at + PMD * PAGE, 2);
  expect([sizeOfEntry(user, at), sizeOfEntry(user, at + PMD * PAGE)]).toEqual(['pmd', 'smaller']);
  expect([device.content(0), device.content(PMD)]).toEqual([1, 2]);
});

test('unmapping a part of a GiB splits it: the entry goes, and faults bring the rest back in smaller ones', () => {
  const { linux, device, user } = withDevice({ pages: PUD, align: 'pud' });
  const at = user.mmap(PUD, { file: device });
  user.write(at + 9 * PAGE, 9);
  user.munmap(at, 1);
  expect(linux.vmstat.thp_split_pud).toBe(1);
  expect(sizeOfEntry(user, at + 9 * PAGE)).toBe('smaller');
  expect(user.read(at + 9 * PAGE)).toBe(9);
  expect(user.read(at + PMD * PAGE)).toBe(0);
  expect(sizeOfEntry(user, at + PMD * PAGE)).toBe('pmd');
  user.exit();
});

test('MADV_DONTNEED and munmap of the whole take the entry away without a split; the device keeps its content', () => {
  const { linux, device, user } = withDevice({ pages: PUD, align: 'pud' });
  const at = user.mmap(PUD, { file: device });
  user.write(at, 5);
  user.madvise(at, 'MADV_DONTNEED', PUD);
  expect(sizeOfEntry(user, at)).toBe('smaller');
  expect(user.read(at)).toBe(5);
  user.munmap(at, PUD);
  expect(linux.vmstat.thp_split_pud).toBe(0);
  expect(device.content(0)).toBe(5);
});

test.each([
  ['without aea06577a900 the device is asked once more', [], 1],
  ['with aea06577a900 it is not asked', ['aea06577a900'], 0],
] as const)('a store to a private mapping of 2 MiB splits it and copies a page: %s', (_, ids, asked) => {
  const { device, user } = withDevice({ pages: PMD, align: 'pmd' }, { with: ids });
  const at = user.mmap(PMD, { file: device, flags: 'private' });
  expect(user.read(at)).toBe(0);
  expect(sizeOfEntry(user, at)).toBe('pmd');
  const before = device.hugeFaults;
  user.write(at + PAGE, 50);
  // After the split the entry is gone, and what comes then is a fault on a page.
  expect(device.hugeFaults - before).toBe(asked);
  expect(sizeOfEntry(user, at)).toBe('smaller');
  expect([user.read(at + PAGE), device.content(1)]).toEqual([50, 0]);
});

test.each([
  ['pmd', PMD],
  ['pud', PUD],
] as const)(
  'a file that maps what is there already makes a store to a private %s fault for ever, if it is asked',
  (align, pages) => {
    const write = (ids: readonly string[]) => {
      const { device, user } = withDevice({ pages, align }, { with: ids });
      device.remaps = true;
      const at = user.mmap(pages, { file: device, flags: 'private' });
      user.read(at);
      user.write(at, 50);
      return [user.read(at), device.content(0)];
    };
    expect(() => write([])).toThrow('an access faults for ever');
    expect(write(['aea06577a900'])).toEqual([50, 0]);
  },
);

test('mprotect takes a GiB for a broken table before v6.12, and changes it since', () => {
  for (const [release, warnings, size] of [
    ['6.1', ['pud_clear_bad: bad pud'], 'smaller'],
    ['6.12', [], 'pud'],
  ] as const) {
    const { linux, device, user } = withDevice({ pages: PUD, align: 'pud' }, { release });
    const at = user.mmap(PUD, { file: device });
    user.write(at, 5);
    user.mprotect(at, PUD, 'r');
    expect(linux.warnings).toEqual(warnings);
    expect(sizeOfEntry(user, at)).toBe(size);
    expect(() => user.write(at, 6)).toThrow('SIGSEGV');
    expect(user.read(at)).toBe(5);
    user.mprotect(at, PUD, 'rw');
    user.write(at, 7);
    expect(device.content(0)).toBe(7);
  }
});

test('a child faults the memory of a device in for itself', () => {
  const { device, user } = withDevice({ pages: PUD, align: 'pud' });
  const at = user.mmap(PUD, { file: device });
  user.write(at, 5);
  const child = user.fork('child');
  expect(sizeOfEntry(child, at)).toBe('smaller');
  child.write(at, 6);
  expect(user.read(at)).toBe(6);
});

test('mincore splits a GiB to look at its pages', () => {
  const { linux, device, user } = withDevice({ pages: PUD, align: 'pud' });
  const at = user.mmap(PUD, { file: device });
  user.read(at);
  user.mincore(at, 2);
  expect(linux.vmstat.thp_split_pud).toBe(1);
});

test('where page tables have no entries of that size the device is refused', () => {
  expect(() => withDevice({ pages: 1, align: 'pud' }, { arch: 'x86_32_pae' })).toThrow(
    "daxDevice: align is 'pud'; allowed: pte, pmd",
  );
});
