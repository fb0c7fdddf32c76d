import { Conformance } from '../conformance.js';
import { withheldFlags } from '../kernel.js';
import { makeModel } from '../model.js';
import type { Selection } from '../recordings.js';
import { recordings } from './recordings.js';

/**
 * Replays recorded programs on the model, each on the release and architecture that it was recorded on, and compares
 * everything that the kernel showed: what `faultbook conform` does, for a cell.
 *
 * @param selection which programs; absent: all
 * @throws InputError for an unknown kernel or file, or a damaged recording
 */
export async function conform(selection: Selection = {}): Promise<Conformance> {
  const conformance = new Conformance();
  for await (const { from, program } of recordings.programs(selection)) {
    const { kernel, release, arch, uname } = from;
    conformance.add(
      kernel,
      program,
      { release, arch, withheld: withheldFlags({ release: uname }) },
      makeModel,
    );
  }
  return conformance;
}
