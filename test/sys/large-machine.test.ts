import { afterEach, expect, test } from 'vitest';
import { boot } from '../../kernel-lib/sys/boot.js';
import { LARGE_MACHINE } from '../../kernel-lib/sys/large-machine.js';

afterEach(() => {
  Reflect.deleteProperty(globalThis, LARGE_MACHINE);
});

test('a machine of 1 GiB is announced to who runs the library, before it exists; a smaller one is not', () => {
  let announced = 0;
  Reflect.set(globalThis, LARGE_MACHINE, () => announced++);
  boot({ memory: '1023MiB' });
  expect(announced).toBe(0);
  boot({ memory: '1GiB' });
  expect(announced).toBe(1);
  boot({ arch: 'arm64_16k', memory: '1GiB' });
  expect(announced).toBe(1);
});

test('a large machine boots where nobody wants to know', () => {
  expect(boot({ memory: '1GiB' }).machine.nrFrames).toBe(2 ** 18);
});
