import { beforeEach, describe, expect, test } from 'vitest';
import { type Linux, boot } from '../../kernel-lib/sys/boot.js';
import { pte } from '../../kernel-lib/view/pte.js';

const MiB = 2 ** 20;
const PAGE = 4096;
/** Small pages in a huge one. */
const nr = MiB / PAGE;

/** s390's huge pages, whose entries in segment tables are no PTEs. */
describe('an entry of a segment table', () => {
  let linux: Linux;

  beforeEach(() => {
    linux = boot({ release: '6.1', arch: 's390', thp: 'always', hugepages: 2 });
  });

  /** A process with one huge page, and what stands for that without the frame. */
  function hugePage() {
    const process = linux.spawn('process');
    const address = Math.ceil(process.mmap(2 * nr) / MiB) * MiB;
    const bits = () => `0x${(process.pte(address) & 0xfffffn).toString(16)}`;
    return { process, address, bits };
  }

  test('maps a page that was written by _SEGMENT_ENTRY_LARGE, DIRTY, SOFT_DIRTY, YOUNG, NOEXEC, WRITE and READ', () => {
    const { process, address, bits } = hugePage();
    process.write(address, 1);
    expect([process.pteLevel(address), bits()]).toEqual(['pmd', '0x7503']);
    expect(pte(process, address).text).toContain('_SEGMENT_ENTRY_DIRTY = 1');
    process.write(address + PAGE, 2);
    expect([process.read(address), process.read(address + PAGE)]).toEqual([1, 2]);
  });

  test('is protected and no longer writable in both after fork, and dirty', () => {
    const { process, address, bits } = hugePage();
    process.write(address, 1);
    const child = process.fork('child');
    expect(bits()).toBe('0x7701');
    // The child has not used it.
    expect(`0x${(child.pte(address) & 0xfffffn).toString(16)}`).toBe('0x6721');
    process.write(address, 2);
    expect([process.pteLevel(address), child.pteLevel(address)]).toEqual(['pte', 'pmd']);
    expect([child.read(address), process.read(address)]).toEqual([1, 2]);
  });

  test('is invalid and without rights where mprotect takes them, and gets them back', () => {
    const { process, address, bits } = hugePage();
    process.write(address, 1);
    process.mprotect(address, nr, '');
    expect(bits()).toBe('0x7620');
    process.mprotect(address, nr, 'rw');
    process.write(address, 2);
    expect([bits(), process.read(address)]).toEqual(['0x7503', 2]);
  });

  test('is empty, _SEGMENT_ENTRY_INVALID alone, once the page is gone', () => {
    const { process, address } = hugePage();
    process.write(address, 1);
    process.madvise(address, 'MADV_DONTNEED', nr);
    expect(process.pte(address)).toBe(0x20n);
    expect(pte(process, address).title).toBe('0x20: empty');
  });

  test('maps a page of hugetlb by what __pte_to_rste() makes of its PTE', () => {
    const process = linux.spawn('process');
    const address = process.mmap(nr, { flags: 'private anon hugetlb' });
    process.read(address);
    // A PTE of a private mapping that was read: protected, and not dirty.
    expect(process.pte(address) & 0xfffffn).toBe(0x1701n);
    process.write(address, 1);
    expect(process.pte(address) & 0xfffffn).toBe(0x7503n);
  });

  test('holds no marker: a place of hugetlb that userfaultfd poisons is missing again', () => {
    const process = boot({ release: '6.12', arch: 's390', hugepages: 2 }).spawn('process');
    const address = process.mmap(nr, { flags: 'private anon hugetlb' });
    const uffd = process.userfaultfd();
    uffd.register(address, nr, 'missing');
    uffd.poison(address);
    expect(process.pte(address)).toBe(0x20n);
    process.read(address);
    expect(uffd.messages).toMatchObject([{ address, write: false }]);
  });
});
