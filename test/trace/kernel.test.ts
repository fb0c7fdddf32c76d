import { expect, test } from 'vitest';
import { recordedKernel } from '../../kernel-lib/trace/kernel.js';

const header = (release: string) => ({ oracle: 1, kernel: 'k', release, bits: 64, dm: 1 }) as const;

test.each([
  ['6.1.0-53-amd64', '6.1.187', 'x86_64'],
  ['6.12.111+deb12-cloud-amd64', '6.12.111', 'x86_64'],
  ['7.2.13+deb14-cloud-amd64', '7.2.13', 'x86_64'],
  ['6.1.0-50-686', '6.1.176', 'x86_32'],
  ['6.1.0-50-686-pae', '6.1.176', 'x86_32_pae'],
  ['6.5.0-0.deb12.4-686-pae', '6.5.10', 'x86_32_pae'],
])('the kernel %s is release %s on %s', (uname, release, arch) => {
  expect(recordedKernel(header(uname))).toEqual({ kernel: 'k', release, arch });
});

test('a kernel whose version cannot be told needs a release from the user', () => {
  expect(() => recordedKernel(header('6.2.0-1-amd64'))).toThrow(
    /kernel k \(6.2.0-1-amd64\): release unknown/,
  );
  expect(recordedKernel(header('6.2.0-1-amd64'), { release: 'v6.2' })).toMatchObject({ release: 'v6.2' });
  expect(() => recordedKernel(header('6.2.13-arm64'), { release: 'v6.2' })).toThrow(/architecture unknown/);
});

test('a kernel of any name is told by its machine, and the release by the user', () => {
  const mine = { ...header('6.2.0-rc1-mine'), machine: 'x86_64' };
  expect(recordedKernel(mine, { release: 'v6.2' })).toMatchObject({ release: 'v6.2', arch: 'x86_64' });
  expect(() => recordedKernel({ ...mine, release: 'mine' })).toThrow(/release unknown.*give --release/);
});
