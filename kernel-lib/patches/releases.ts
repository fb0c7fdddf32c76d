import { InputError } from '../base/error.js';
import { type Patch, type PatchName, type Patched, catalogue } from './catalogue.js';

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
    backports: ['markerForkFollowsChild', 'hwpoisonIsPfnEntry', 'sharedMaywrite'],
  },
  '6.1.187': {
    mainline: 'v6.1',
    backports: ['markerForkFollowsChild', 'hwpoisonIsPfnEntry', 'sharedMaywrite'],
  },
  '6.5.10': { mainline: 'v6.5' },
  '6.12.111': { mainline: 'v6.12' },
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
  return entries
    .filter(([name, patch]) => backports.includes(name) || notLater(patch.since, mainline))
    .filter(([, patch]) => concerns(patch, arch))
    .map(([, patch]) => patch.id);
}

const entries = Object.entries(catalogue) as [PatchName, Patch][];

function concerns(patch: Patch, arch: string): boolean {
  return patch.arches === undefined || patch.arches.includes(arch);
}

/** `v6.2-rc1` as numbers that compare in the order of history: release candidates come before their release. */
function rank(version: string): number {
  const [, major, minor, candidate] = /^v?(\d+)\.(\d+)(?:-rc(\d+))?$/.exec(version)!;
  return Number(major) * 1e6 + Number(minor) * 1e3 + (candidate === undefined ? 999 : Number(candidate));
}

function notLater(a: string, b: string): boolean {
  return rank(a) <= rank(b);
}

/**
 * Resolves a release and its changes to one boolean for each patch.
 *
 * @param withIds patches to add; 12 digits or more of the commit
 * @param withoutIds patches to take away
 * @throws InputError for unknown ids and for combinations that no kernel could run, with the reason
 */
export function resolvePatches(
  release: string,
  arch: string,
  withIds: readonly string[] = [],
  withoutIds: readonly string[] = [],
): Patched {
  const ids = new Set(patchesOf(release, arch));
  for (const id of withIds) ids.add(patchById(id).id);
  for (const id of withoutIds) ids.delete(patchById(id).id);
  for (const [, patch] of entries.filter(([, { id }]) => ids.has(id))) {
    for (const [needed, why] of patch.requires ?? []) {
      if (!ids.has(needed)) throw new InputError(`${patch.id} needs ${needed}: ${why}`);
    }
  }
  return Object.fromEntries(entries.map(([name, { id }]) => [name, ids.has(id)])) as unknown as Patched;
}

/** @throws InputError naming the patches that there are */
export function patchById(id: string): Patch {
  const found = entries.find(([, patch]) => id.startsWith(patch.id));
  if (!found) {
    throw new InputError(`no patch '${id}'; there are ${entries.map(([, patch]) => patch.id).join(', ')}`);
  }
  return found[1];
}
