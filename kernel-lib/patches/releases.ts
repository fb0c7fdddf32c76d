import { constructed } from '../base/constructed.js';
import { someOf } from '../base/argument.js';
import { InputError } from '../base/error.js';
import { type PatchName, type Patched, patches } from './catalogue.js';
import type { Patch } from './patch.js';

/** A release that can be booted: a point of mainline, and what a stable branch added to it. */
interface Release {
  readonly mainline: string;
  readonly backports?: readonly PatchName[];
}

const releases: Readonly<Record<string, Release>> = {
  'v6.1': { mainline: 'v6.1' },
  'v6.2-rc1': { mainline: 'v6.2-rc1' },
  'v6.2': { mainline: 'v6.2' },
  'v6.3': { mainline: 'v6.3' },
  '6.1.176': {
    mainline: 'v6.1',
    backports: [
      'markerForkFollowsChild',
      'hwpoisonIsPfnEntry',
      'sharedMaywrite',
      'uffdWpWritenotify',
      'uffdWpMovingPmd',
      'hugetlbMovingUffdWp',
      'migrationProtects',
      'arm64MkwriteAsks',
      'bypassHoldsSlot',
    ],
  },
  '6.1.187': {
    mainline: 'v6.1',
    backports: [
      'markerForkFollowsChild',
      'hwpoisonIsPfnEntry',
      'sharedMaywrite',
      'uffdWpWritenotify',
      'uffdWpMovingPmd',
      'hugetlbMovingUffdWp',
      'migrationProtects',
      'arm64MkwriteAsks',
      'bypassHoldsSlot',
      'loongarchWrprotectKeepsDirty',
    ],
  },
  '6.5.10': { mainline: 'v6.5' },
  '6.12.111': {
    mainline: 'v6.12',
    backports: [
      'mremapClearsUffdWp',
      'loongarchWrprotectKeepsDirty',
      'arm64MkwriteAsks',
      'pagewalkRetriesLeaf',
    ],
  },
  '7.2.13': { mainline: 'v7.2' },
};

/** Short names of the recorded kernels. */
const shortNames: Readonly<Record<string, string>> = {
  '6.1': '6.1.187',
  '6.5': '6.5.10',
  '6.12': '6.12.111',
  '7.2': '7.2.13',
};

/** The releases that boot knows. */
export const releaseNames: readonly string[] = [...Object.keys(releases), ...Object.keys(shortNames)];

/** The full name of a release, `6.1` -> `6.1.187`. @throws InputError naming the releases that there are */
export function releaseByName(name: string): string {
  const full = shortNames[name] ?? name;
  if (!Object.hasOwn(releases, full)) {
    throw new InputError(`no release '${name}'; there are ${releaseNames.join(', ')}`);
  }
  return full;
}

/** Ids of the patches that a release has on an architecture, in the catalogue's order. */
export function patchesOf(release: string, arch: string): string[] {
  const { mainline, backports = [] } = releases[releaseByName(release)]!;
  return patches
    .filter(([name, patch]) => backports.includes(name) || isIn(patch, mainline))
    .filter(([, patch]) => concerns(patch, arch))
    .map(([, patch]) => patch.id);
}

/** Variants named after another one, `sparc64_sun4v`, share its layout and its patches. */
function concerns({ arches }: Patch, arch: string): boolean {
  return arches === undefined || arches.some((id) => arch === id || arch.startsWith(`${id}_`));
}

/** `v6.2-rc1` as numbers that compare in the order of history: release candidates come before their release. */
function rank(version: string): number {
  const [, major, minor, candidate] = /^v?(\d+)\.(\d+)(?:-rc(\d+))?$/.exec(version)!;
  return Number(major) * 1e6 + Number(minor) * 1e3 + (candidate === undefined ? 999 : Number(candidate));
}

function isIn({ since }: Patch, mainline: string): boolean {
  return since !== undefined && rank(since) <= rank(mainline);
}

/**
 * Resolves a release and its changes to one boolean for each patch.
 *
 * @param withIds patches to add; 7 digits or more of the commit
 * @param withoutIds patches to take away
 * @throws InputError for ids unknown or of another architecture, and for combinations that no kernel could run, with
 * the reason
 */
export function resolvePatches(
  release: string,
  arch: string,
  withIds: readonly string[] = [],
  withoutIds: readonly string[] = [],
): Patched {
  const ids = new Set(patchesOf(release, arch));
  for (const id of withIds) ids.add(patchFor(id, arch).id);
  for (const id of withoutIds) ids.delete(patchById(id).id);
  for (const [, patch] of patches.filter(([, { id }]) => ids.has(id))) {
    for (const [needed, why] of patch.requires ?? []) {
      if (!ids.has(needed)) throw new InputError(`${patch.id} needs ${needed}: ${why}`);
    }
  }
  const on = new Set(patches.filter(([, { id }]) => ids.has(id)).map(([name]) => name));
  return constructed(Object.fromEntries(patches.map(([name]) => [name, on.has(name)])) as Patched);
}

function patchFor(id: string, arch: string): Patch {
  const patch = patchById(id);
  if (concerns(patch, arch)) return patch;
  throw new InputError(`${patch.id} does not concern ${arch}; it is for ${patch.arches?.join(', ')}`);
}

/** Fewer digits of a commit than git prints might be anything. */
const FEWEST_DIGITS = 7;

/**
 * The patch of a commit, of which 7 digits or more are given.
 *
 * @throws InputError naming patches that begin alike, or else the first ones
 */
export function patchById(id: string): Patch {
  const of = (patch: Patch): boolean =>
    id.startsWith(patch.id) || (id.length >= FEWEST_DIGITS && patch.id.startsWith(id));
  const found = patches.find(([, patch]) => of(patch));
  if (found) return found[1];
  const allowed = someOf(
    patches.map(([, patch]) => patch.id),
    (other) => other.startsWith(id.slice(0, 3)),
    'faultbook patches',
  );
  throw new InputError(`no patch '${id}'; there are ${allowed}`);
}
