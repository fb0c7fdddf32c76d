import fc from 'fast-check';
import { describe, test } from 'vitest';
import { runChecked } from './checked-program.js';
import { hugeProgram, program } from './random-programs.js';

const targets = [
  { release: '6.1.187', arch: 'x86_64' },
  { release: '6.1.176', arch: 'x86_32_pae' },
  { release: '6.5.10', arch: 'x86_32_pae' },
  { release: '6.12.111', arch: 'x86_64' },
  { release: '7.2.13', arch: 'x86_64' },
];

/** Other encodings, walkers and page sizes; each in one kernel of the time before the series, or after it. */
const elsewhere = [
  { release: '6.12', arch: 'arm64_4k' },
  { release: 'v6.1', arch: 'arm64_64k_pa52' },
  { release: '6.12', arch: 's390' },
  { release: 'v6.3', arch: 'sparc64' },
  { release: 'v6.1', arch: 'alpha' },
  { release: '6.12', arch: 'loongarch64_4k' },
  { release: 'v6.1', arch: 'm68k_motorola' },
  { release: 'v6.3', arch: 'riscv32' },
  { release: '6.12', arch: 'ppc_book3s64_64k' },
];

const slow = process.env.FAULTBOOK_SLOW !== undefined;

describe.each([
  ...targets.map((target) => ({ ...target, numRuns: slow ? 5000 : 120 })),
  ...elsewhere.map((target) => ({ ...target, numRuns: slow ? 1000 : 25 })),
])('random programs on $release $arch', ({ numRuns, ...target }) => {
  test('read what they were promised, and leave nothing behind', () => {
    fc.assert(
      fc.property(program, (lines) => runChecked(lines, target)),
      { seed: 1, numRuns },
    );
  });
});

describe.each([
  { release: '6.1', arch: 'x86_64', nr: 512 },
  { release: '7.2', arch: 'x86_64', nr: 512 },
  { release: '6.12', arch: 's390', nr: 256 },
  { release: 'v6.1', arch: 's390', nr: 256 },
  { release: '6.12', arch: 'arm_lpae', nr: 512 },
])('random programs on huge pages of $release $arch', ({ nr, ...target }) => {
  test('read what they were promised, and leave nothing behind', () => {
    fc.assert(
      fc.property(hugeProgram(nr), (lines) => runChecked(lines, target)),
      { seed: 1, numRuns: slow ? 500 : 20 },
    );
  });
});
