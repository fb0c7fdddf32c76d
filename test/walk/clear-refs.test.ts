import { expect, test } from 'vitest';
import { pteSoftDirty } from '../../kernel-lib/pgtable/pte.js';
import { pteOffset, pteTable, readPte } from '../../kernel-lib/pgtable/table.js';
import { run } from '../../kernel-lib/step/step.js';
import { boot } from '../../kernel-lib/sys/boot.js';
import { clearRefsWrite } from '../../kernel-lib/walk/clear-refs.js';

function faultsOfStoreAfterClearing(arch: string) {
  const linux = boot({ release: '6.1', arch });
  const p = linux.spawn('p');
  const page = p.mmap(1);
  p.write(page, 1);
  run(clearRefsWrite(linux.machine, p.mm));
  const before = p.faults.min;
  p.write(page, 2);
  p.write(page, 3);
  return p.faults.min - before;
}

test('after clearing soft-dirty bits the first store to a page faults', () => {
  expect(faultsOfStoreAfterClearing('x86_64')).toBe(1);
});

test('a kernel without soft-dirty tracking clears nothing', () => {
  expect(faultsOfStoreAfterClearing('x86_32_pae')).toBe(0);
});

/** Whether the page that a device may write to is soft-dirty after clearing. */
function pinnedIsSoftDirty(protectedFirst: boolean) {
  const linux = boot({ release: '6.1' });
  const k = linux.machine;
  const p = linux.spawn('p');
  const page = p.mmap(1);
  p.pin(page, 1, { write: true });
  if (protectedFirst) p.mprotect(page, 1, 'r');
  run(clearRefsWrite(k, p.mm));
  return pteSoftDirty(k, readPte(k, pteOffset(k, pteTable(k, p.mm.pgd, page), page)));
}

test('a pinned page that may be written stays soft-dirty and writable', () => {
  expect(pinnedIsSoftDirty(false)).toBe(true);
});

test('a pinned page behind a read-only entry is cleared as any other', () => {
  expect(pinnedIsSoftDirty(true)).toBe(false);
});
