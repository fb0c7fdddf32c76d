import { expect, test } from 'vitest';
import { PG_swapcache } from '../../kernel-lib/folio/flags.js';
import { testFlag } from '../../kernel-lib/folio/frame.js';
import { ptePfn } from '../../kernel-lib/pgtable/pte.js';
import { pteOffset, pteTable, ptepGet } from '../../kernel-lib/pgtable/table.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';

function swappedOut(release: string, without: readonly string[] = []) {
  const linux = boot({ release, swap: '1MiB', without });
  const p = linux.spawn('p');
  const page = p.mmap(1);
  p.write(page, 1);
  p.madvise(page, 'MADV_PAGEOUT');
  const k = linux.machine;
  const cached = () => {
    const ptep = pteOffset(k, pteTable(k, p.mm.pgd, page), page);
    return testFlag(k, ptePfn(k, run(ptepGet(k, ptep))), PG_swapcache);
  };
  return { p, page, cached };
}

test('an exclusive page that a read brought back is written without a fault since v6.11', () => {
  const faultsOfStore = (release: string, without: readonly string[] = []) => {
    const { p, page } = swappedOut(release, without);
    expect(p.read(page)).toBe(1);
    const before = p.faults.min;
    p.write(page, 2);
    return p.faults.min - before;
  };
  expect([faultsOfStore('6.5'), faultsOfStore('6.12')]).toEqual([1, 0]);
  expect(faultsOfStore('6.12', ['c18160dba5ff'])).toBe(1);
});

test('a store that brings a page back takes it from the swap cache, since v7.0 only if the store stays pending', () => {
  const cachedAfterStore = (release: string) => {
    const { p, page, cached } = swappedOut(release);
    p.write(page, 2);
    return cached();
  };
  expect([cachedAfterStore('6.12'), cachedAfterStore('7.2')]).toEqual([false, true]);
});
