import { expect, test } from 'vitest';
import { archById } from '../../kernel-lib/arch/variants.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { khugepagedDoScan } from '../../kernel-lib/khugepaged/daemon.js';
import type { Machine, ThpEnabled } from '../../kernel-lib/machine/machine.js';
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MREMAP_FIXED,
  MREMAP_MAYMOVE,
} from '../../kernel-lib/mmap/flags.js';
import { doMadvise } from '../../kernel-lib/mmap/madvise.js';
import { vmMmapPgoff } from '../../kernel-lib/mmap/mmap.js';
import { doMprotectPkey } from '../../kernel-lib/mmap/mprotect.js';
import { mremap } from '../../kernel-lib/mmap/mremap.js';
import { __vmMunmap } from '../../kernel-lib/mmap/munmap.js';
import { releaseByName, resolvePatches } from '../../kernel-lib/patches/releases.js';
import { pmdAt, pmdPfn } from '../../kernel-lib/pgtable/pmd.js';
import { pteMkold, ptePfn } from '../../kernel-lib/pgtable/pte.js';
import { pteOffset, pteTable, ptepGet, setPteAt } from '../../kernel-lib/pgtable/table.js';
import { folioReferenced } from '../../kernel-lib/reclaim/referenced.js';
import { run } from '../../kernel-lib/step/step.js';
import { swaponArea } from '../../kernel-lib/swap/area.js';
import { access } from '../../kernel-lib/sys/access.js';
import { makeMachine } from '../../kernel-lib/sys/machine.js';
import { forkTask, mmOfTask, newTask } from '../../kernel-lib/sys/task.js';
import { cachedTranslations } from '../../kernel-lib/tlb/tlb.js';
import { UFFD_FEATURE_MOVE, type UserfaultfdCtx } from '../../kernel-lib/uffd/ctx.js';
import { newUserfaultfd } from '../../kernel-lib/uffdio/api.js';
import { userfaultfdMove } from '../../kernel-lib/uffdio/move.js';
import { userfaultfdRegister } from '../../kernel-lib/uffdio/register.js';
import type { Mm } from '../../kernel-lib/vma/mm.js';

const PAGE = 0x4000_0000;

/** Two CPUs that cache translations and run one process, whose page both have just written. */
function twoCpus(release = '6.1', arch = 'x86_64', thp: ThpEnabled = 'never') {
  const record = archById(arch);
  const size = thp === 'never' ? 2 ** record.pageShift : 2 ** record.levels.at(-2)!.shift;
  const k = makeMachine({
    release: releaseByName(release),
    arch: record,
    patched: resolvePatches(release, arch),
    thp,
    nrFrames: 2048,
    nrSwapSlots: 64,
    nrCpus: 2,
    nrTlbEntries: 8,
  });
  swaponArea(k, 64, 0);
  const task = newTask(k);
  k.current = task;
  const mm = mmOfTask(k, task);
  const flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
  run(vmMmapPgoff(k, mm, { file: null, addr: PAGE, len: size, prot: 3, flags, pgoff: 0 }));
  for (const cpu of [1, 0]) {
    on(k, cpu, mm, 1);
    k.cpu = cpu;
    run(lruAddDrain(k));
  }
  expect(cachedTranslations(k, 1)).toHaveLength(1);
  return { k, task, mm, size };
}

/** What a CPU gets that loads or stores a byte of the page. */
function on(k: Machine, cpu: number, mm: Mm, value?: number) {
  k.cpu = cpu;
  const got = run(access(k, mm, PAGE, value));
  k.cpu = 0;
  return got;
}

test('after mprotect no CPU writes through the translation that it had', () => {
  const { k, mm } = twoCpus();
  run(doMprotectPkey(k, mm, PAGE, 4096, 1));
  expect(on(k, 1, mm, 2)).toMatchObject({ sig: 'SEGV' });
});

test('after munmap and mremap no CPU reads at the old place', () => {
  const gone = twoCpus();
  run(__vmMunmap(gone.k, gone.mm, PAGE, 4096));
  expect(on(gone.k, 1, gone.mm)).toMatchObject({ sig: 'SEGV' });
  const moved = twoCpus();
  const request = { addr: PAGE, oldLen: 4096, newLen: 4096, newAddr: PAGE + 0x10000 };
  run(mremap(moved.k, moved.mm, { ...request, flags: MREMAP_FIXED | MREMAP_MAYMOVE }));
  expect(on(moved.k, 1, moved.mm)).toMatchObject({ sig: 'SEGV' });
});

test('after fork a store of the parent faults on every CPU, so that the child keeps what it was given', () => {
  const { k, task, mm } = twoCpus();
  const child = run(forkTask(k, task));
  if (typeof child === 'number') throw new Error(`fork fails with ${child}`);
  on(k, 1, mm, 2);
  expect(on(k, 0, mmOfTask(k, child))).toBe(1);
  expect(on(k, 0, mm)).toBe(2);
});

test('after MADV_PAGEOUT a store faults on every CPU instead of reaching a page that has gone', () => {
  const { k, mm } = twoCpus();
  run(doMadvise(k, mm, PAGE, 4096, 'MADV_PAGEOUT'));
  expect(cachedTranslations(k, 1)).toEqual([]);
  on(k, 1, mm, 9);
  expect(on(k, 0, mm)).toBe(9);
});

test('after MADV_FREE a store of any CPU makes the page dirty, so that reclaim keeps what was written', () => {
  const { k, mm } = twoCpus();
  run(doMadvise(k, mm, PAGE, 4096, 'MADV_FREE'));
  expect(cachedTranslations(k, 1)).toEqual([]);
  on(k, 1, mm, 7);
  run(doMadvise(k, mm, PAGE, 4096, 'MADV_PAGEOUT'));
  expect(on(k, 0, mm)).toBe(7);
});

test('after MADV_COLD no CPU holds a translation from which the entry would not become young again', () => {
  const { k, mm } = twoCpus();
  run(doMadvise(k, mm, PAGE, 4096, 'MADV_COLD'));
  expect(cachedTranslations(k, 0)).toEqual([]);
  expect(cachedTranslations(k, 1)).toEqual([]);
});

test('MADV_COLD flushes nothing for a page that is old already', () => {
  const { k, mm } = twoCpus();
  const ptep = pteOffset(k, pteTable(k, mm.pgd, PAGE), PAGE);
  run(setPteAt(k, ptep, pteMkold(k, run(ptepGet(k, ptep)))));
  run(doMadvise(k, mm, PAGE, 4096, 'MADV_COLD'));
  expect(cachedTranslations(k, 1)).toHaveLength(1);
});

test.each([
  ['x86_64', 1],
  ['riscv64', 1],
  ['ppc_book3s64_4k', 1],
  ['arm_lpae', 0],
  ['arm64_4k', 0],
  ['s390', 0],
  ['alpha', 0],
])('reclaim that finds a page of %s used leaves %i translations on another CPU', (arch, left) => {
  const { k, mm } = twoCpus('6.1', arch);
  const pte = run(ptepGet(k, pteOffset(k, pteTable(k, mm.pgd, PAGE), PAGE)));
  expect(run(folioReferenced(k, ptePfn(k, pte))).ptes).toBe(1);
  expect(cachedTranslations(k, 1)).toHaveLength(left);
});

test.each([
  ['x86_64', 0],
  ['arm64_4k', 0],
  ['ppc_book3s64_4k', 1],
])('reclaim that finds a huge page of %s used leaves %i translations on another CPU', (arch, left) => {
  const { k, mm } = twoCpus('6.1', arch, 'always');
  expect(run(folioReferenced(k, pmdPfn(k, pmdAt(k, mm.pgd, PAGE)))).ptes).toBe(1);
  expect(cachedTranslations(k, 1)).toHaveLength(left);
});

test('mprotect of memory that was never touched flushes nothing', () => {
  const { k, mm } = twoCpus();
  const flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
  run(vmMmapPgoff(k, mm, { file: null, addr: PAGE + 4096, len: 4096, prot: 3, flags, pgoff: 0 }));
  run(doMprotectPkey(k, mm, PAGE + 4096, 4096, 1));
  expect(cachedTranslations(k, 1)).toHaveLength(1);
});

test('after khugepaged has made one page of many, no CPU stores to those that there were', () => {
  const { k, mm, size } = twoCpus('6.1', 'x86_64', 'always');
  // One page gets another protection and back: entries of their own map the pages.
  for (const prot of [1, 3]) run(doMprotectPkey(k, mm, PAGE + size - 4096, 4096, prot));
  for (const cpu of [1, 0]) on(k, cpu, mm, 5);
  const was = ptePfn(k, run(ptepGet(k, pteOffset(k, pteTable(k, mm.pgd, PAGE), PAGE))));
  run(lruAddDrain(k));
  expect(run(khugepagedDoScan(k, 4096)).map(({ result }) => result)).toEqual(['SCAN_SUCCEED']);
  expect(pmdPfn(k, pmdAt(k, mm.pgd, PAGE))).not.toBe(was);
  expect(cachedTranslations(k, 1)).toEqual([]);
  on(k, 1, mm, 9);
  expect(on(k, 0, mm)).toBe(9);
});

test('after UFFDIO_MOVE no CPU reads or writes the page at the place that it has left', () => {
  const { k, mm } = twoCpus('6.12');
  const flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
  const elsewhere = PAGE + 0x10000;
  run(vmMmapPgoff(k, mm, { file: null, addr: elsewhere, len: 4096, prot: 3, flags, pgoff: 0 }));
  const ctx = newUserfaultfd(k, mm, UFFD_FEATURE_MOVE) as UserfaultfdCtx;
  run(userfaultfdRegister(k, ctx, elsewhere, 4096, 1));
  expect(run(userfaultfdMove(k, ctx, elsewhere, PAGE, 4096))).toBe(0);
  expect(cachedTranslations(k, 1)).toEqual([]);
  expect(on(k, 1, mm)).toBe(0);
});
