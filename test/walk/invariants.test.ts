import { expect, test } from 'vitest';
import { PG_anon_exclusive } from '../../kernel-lib/folio/flags.js';
import {
  GUP_PIN_COUNTING_BIAS,
  clearFlag,
  incMapcount,
  setFlag,
  setPageRefcount,
} from '../../kernel-lib/folio/frame.js';
import { ptePfn, pteSwpMkexclusive } from '../../kernel-lib/pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../../kernel-lib/pgtable/table.js';
import { st } from '../../kernel-lib/step/memory.js';
import { run } from '../../kernel-lib/step/step.js';
import { swapDuplicate } from '../../kernel-lib/swap/area.js';
import { pteToSwpEntry } from '../../kernel-lib/swap/entry.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { checkInvariants } from '../../kernel-lib/walk/invariants.js';

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
