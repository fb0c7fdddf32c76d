import { expect, test } from 'vitest';
import { FAULT_FLAG_WRITE } from '../../kernel-lib/fault/flags.js';
import { wpPageReuse } from '../../kernel-lib/fault/wp.js';
import { PAGE_MAPPING_KSM, PG_anon_exclusive } from '../../kernel-lib/folio/flags.js';
import {
  GUP_PIN_COUNTING_BIAS,
  clearFlag,
  decMapcount,
  incMapcount,
  setFlag,
  setPageMapping,
  setPageRefcount,
  testFlag,
} from '../../kernel-lib/folio/frame.js';
import type { Machine } from '../../kernel-lib/machine/machine.js';
import { ptePfn, pteSwpMkexclusive, pteWrprotect } from '../../kernel-lib/pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../../kernel-lib/pgtable/table.js';
import { st } from '../../kernel-lib/step/memory.js';
import { run } from '../../kernel-lib/step/step.js';
import { cachedPage, swapDuplicate, swapFree } from '../../kernel-lib/swap/area.js';
import { pteToSwpEntry } from '../../kernel-lib/swap/entry.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { vmaLookup } from '../../kernel-lib/vma/vma-list.js';
import { everyMm, tablesOf } from '../../kernel-lib/walk/all-entries.js';
import {
  type Invariant,
  checkInvariants,
  exclusiveSlotsPageIsUnmapped,
  forkedSlotIsNotExclusive,
  mapCountIsTrue,
  mergedIsNotExclusive,
  sharedIsNotExclusive,
  swapCountIsTrue,
  swappedIsNotExclusive,
} from '../../kernel-lib/walk/invariants.js';

/** A process with one page that it wrote, and what a test needs to break its state. */
function oneWrittenPage() {
  const linux = boot({ release: '6.1', swap: '1MiB' });
  const k = linux.machine;
  const p = linux.spawn('p');
  const address = p.mmap(1);
  p.write(address, 1);
  const ptep = pteOffset(k, pteTable(k, p.mm.pgd, address), address);
  return { k, p, address, ptep, page: ptePfn(k, readPte(k, ptep)) };
}

/** The same page in swap, its entry marked. */
function oneSwappedPage() {
  const { k, p, address, ptep } = oneWrittenPage();
  p.madvise(address, 'MADV_PAGEOUT');
  return { k, p, ptep, entry: pteToSwpEntry(k, readPte(k, ptep)) };
}

test('what the kernel itself does breaks nothing', () => {
  const { k, p, address } = oneWrittenPage();
  expect(() => checkInvariants(k)).not.toThrow();
  const child = p.fork('child');
  expect(() => checkInvariants(k)).not.toThrow();
  child.madvise(address, 'MADV_PAGEOUT');
  expect(() => checkInvariants(k)).not.toThrow();
});

test('I1: a writable entry maps a page that lost its exclusiveness', () => {
  const { k, page } = oneWrittenPage();
  clearFlag(k, page, PG_anon_exclusive);
  expect(() => checkInvariants(k)).toThrow('I1 is broken');
});

test('I2: an exclusive page counts two mappings', () => {
  const { k, page } = oneWrittenPage();
  incMapcount(k, page);
  expect(() => checkInvariants(k)).toThrow('I2 is broken');
});

test('I4: a pinned page is shared by fork', () => {
  const { k, p, page } = oneWrittenPage();
  p.fork('child');
  setPageRefcount(k, page, GUP_PIN_COUNTING_BIAS + 2);
  expect(() => checkInvariants(k)).toThrow('I4 is broken');
});

test('I2 and I6: a page that fork shared is made exclusive', () => {
  const { k, p, page } = oneWrittenPage();
  p.fork('child');
  setFlag(k, page, PG_anon_exclusive);
  expect(() => checkInvariants(k)).toThrow('I2 is broken');
});

test('X1: a second reference comes to the slot of a marked entry', () => {
  const { k, entry } = oneSwappedPage();
  run(swapDuplicate(k, entry));
  expect(() => checkInvariants(k)).toThrow('X1 is broken');
});

test('X1 and X3: the marker comes back after fork', () => {
  const { k, p, ptep } = oneSwappedPage();
  p.fork('child');
  const marked = pteSwpMkexclusive(k, readPte(k, ptep));
  st(k.ptes, ptep, marked.lo);
  st(k.ptes, ptep + 1, marked.hi);
  expect(() => checkInvariants(k)).toThrow('X1 is broken');
});

test('the map count, the swap count and the RSS are those of the page tables', () => {
  const mapped = oneWrittenPage();
  mapped.p.mm.rssAnon++;
  expect(() => checkInvariants(mapped.k)).toThrow('RSS is broken');
  const swapped = oneSwappedPage();
  swapped.p.mm.swapEnts--;
  expect(() => checkInvariants(swapped.k)).toThrow('RSS is broken');
});

/** The place of the invariant that a machine breaks, asked of that invariant alone. */
function brokenAt(invariant: Invariant, k: Machine) {
  return invariant.broken(k, tablesOf(k, everyMm(k)));
}

/** Two processes that share a page, made so by fork. */
function forked() {
  const written = oneWrittenPage();
  return { ...written, child: written.p.fork('child') };
}

test('I3: the page in the swap cache is exclusive while an entry names its slot', () => {
  const { k, p, address } = oneWrittenPage();
  const pipe = p.vmsplice(address);
  p.madvise(address, 'MADV_PAGEOUT');
  const [{ entry } = { entry: 0 }] = tablesOf(k, everyMm(k)).swapped;
  setFlag(k, cachedPage(k, entry), PG_anon_exclusive);
  expect(brokenAt(swappedIsNotExclusive, k)).toMatchObject({
    expected: 'a page in the swap cache that is not exclusive',
    got: expect.stringContaining('frame') as string,
  });
  expect(brokenAt(exclusiveSlotsPageIsUnmapped, k)).toBeDefined();
  pipe.read();
});

test('I5: a merged page becomes exclusive', () => {
  const { k, page } = oneWrittenPage();
  setPageMapping(k, page, 0, PAGE_MAPPING_KSM);
  expect(brokenAt(mergedIsNotExclusive, k)?.expected).toBe('a merged page not to be exclusive');
});

test('I6: a page that two entries map is exclusive, whatever its map count says', () => {
  const { k, page } = forked();
  setFlag(k, page, PG_anon_exclusive);
  expect(brokenAt(sharedIsNotExclusive, k)).toMatchObject({
    expected: 'one entry of an exclusive page',
    got: '2',
  });
});

test('I7: unsharing on an architecture whose private memory is writable from the start', () => {
  const linux = boot({ release: '6.5', arch: 'm68k_coldfire', memory: '16MiB' });
  const p = linux.spawn('p');
  const page = p.mmap(1);
  p.write(page, 1);
  p.fork('child');
  expect(() => p.pin(page)).toThrow('I7');
});

test('I8: a read, or a write to a page that may be shared, reuses the page', () => {
  const { k, p, address, ptep, page } = oneWrittenPage();
  const vma = vmaLookup(k, p.mm, address)!;
  const table = pteTable(k, p.mm.pgd, address);
  const fault = {
    vma,
    mm: p.mm,
    address,
    realAddress: address,
    origPte: readPte(k, ptep),
    table,
    ptep,
    page,
  };
  expect(() => run(wpPageReuse(k, { ...fault, flags: 0 }))).toThrow('I8: only a write');
  clearFlag(k, page, PG_anon_exclusive);
  expect(() => run(wpPageReuse(k, { ...fault, flags: FAULT_FLAG_WRITE }))).toThrow('I8: a reused page');
});

test('X2: the cached page of a marked entry is mapped', () => {
  const { k, p, address } = oneWrittenPage();
  p.vmsplice(address);
  p.madvise(address, 'MADV_PAGEOUT');
  const [{ entry } = { entry: 0 }] = tablesOf(k, everyMm(k)).swapped;
  incMapcount(k, cachedPage(k, entry));
  expect(brokenAt(exclusiveSlotsPageIsUnmapped, k)?.got).toContain('a map count of 1');
});

test('X3: two entries name the slot of a marked one', () => {
  const { k, p, ptep } = oneSwappedPage();
  p.fork('child');
  const marked = pteSwpMkexclusive(k, readPte(k, ptep));
  st(k.ptes, ptep, marked.lo);
  st(k.ptes, ptep + 1, marked.hi);
  expect(brokenAt(forkedSlotIsNotExclusive, k)?.got).toBe('2 that name it');
});

test('X5: with the marker, a page that goes to swap and comes back is as exclusive as it was', () => {
  for (const exclusive of [true, false]) {
    const { k, p, address, ptep, page } = oneWrittenPage();
    if (!exclusive) clearExclusive(k, page, ptep);
    p.madvise(address, 'MADV_PAGEOUT');
    p.read(address);
    expect(testFlag(k, ptePfn(k, readPte(k, ptep)), PG_anon_exclusive)).toBe(exclusive);
  }
});

test('counts that do not fit the page tables are reported with both numbers', () => {
  const { k, page } = forked();
  decMapcount(k, page);
  expect(brokenAt(mapCountIsTrue, k)?.got).toBe('1 with 2 entries');
  const swapped = oneSwappedPage();
  swapped.p.fork('child');
  swapFree(swapped.k, swapped.entry);
  expect(brokenAt(swapCountIsTrue, swapped.k)?.got).toBe('1 with 2 entries');
});

test('a machine that checks stops at the operation that breaks an invariant, and says where', () => {
  const linux = boot({ release: '6.1', checking: true });
  const p = linux.spawn('p');
  const address = p.mmap(2);
  p.write(address, 1);
  const k = linux.machine;
  clearFlag(
    k,
    ptePfn(k, readPte(k, pteOffset(k, pteTable(k, p.mm.pgd, address), address))),
    PG_anon_exclusive,
  );
  expect(() => p.read(address + k.pageSize)).toThrow(
    /^I1 is broken at 0x20000000 of address space \d+, frame \d+: expected a read-only entry, or an exclusive page, got /,
  );
});

/** As after a fork whose child has gone: read-only, and maybe shared. */
function clearExclusive(k: Machine, page: number, ptep: number): void {
  clearFlag(k, page, PG_anon_exclusive);
  const pte = pteWrprotect(k, readPte(k, ptep));
  st(k.ptes, ptep, pte.lo);
  st(k.ptes, ptep + 1, pte.hi);
}
