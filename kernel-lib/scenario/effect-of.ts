import { InputError } from '../base/error.js';
import { patches } from '../patches/catalogue.js';
import { type Sides, sidesOf } from '../patches/path.js';
import { patchById } from '../patches/releases.js';
import { type Comparison, compare } from './comparison.js';
import { type Effect, type ScenarioEffect, effects } from './effects.js';

/** Where the effect of a patch can be seen. @throws InputError for an unknown patch */
export function effectRecord(id: string): Effect {
  const patch = patchById(id);
  const [name] = patches.find(([, other]) => other === patch)!;
  return effects[name];
}

/**
 * What a patch does: the scenario that shows it, on a kernel without the patch and on the same kernel with it.
 *
 * @param id commit of the patch
 * @param arch an architecture that the patch concerns; absent: one that shows it
 * @throws InputError for a patch that is unknown or does not concern the architecture, and for one whose effect no
 * scenario shows, with the race that does or with the reason
 */
export function effectOf(id: string, arch?: string): Comparison {
  const patch = patchById(id);
  const effect = effectRecord(id);
  if ('none' in effect) throw new InputError(`no scenario shows ${patch.id}: ${effect.none}`);
  if ('race' in effect) throw new InputError(`${patch.id} decides a race: faultbook explore ${effect.race}`);
  const { before, after } = effectSides(id, effect, arch);
  return compare(effect.scenario, before, after);
}

/**
 * The two kernels on which the scenario of an effect shows it.
 *
 * @param id commit of the patch
 * @param arch an architecture that the patch concerns; absent: one that shows it
 */
export function effectSides(id: string, effect: ScenarioEffect, arch?: string): Sides {
  const { arches } = patchById(id);
  const { cpu } = effect;
  return sidesOf(id, {
    release: effect.release ?? 'v6.1',
    arch: arch ?? effect.arch ?? arches?.[0] ?? 'x86_64',
    ...(cpu !== undefined && { cpu }),
    with: idsOf(effect.with),
    without: idsOf(effect.without),
  });
}

function idsOf(names: readonly string[] = []): string[] {
  return patches.filter(([name]) => names.includes(name)).map(([, { id }]) => id);
}
