import { expect, test } from 'vitest';
import { shouldFaultAround } from '../../kernel-lib/fault/fault-around.js';
import { MAP_SHARED, PROT_READ } from '../../kernel-lib/mmap/flags.js';
import { vmMmapPgoff } from '../../kernel-lib/mmap/mmap.js';
import { __shmemFileSetup } from '../../kernel-lib/pagecache/shmem-file.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { File } from '../../kernel-lib/vma/file.js';
import { vmaLookup } from '../../kernel-lib/vma/vma-list.js';

/** A process that maps a file of two pages, both in the page cache. */
function mapping(arch: string) {
  const linux = boot({ release: '6.1', arch });
  const k = linux.machine;
  const p = linux.spawn('p');
  const file = __shmemFileSetup(k, 2);
  const request = { file, addr: 0, len: 2 * k.pageSize, prot: PROT_READ, flags: MAP_SHARED, pgoff: 0 };
  const at = run(vmMmapPgoff(k, p.mm, request));
  for (const page of [0, 1]) p.read(at + page * k.pageSize);
  return { k, p, at, file: File.at(k, file.at), vma: vmaLookup(k, p.mm, at)! };
}

test.each([
  ['arm64_4k', true],
  ['arm64_64k_pa52', false],
])('%s maps pages around the one that is read: %s', (arch, around) => {
  const { k, vma } = mapping(arch);
  expect(shouldFaultAround(k, vma)).toBe(around);
});

test('each page in the page cache that a fault comes by makes up for a miss, whether it is mapped already or not', () => {
  const { p, at, file } = mapping('x86_64');
  file.raMmapMiss = 10;
  p.madvise(at, 'MADV_DONTNEED', 1);
  p.read(at);
  expect(file.raMmapMiss).toBe(8);
});
