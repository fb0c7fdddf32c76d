import { expect, test } from 'vitest';
import { Conformance } from '../../kernel-lib/trace/conformance.js';
import { withheldFlags } from '../../kernel-lib/trace/kernel.js';
import type { MachineSetup } from '../../kernel-lib/trace/driver.js';
import { knownDifferences } from '../../kernel-lib/trace/known-differences.js';
import { makeCheckedModel, makeModel, type Model } from '../../kernel-lib/trace/model.js';
import { RecordedBoot } from '../../kernel-lib/trace/recorded-boot.js';
import { recordings } from '../../kernel-lib/trace/node/recordings.js';

/** Invariants over machines with huge pages take minutes: `faultbook conform --check` asserts them. */
function make(setup: MachineSetup): Model {
  return setup.program.thp === 'never' ? makeCheckedModel(setup) : makeModel(setup);
}

test.each(recordings.kernels())(
  'every program recorded on %s agrees in everything, but for those whose difference is known',
  { timeout: 300_000 },
  async (kernel) => {
    const conformance = new Conformance();
    for (const from of recordings.manifest().filter((entry) => entry.kernel === kernel)) {
      const boot = new RecordedBoot(from, make);
      const target = { ...from, withheld: withheldFlags({ release: from.uname }) };
      for await (const { program } of recordings.programs({ file: from.file })) {
        conformance.add(kernel, program, target, boot.drive(program));
      }
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
