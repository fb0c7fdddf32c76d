import { expect, test } from 'vitest';
import { boot } from '../../kernel-lib/sys/boot.js';

test('where kernels do not move pages no device has any', () => {
  expect(() => boot({ arch: 'm68k_motorola', deviceMemory: '1MiB' })).toThrow(
    'deviceMemory: not on m68k_motorola, whose kernels do not move pages',
  );
});

test('the frames of a device have to be nameable by entries: 512 MiB on R3000', () => {
  expect(() => boot({ arch: 'mips32_r3k', deviceMemory: '1MiB' })).toThrow(
    'deviceMemory: memory and deviceMemory together are too large for mips32_r3k; allowed: 512MiB',
  );
  const linux = boot({ arch: 'mips32_r3k', memory: '256MiB', deviceMemory: '1MiB' });
  const process = linux.spawn('p');
  const page = process.mmap(1);
  process.write(page, 7);
  expect(process.moveToDevice(page)).toBe(1);
  expect(process.read(page)).toBe(7);
});

test('without memory of its own a device gets no pages', () => {
  const process = boot().spawn('p');
  const page = process.mmap(1);
  process.write(page, 7);
  expect(() => process.moveToDevice(page)).toThrow(/ENOSYS/);
  expect(() => process.lendToDevice(page)).toThrow(/ENOSYS/);
});
