import { dirtyPatches } from './dirty.js';
import { hugePatches } from './huge.js';
import { mappingPatches } from './mappings.js';
import { observationPatches } from './observation.js';
import type { Patch } from './patch.js';
import { swapPatches } from './swap.js';
import { swpExclusiveSeries } from './swp-exclusive-series.js';
import { unsharingPatches } from './unsharing.js';
import { userfaultfdPatches } from './userfaultfd.js';

/**
 * Every patch that the model knows, by the name under which kernel code asks for it: `k.patched.unshareAnyCow`.
 */
export const catalogue = {
  ...unsharingPatches,
  ...swapPatches,
  ...userfaultfdPatches,
  ...mappingPatches,
  ...hugePatches,
  ...dirtyPatches,
  ...observationPatches,
} as const satisfies Record<string, Patch>;

/** A patch of the series that gave swap PTEs an exclusive marker: one for each family of architectures. */
export const swpExclusivePatches: readonly Patch[] = swpExclusiveSeries
  .filter(({ arches, commit }) => arches.length > 0 && commit !== catalogue.nios2SwapRefactored.id)
  .map(({ commit, title, arches }) => ({
    id: commit,
    title,
    changes: 'swap PTEs remember exclusive pages',
    since: 'v6.3',
    arches,
    ...(arches.includes('nios2') && {
      requires: [[catalogue.nios2SwapRefactored.id, 'the marker takes a bit that it set free']],
    }),
  }));

/** `swpExclusive` stands for whichever patch of the series concerns the machine's architecture. */
export type PatchName = keyof typeof catalogue | 'swpExclusive';

/** For each patch whether the machine's kernel has it. */
export type Patched = Readonly<Record<PatchName, boolean>>;

/** Every patch, with the name under which kernel code asks for it. */
export const patches: readonly (readonly [PatchName, Patch])[] = [
  ...(Object.entries(catalogue) as [PatchName, Patch][]),
  ...swpExclusivePatches.map((patch) => ['swpExclusive', patch] as const),
];
