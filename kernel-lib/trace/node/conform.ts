import { checkOptions } from '../../base/argument.js';
import type { OwnPatch } from '../../own/own-patch.js';
import { Conformance } from '../conformance.js';
import { withheldFlags } from '../kernel.js';
import { makeCheckedModel, makeModel, type Model } from '../model.js';
import type { MachineSetup } from '../driver.js';
import { RecordedBoot } from '../recorded-boot.js';
import type { ManifestEntry, ProgramOfKernel, Selection } from '../recordings.js';
import { recordings } from './recordings.js';

/** What the model is, where it is not the kernel that was recorded. */
export interface ConformOptions {
  /** A release that boot knows; absent: the recorded one. */
  readonly release?: string;
  /** Commits of patches to add to the release, and to take away from it. */
  readonly with?: readonly string[];
  readonly without?: readonly string[];
  /** A patch of your own: what `patchSource` gave. */
  readonly own?: OwnPatch;
  /** Asserts the numbered invariants after every operation: one that breaks any counts as failed. */
  readonly check?: boolean;
}

const conformOptions = [
  ...(['release', 'with', 'without', 'own', 'check'] as const satisfies readonly (keyof ConformOptions)[]),
];

/**
 * Replays recorded programs on the model, each on the release and architecture that it was recorded on unless the
 * options say otherwise, and compares everything that the kernel showed: what `faultbook conform` does, for a cell.
 *
 * @param selection which programs; absent: all
 * @throws InputError for an unknown kernel, file or mix of programs, a damaged recording, and for options that there
 *   are not or that boot would refuse
 */
export async function conform(selection: Selection = {}, options: ConformOptions = {}): Promise<Conformance> {
  checkOptions('conform', options, conformOptions);
  const { own, check, ...kernel } = options;
  const make = makerOf(own, check === true);
  const conformance = new Conformance();
  const setupOn = ({ release, arch }: ManifestEntry) => ({ release, arch, ...kernel });
  let file: string | undefined;
  let boot: RecordedBoot;
  const bootOf = (from: ManifestEntry): RecordedBoot => {
    if (from.file !== file) boot = new RecordedBoot(setupOn(from), make);
    file = from.file;
    return boot;
  };
  const passOver = ({ from, program }: ProgramOfKernel): void => bootOf(from).passOver(program);
  for await (const { from, program } of recordings.programs(selection, passOver)) {
    const target = { ...setupOn(from), withheld: withheldFlags({ release: from.uname }) };
    conformance.add(from.kernel, program, target, bootOf(from).drive(program));
  }
  return conformance;
}

type Maker = (setup: MachineSetup) => Model;

function makerOf(own: OwnPatch | undefined, check: boolean): Maker {
  const model = own?.load<{ makeModel: Maker; makeCheckedModel: Maker }>('trace/model.ts');
  return (model ?? { makeModel, makeCheckedModel })[check ? 'makeCheckedModel' : 'makeModel'];
}
