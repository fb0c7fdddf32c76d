import { expect, test } from 'vitest';
import { EINVAL } from '../../kernel-lib/base/errno.js';
import { AccessError } from '../../kernel-lib/sys/process.js';
import { Layout } from './layout.js';

test('guarded pages are empty and inaccessible, for a child too, until the guards are removed', () => {
  const p = new Layout('7.2');
  p.mmap(0, 3);
  p.write(0, 5);
  expect(p.madvise(0, 2, 'MADV_GUARD_INSTALL')).toBe(0);
  expect(p.show('gu')).toEqual(['0-3 rw-p gu']);
  expect(() => p.read(0)).toThrow(AccessError);
  const child = p.fork();
  expect(() => child.write(1)).toThrow(AccessError);
  expect(p.madvise(0, 2, 'MADV_DONTNEED')).toBe(0);
  expect(() => p.read(0)).toThrow(AccessError);
  expect(p.madvise(0, 2, 'MADV_GUARD_REMOVE')).toBe(0);
  expect(p.read(0)).toBe(0);
  expect(() => child.read(0)).toThrow(AccessError);
});

test('kernels before v6.13 do not know guards', () => {
  const p = new Layout('6.12');
  p.mmap(0, 1);
  expect(p.madvise(0, 1, 'MADV_GUARD_INSTALL')).toBe(-EINVAL);
  expect(p.madvise(0, 1, 'MADV_GUARD_REMOVE')).toBe(-EINVAL);
});
