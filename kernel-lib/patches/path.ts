import { patches } from './catalogue.js';
import type { Patch } from './patch.js';
import { patchById, patchesOf } from './releases.js';

/** A release with patches added and taken away, as boot takes them. */
export interface PatchSet {
  readonly release: string;
  readonly arch: string;
  /** A CPU of that architecture; absent: the usual one. No patch depends on it. */
  readonly cpu?: string;
  readonly with?: readonly string[];
  readonly without?: readonly string[];
}

/** One step from a kernel to another: a patch that is added or taken away. */
export interface PathStep {
  readonly patch: Patch;
  readonly added: boolean;
}

/** Ids of all patches of a kernel. @throws InputError for unknown ones */
export function idsOf({ release, arch, with: added = [], without = [] }: PatchSet): ReadonlySet<string> {
  const ids = new Set(patchesOf(release, arch));
  for (const id of added) ids.add(patchById(id).id);
  for (const id of without) ids.delete(patchById(id).id);
  return ids;
}

/**
 * A way from one kernel to another by one patch at a time, such that no kernel on the way lacks what a patch of it
 * requires: first everything that is added, in the order of the catalogue as far as requirements allow, then
 * everything that goes, in the opposite order.
 */
export function patchPath(from: PatchSet, to: PatchSet): PathStep[] {
  const [before, after] = [idsOf(from), idsOf(to)];
  const added = inOrder(
    patches.map(([, patch]) => patch).filter(({ id }) => after.has(id) && !before.has(id)),
  );
  const gone = inOrder(
    patches.map(([, patch]) => patch).filter(({ id }) => before.has(id) && !after.has(id)),
  );
  return [
    ...added.map((patch) => ({ patch, added: true })),
    ...gone.reverse().map((patch) => ({ patch, added: false })),
  ];
}

/** Each patch behind those of the list that it requires. */
function inOrder(list: readonly Patch[]): Patch[] {
  const placed: Patch[] = [];
  const place = (patch: Patch): void => {
    if (placed.includes(patch)) return;
    for (const [needed] of patch.requires ?? []) {
      const first = list.find(({ id }) => id === needed);
      if (first) place(first);
    }
    placed.push(patch);
  };
  list.forEach(place);
  return placed;
}

/** The kernel after the first `n` steps of a path, as boot takes it. */
export function kernelOnPath(from: PatchSet, path: readonly PathStep[], n: number): PatchSet {
  const ids = new Set(idsOf(from));
  for (const { patch, added } of path.slice(0, n)) {
    if (added) ids.add(patch.id);
    else ids.delete(patch.id);
  }
  return kernelOf(from, ids);
}

/** The kernel of a release and machine that has exactly these patches. */
function kernelOf({ release, arch, cpu }: PatchSet, ids: ReadonlySet<string>): PatchSet {
  const own = patchesOf(release, arch);
  return {
    release,
    arch,
    ...(cpu !== undefined && { cpu }),
    with: [...ids].filter((id) => !own.includes(id)),
    without: own.filter((id) => !ids.has(id)),
  };
}

/** Two kernels that differ by one patch alone. */
export interface Sides {
  readonly before: PatchSet;
  readonly after: PatchSet;
}

/**
 * A kernel without a patch and the same kernel with it: what the patch requires is on both sides, and what requires
 * it on neither.
 *
 * @throws InputError for unknown patches
 */
export function sidesOf(id: string, base: PatchSet): Sides {
  const patch = patchById(id);
  const ids = new Set([...idsOf(base), ...requirementsOf(patch)]);
  for (const [, other] of patches) if (requirementsOf(other).has(patch.id)) ids.delete(other.id);
  ids.delete(patch.id);
  return { before: kernelOf(base, ids), after: kernelOf(base, new Set([...ids, patch.id])) };
}

/** What a patch requires, and what that requires. */
function requirementsOf({ requires = [] }: Patch): Set<string> {
  return new Set(requires.flatMap(([id]) => [id, ...requirementsOf(patchById(id))]));
}
