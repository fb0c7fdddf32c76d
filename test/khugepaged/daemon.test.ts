import { expect, test } from 'vitest';
import { pmdAt, pmdTransHuge } from '../../kernel-lib/pgtable/pmd.js';
import { type BootOptions, boot } from '../../kernel-lib/sys/boot.js';
import type { Process } from '../../kernel-lib/sys/process.js';

const PAGE = 4096;
const HUGE = 512;

/** A process that has `nrHuge` aligned ranges in small pages: it got them before it asked for huge ones. */
function smallPages(nrHuge: number, options: BootOptions = {}) {
  const linux = boot({ release: '6.1', thp: 'madvise', swap: '64MiB', checking: true, ...options });
  const process = linux.spawn('user');
  const at = process.mmap((nrHuge + 1) * HUGE);
  const first = Math.ceil(at / (HUGE * PAGE)) * HUGE * PAGE;
  for (let i = 0; i < nrHuge; i++) process.write(first + i * HUGE * PAGE, i + 1);
  process.madvise(at, 'MADV_HUGEPAGE', (nrHuge + 1) * HUGE);
  return { linux, process, first };
}

function isHuge({ machine: k, mm }: Process, address: number): boolean {
  return pmdTransHuge(k, pmdAt(k, mm.pgd, address));
}

test('khugepaged collapses a range that has one page into a huge page, and its content stays', () => {
  const { linux, process, first } = smallPages(1);
  expect(isHuge(process, first)).toBe(false);
  const [range] = linux.khugepaged();
  expect(range).toEqual({ process: 'user', address: first, result: 'SCAN_SUCCEED' });
  expect(isHuge(process, first)).toBe(true);
  expect([process.read(first), process.read(first + PAGE)]).toEqual([1, 0]);
  expect(linux.vmstat.thp_collapse_alloc).toBe(1);
});

test('it goes on where it ended, and begins anew at the end of the list', () => {
  const { linux, process, first } = smallPages(3);
  const results = [1, 2, 3].map(() =>
    linux.khugepaged(HUGE).filter(({ result }) => result === 'SCAN_SUCCEED'),
  );
  expect(results.flat().map(({ address }) => address)).toEqual([0, 1, 2].map((i) => first + i * HUGE * PAGE));
  expect(isHuge(process, first + 2 * HUGE * PAGE)).toBe(true);
  linux.khugepaged(HUGE);
  expect(linux.khugepaged().find(({ address }) => address === first)!.result).toBe('SCAN_PMD_MAPPED');
});

test('one wake-up looks at eight huge pages, and at no address space twice', () => {
  const { linux } = smallPages(10);
  expect(linux.khugepaged().filter(({ result }) => result === 'SCAN_SUCCEED').length).toBe(8);
  const { linux: small } = smallPages(1);
  expect(small.khugepaged(100 * HUGE).filter(({ result }) => result === 'SCAN_SUCCEED').length).toBe(1);
});

test('memory that asked for none is passed over', () => {
  const { linux, process, first } = smallPages(1);
  process.madvise(first, 'MADV_NOHUGEPAGE', HUGE);
  expect(linux.khugepaged().map(({ address }) => address)).not.toContain(first);
});

test('limits: nothing there, too much swapped out, too much shared, nothing used', () => {
  const empty = smallPages(0);
  const untouched = empty.process.mmap(2 * HUGE);
  empty.process.madvise(untouched, 'MADV_HUGEPAGE', 2 * HUGE);
  expect(new Set(empty.linux.khugepaged().map(({ result }) => result))).not.toContain('SCAN_SUCCEED');

  const swapped = smallPages(1);
  for (let i = 0; i <= HUGE / 8; i++) swapped.process.write(swapped.first + i * PAGE, 1);
  swapped.process.madvise(swapped.first, 'MADV_PAGEOUT', HUGE);
  expect(swapped.linux.khugepaged()[0]!.result).toBe('SCAN_EXCEED_SWAP_PTE');
  expect(swapped.linux.vmstat).toMatchObject({ thp_scan_exceed_swap_pte: 1, thp_collapse_alloc: 0 });

  const shared = smallPages(1);
  for (let i = 0; i <= HUGE / 2; i++) shared.process.write(shared.first + i * PAGE, 1);
  const child = shared.process.fork('child');
  expect(new Set(shared.linux.khugepaged().map(({ result }) => result))).toContain('SCAN_EXCEED_SHARED_PTE');
  expect(shared.linux.vmstat).toMatchObject({ thp_scan_exceed_share_pte: 2, thp_scan_exceed_none_pte: 0 });
  child.exit();

  const cold = smallPages(1);
  cold.process.madvise(cold.first, 'MADV_COLD', HUGE);
  expect(cold.linux.khugepaged()[0]!.result).toBe('SCAN_LACK_REFERENCED_PAGE');
});

test('an address space that ended while its turn was is forgotten', () => {
  const { linux, process } = smallPages(3);
  linux.khugepaged(HUGE);
  process.exit();
  expect(linux.khugepaged()).toEqual([]);
});

test('bad arguments are named', () => {
  const { linux } = smallPages(0);
  expect(() => linux.khugepaged(0)).toThrow(/pages is 0; allowed: a whole number from 1/);
  expect(() => boot({ arch: 'alpha' }).khugepaged()).toThrow('alpha has no huge pages');
});
