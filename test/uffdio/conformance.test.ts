import { expect, test } from 'vitest';
import { Conformance } from '../../kernel-lib/trace/conformance.js';
import { withheldFlags } from '../../kernel-lib/trace/kernel.js';
import { makeModel } from '../../kernel-lib/trace/model.js';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';
import { programWords } from '../../kernel-lib/trace/selection.js';

/** All of them are a slow test. */
const nth = process.env.FAULTBOOK_SLOW ? 1 : 8;

test.each(recordings.kernels())(
  'programs that use userfaultfd see of the model what they saw of %s',
  async (kernel) => {
    const conformance = new Conformance();
    let at = 0;
    for await (const { from, program } of recordings.programs({ kernel })) {
      if (program.header.thp !== 'never' || !programWords(program).includes('uffd')) continue;
      // Which pages reclaim takes is another matter, and not yet exact.
      if (program.operations.some(({ operation }) => operation.name === 'reclaim')) continue;
      if (at++ % nth !== 0) continue;
      const { release, arch, uname } = from;
      const target = { release, arch, withheld: withheldFlags({ release: uname }) };
      conformance.add(kernel, program, target, makeModel);
    }
    expect(conformance.first).toEqual([]);
    expect(conformance.total.identical).toBe(Math.ceil(at / nth));
    expect(at).toBeGreaterThan(0);
  },
);
