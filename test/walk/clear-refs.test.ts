import { expect, test } from 'vitest';
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
