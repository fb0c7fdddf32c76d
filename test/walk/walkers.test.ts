import { expect, test } from 'vitest';
import { archById } from '../../kernel-lib/arch/variants.js';
import { PG_referenced } from '../../kernel-lib/folio/flags.js';
import { testFlag } from '../../kernel-lib/folio/frame.js';
import { lruAddDrain } from '../../kernel-lib/folio/lru.js';
import { __shmemFileSetup } from '../../kernel-lib/pagecache/shmem-file.js';
import { resolvePatches } from '../../kernel-lib/patches/releases.js';
import { pteDirty, ptePfn, pteWrite, pteYoung } from '../../kernel-lib/pgtable/pte.js';
import { pteAlloc, pteOffset, setPteAt } from '../../kernel-lib/pgtable/table.js';
import { run } from '../../kernel-lib/step/step.js';
import { makeMachine } from '../../kernel-lib/sys/machine.js';
import { newProcess } from '../../kernel-lib/sys/process.js';
import { PTE_MARKER_UFFD_WP, makePteMarker } from '../../kernel-lib/swap/entry.js';
import { AddressSpace } from '../../kernel-lib/vma/file.js';
import { CLEAR_REFS_ANON, CLEAR_REFS_MAPPED, clearRefsWrite } from '../../kernel-lib/walk/clear-refs.js';
import { hmmRangeFault } from '../../kernel-lib/walk/hmm.js';
import {
  cleanRecordSharedMappingRange,
  wpSharedMappingRange,
} from '../../kernel-lib/walk/mapping-dirty-helpers.js';
import { doMincore } from '../../kernel-lib/walk/mincore.js';
import { pageIdleBitmapRead, pageIdleBitmapWrite } from '../../kernel-lib/walk/page-idle.js';
import { pagemapRead } from '../../kernel-lib/walk/pagemap.js';
import { type PtdumpNote, ptdumpWalkPgd } from '../../kernel-lib/walk/ptdump.js';
import { frameAt, process, pteAt } from '../migrate/moving.js';
import { Layout } from '../mmap/layout.js';

const fresh = () => process({ release: '6.1' });
const idle = (p: ReturnType<typeof fresh>, page: number) => run(pageIdleBitmapRead(p.k, page));

test('pagemap has an entry for every page, also between mappings and where there is no table', () => {
  const p = fresh();
  p.mmap(0, 2);
  p.mmap(4, 5);
  p.write(1, 7);
  const entries = run(pagemapRead(p.k, p.process.mm, p.address(0), p.address(5), true));
  const softDirty = 1n << 55n;
  const present = (1n << 63n) | softDirty | (1n << 56n) | BigInt(frameAt(p, 1));
  expect(entries).toEqual([softDirty, present, 0n, 0n, softDirty]);
});

test('a reader without privileges sees a marker of write-protection as swapped and protected', () => {
  const p = fresh();
  p.mmap(0, 1, 'rw', __shmemFileSetup(p.k, 1));
  p.vma(0).vmFlags &= ~0x800_0000;
  const ptep = pteOffset(p.k, pteAlloc(p.k, p.process.mm.pgd, p.address(0)), p.address(0));
  run(setPteAt(p.k, ptep, makePteMarker(p.k, PTE_MARKER_UFFD_WP)));
  const [entry] = run(pagemapRead(p.k, p.process.mm, p.address(0), p.address(1), false));
  expect(entry).toBe(0x4200_0000_0000_0000n);
});

test('mincore finds a page of an object in memory whoever mapped it', () => {
  const p = fresh();
  const file = __shmemFileSetup(p.k, 3);
  p.mmap(0, 3, 'rw', file, true);
  p.write(1, 7);
  const other = p.fork();
  expect(run(doMincore(p.k, other.process.mm, p.address(0), p.address(3)))).toEqual([0, 1, 0]);
  p.madvise(1, 2, 'MADV_PAGEOUT');
  expect(run(doMincore(p.k, p.process.mm, p.address(0), p.address(3)))).toEqual([0, 0, 0]);
});

test('a page stays idle until somebody uses it', () => {
  const p = fresh();
  p.mmap(0, 1);
  p.write(0, 7);
  run(lruAddDrain(p.k));
  const page = frameAt(p, 0);
  expect(idle(p, page)).toBe(false);
  run(pageIdleBitmapWrite(p.k, page));
  expect([idle(p, page), idle(p, page)]).toEqual([true, true]);
  p.read(0);
  expect(idle(p, page)).toBe(false);
});

test('who looks for idle pages does not make reclaim think that nobody used them', () => {
  const p = fresh();
  p.mmap(0, 1);
  p.write(0, 7);
  run(lruAddDrain(p.k));
  run(pageIdleBitmapWrite(p.k, frameAt(p, 0)));
  expect(pteYoung(p.k, pteAt(p, 0))).toBe(false);
  run(clearRefsWrite(p.k, p.process.mm, CLEAR_REFS_MAPPED));
  p.read(0);
  expect(pteYoung(p.k, pteAt(p, 0))).toBe(true);
  run(clearRefsWrite(p.k, p.process.mm, CLEAR_REFS_ANON));
  expect([pteYoung(p.k, pteAt(p, 0)), testFlag(p.k, frameAt(p, 0), PG_referenced)]).toEqual([false, false]);
});

test('a driver learns which pages of an object were written, and the next stores fault', () => {
  const p = fresh();
  const file = __shmemFileSetup(p.k, 3);
  const mapping = AddressSpace.at(p.k, file.fMapping);
  p.mmap(0, 3, 'rw', file, true);
  p.mmap(8, 11, 'rw', file);
  for (const page of [0, 2, 8]) p.write(page, 7);
  expect([...run(cleanRecordSharedMappingRange(p.k, mapping, 0, 3))]).toEqual([0, 2]);
  expect([...run(cleanRecordSharedMappingRange(p.k, mapping, 0, 3))]).toEqual([]);
  expect([0, 8].map((page) => pteDirty(p.k, pteAt(p, page)))).toEqual([false, true]);
  expect(run(wpSharedMappingRange(p.k, mapping, 1, 2))).toBe(1);
  expect([0, 2, 8].map((page) => pteWrite(p.k, pteAt(p, page)))).toEqual([true, false, true]);
});

test('ptdump shows raw entries, and holes by the level at which the tables end', () => {
  const p = fresh();
  p.mmap(0, 1);
  p.write(0, 7);
  const table = run(ptdumpWalkPgd(p.k, p.process.mm, p.address(0), p.address(512)));
  const { lo, hi } = pteAt(p, 0);
  expect(table[0]).toEqual({
    address: p.address(0),
    level: 4,
    value: (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0),
  });
  expect(table.length).toBe(512);
  const [behind] = run(ptdumpWalkPgd(p.k, p.process.mm, p.address(512), p.address(1024)));
  expect(behind).toEqual({ address: p.address(512), level: 3, value: 0n });
  const [far] = run(ptdumpWalkPgd(p.k, p.process.mm, 2 ** 40, 2 ** 40 + 1));
  expect(far).toEqual({ address: 2 ** 40, level: 0, value: 0n });
});

test('a device may look between mappings, but not fault there', () => {
  const p = fresh();
  p.mmap(0, 1);
  const range = { start: p.address(0), end: p.address(2) };
  expect(run(hmmRangeFault(p.k, p.process.mm, { ...range, defaultFlags: 0 }))).toEqual([
    { pfn: 0, flags: 0 },
    { pfn: 0, flags: 4 },
  ]);
  expect(run(hmmRangeFault(p.k, p.process.mm, { ...range, defaultFlags: 1 }))).toBe(-14);
});

test('every walker understands a leaf that maps a huge page', () => {
  const k = makeMachine({
    release: '6.1.187',
    arch: archById('x86_64'),
    patched: resolvePatches('6.1', 'x86_64'),
    nrFrames: 4096,
    nrSwapSlots: 0,
    nrCpus: 1,
    thp: 'always',
  });
  const p = new Layout('', newProcess(k, 'p'), k);
  p.mmap(0, 512);
  p.write(5, 7);
  const start = p.address(0);
  const range = { start: p.address(1), end: p.address(3), defaultFlags: 0 };
  const [{ level, value }] = run(ptdumpWalkPgd(p.k, p.process.mm, start, p.address(512))) as [PtdumpNote];
  const pfn = ptePfn(p.k, { lo: Number(value & 0xffff_ffffn) | 0, hi: Number(value >> 32n) | 0 });
  expect(level).toBe(3);
  expect(run(hmmRangeFault(p.k, p.process.mm, range))).toEqual([
    { pfn: pfn + 1, flags: 3 },
    { pfn: pfn + 2, flags: 3 },
  ]);
  expect(run(doMincore(p.k, p.process.mm, start, p.address(2)))).toEqual([1, 1]);
  const [, second] = run(pagemapRead(p.k, p.process.mm, start, p.address(2), true));
  expect(BigInt.asUintN(55, second!)).toBe(BigInt(pfn + 1));
});
