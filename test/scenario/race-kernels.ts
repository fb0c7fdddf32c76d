import type { Race } from '#stepped/scenario/race.js';
import { patchesOf } from '../../kernel-lib/patches/releases.js';
import type { ExploreOptions } from '../../kernel-lib/scenario/exploration.js';

/** A race on one of the kernels on which it is judged. */
export interface RaceOnKernel {
  readonly name: string;
  readonly options: Pick<ExploreOptions, 'with' | 'without'>;
}

/** The race's own kernel and, where commits decide, that with each of them added or taken away. */
export function kernelsOf(race: Race): RaceOnKernel[] {
  const own = { name: race.name, options: {} };
  return race.decidedBy.length === 0 ? [own] : [own, { name: race.name, options: flip(race) }];
}

/** Changes to a race's own kernel that its verdict is said to hang on: a commit is added, or taken away where it is in. */
export function flip({ release, arch, decidedBy }: Race): RaceOnKernel['options'] {
  const has = patchesOf(release, arch);
  return {
    with: decidedBy.filter((id) => !has.includes(id)),
    without: decidedBy.filter((id) => has.includes(id)),
  };
}
