import { expect, test } from 'vitest';
import { VmBug, vmBugOn } from '../../kernel-lib/base/error.js';

test('VM_BUG_ON stops the machine only when its condition holds', () => {
  expect(() => vmBugOn(false, 'fine')).not.toThrow();
  expect(() => vmBugOn(true, 'an anonymous page is mapped twice')).toThrow(VmBug);
});
