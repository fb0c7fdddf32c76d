import fc from 'fast-check';
import { describe, test } from 'vitest';
import { runChecked } from './checked-program.js';
import { program } from './random-programs.js';

const targets = [
  { release: '6.1.187', arch: 'x86_64' },
  { release: '6.1.176', arch: 'x86_32_pae' },
  { release: '6.5.10', arch: 'x86_32_pae' },
  { release: '6.12.111', arch: 'x86_64' },
  { release: '7.2.13', arch: 'x86_64' },
];

const numRuns = process.env.FAULTBOOK_SLOW ? 5000 : 120;

describe.each(targets)('random programs on $release $arch', (target) => {
  test('read what they were promised, and leave nothing behind', () => {
    fc.assert(
      fc.property(program, (lines) => runChecked(lines, target)),
      { seed: 1, numRuns },
    );
  });
});
