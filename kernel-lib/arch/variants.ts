import { InputError } from '../base/error.js';
import { type Arch } from './arch.js';
import { x86_32, x86_32_pae, x86_64 } from './x86.js';

/** Every architecture variant. */
export const arches: readonly Arch[] = [x86_64, x86_32, x86_32_pae];

const byId = new Map(arches.map((arch) => [arch.id, arch]));

/** @throws InputError naming the variants that there are */
export function archById(id: string): Arch {
  const arch = byId.get(id);
  if (!arch) throw new InputError(`no architecture '${id}'; there are ${[...byId.keys()].join(', ')}`);
  return arch;
}
