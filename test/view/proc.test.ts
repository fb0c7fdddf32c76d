import { expect, test } from 'vitest';
import { boot } from '../../kernel-lib/sys/boot.js';
import { pagemap } from '../../kernel-lib/view/pagemap.js';
import { smaps } from '../../kernel-lib/view/smaps.js';

function twoPages(release: string) {
  const p = boot({ release, swap: '1MiB' }).spawn('p');
  const page = p.mmap(2);
  p.write(page, 7);
  p.write(page + 4096, 7);
  p.madvise(page, 'MADV_PAGEOUT');
  return { p, page };
}

test('smaps prints a mapping as /proc does', () => {
  const { p, page } = twoPages('6.1');
  const start = page.toString(16).padStart(8, '0');
  const end = (page + 8192).toString(16).padStart(8, '0');
  expect(smaps(p).text).toBe(
    [
      `${start}-${end} rw-p 00000000 00:00 0 `,
      'Size:                  8 kB',
      'KernelPageSize:        4 kB',
      'MMUPageSize:           4 kB',
      'Rss:                   4 kB',
      'Pss:                   4 kB',
      'Pss_Dirty:             4 kB',
      'Shared_Clean:          0 kB',
      'Shared_Dirty:          0 kB',
      'Private_Clean:         0 kB',
      'Private_Dirty:         4 kB',
      'Referenced:            4 kB',
      'Anonymous:             4 kB',
      'LazyFree:              0 kB',
      'AnonHugePages:         0 kB',
      'ShmemPmdMapped:        0 kB',
      'FilePmdMapped:         0 kB',
      'Shared_Hugetlb:        0 kB',
      'Private_Hugetlb:       0 kB',
      'Swap:                  4 kB',
      'SwapPss:               4 kB',
      'Locked:                0 kB',
      'VmFlags: rd wr mr mw me ac sd ',
    ].join('\n'),
  );
});

test('smaps counts merged pages since v6.6, and shows one mapping by its address', () => {
  const { p, page } = twoPages('6.12');
  const other = p.mmap(1, { prot: 'r' });
  expect(smaps(p).text.match(/^KSM: +0 kB$/gm)).toHaveLength(2);
  expect(smaps(p, page).text.match(/^Size/gm)).toHaveLength(1);
  expect(smaps(p, other).text).toMatch(/^Size: +4 kB$/m);
});

test('pagemap shows 64 bits for each page; frames and slots only to the privileged', () => {
  const { p, page } = twoPages('6.1');
  const [swapped, present] = pagemap(p, page, 2).rows;
  expect(swapped!.slice(1)).toEqual(['0x4080000000000020', 'swapped, soft-dirty', 'type 0, offset 1']);
  expect(present![2]).toBe('present, exclusive, soft-dirty');
  const [, hidden] = pagemap(p, page, 2, { privileged: false }).rows;
  expect(hidden!.slice(1)).toEqual(['0x8180000000000000', 'present, exclusive, soft-dirty', '']);
  expect(() => pagemap(p, page, 0)).toThrow(/nrPages is 0/);
});
