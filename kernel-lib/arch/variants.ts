import { InputError } from '../base/error.js';
import { type Arch } from './arch.js';
import { alpha } from './alpha.js';
import { arc, arc4k, arcPae40 } from './arc.js';
import { arm2level, armLpae } from './arm.js';
import { arm64_16k, arm64_4k, arm64_64kPa52 } from './arm64.js';
import { x86_32, x86_32_pae, x86_64 } from './x86.js';

/** Every architecture variant, one line a file. */
export const arches: readonly Arch[] = [
  ...[alpha],
  ...[arc, arc4k, arcPae40],
  ...[arm2level, armLpae],
  ...[arm64_4k, arm64_16k, arm64_64kPa52],
  ...[x86_64, x86_32, x86_32_pae],
];

const byId = new Map(arches.map((arch) => [arch.id, arch]));

/** @throws InputError naming the variants that there are */
export function archById(id: string): Arch {
  const arch = byId.get(id);
  if (!arch) throw new InputError(`no architecture '${id}'; there are ${[...byId.keys()].join(', ')}`);
  return arch;
}
