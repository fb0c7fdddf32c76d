import { expect, test } from 'vitest';
import { Conformance } from '../../kernel-lib/trace/conformance.js';
import { withheldFlags } from '../../kernel-lib/trace/kernel.js';
import { knownDifferences } from '../../kernel-lib/trace/known-differences.js';
import { makeCheckedModel, makeModel } from '../../kernel-lib/trace/model.js';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';

test.each(recordings.kernels())(
  'every program recorded on %s agrees in everything, but for those whose difference is known',
  { timeout: 300_000 },
  async (kernel) => {
    const conformance = new Conformance();
    for await (const { from, program } of recordings.programs({ kernel })) {
      const target = { ...from, withheld: withheldFlags({ release: from.uname }) };
      // Invariants over machines with huge pages take minutes: `faultbook conform --check` asserts them.
      const makeDriver = program.header.thp === 'never' ? makeCheckedModel : makeModel;
      conformance.add(kernel, program, target, makeDriver);
    }
    const known = knownDifferences.filter((difference) => difference.kernel === kernel);
    expect(conformance.first.map(({ program, op }) => ({ program, op }))).toEqual(
      expect.arrayContaining(known.map(({ program, op }) => ({ program, op }))),
    );
    expect(conformance.first).toHaveLength(known.length);
    const { programs, identical, dropped, failed, unsupported } = conformance.total;
    expect({ failed, unsupported }).toEqual({ failed: 0, unsupported: 0 });
    expect(identical).toBe(programs - dropped - known.length);
  },
);
