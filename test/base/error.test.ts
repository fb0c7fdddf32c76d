import { expect, test } from 'vitest';
import { VmBug, vmBug, vmBugOn } from '../../kernel-lib/base/error.js';

test('VM_BUG_ON stops the machine only when its condition holds', () => {
  expect(() => vmBugOn(false, 'fine')).not.toThrow();
  expect(() => vmBugOn(true, 'an anonymous page is mapped twice')).toThrow(VmBug);
});

test('a broken promise names the numbers that broke it', () => {
  const bug = vmBug`frame ${7} had ${0} references, ${1} is given back`;
  expect(bug).toBeInstanceOf(VmBug);
  expect(bug.message).toBe('frame 7 had 0 references, 1 is given back');
});
