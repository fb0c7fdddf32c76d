import { hpagePmdNr } from '../folio/compound.js';
import { FAULT_FLAG_USER, FAULT_FLAG_WRITE } from '../fault/flags.js';
import { handleMmFault } from '../fault/handle.js';
import { MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } from '../mmap/flags.js';
import { vmMmapPgoff } from '../mmap/mmap.js';
import { doMprotectPkey } from '../mmap/mprotect.js';
import { daxDeviceSetup } from '../pagecache/dax-device.js';
import { hasPudLeaves, hpagePudSize } from '../pgtable/pud.js';
import { run } from '../step/step.js';
import { access } from '../sys/access.js';
import { type World, mmOf } from '../trace/world.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { vmaLookup } from '../vma/vma-list.js';
import type { Act } from './acts.js';

/** A device of memory becomes object 0. Its entries map a page each. */
export const openDaxPages: Act = ({ k, objects }) => {
  objects.set(0, daxDeviceSetup(k, 4, k.pageSize));
};

/** The same for one whose entries map a huge page where they can. */
export const openDax: Act = ({ k, objects }) => {
  const nrPages = hpagePmdNr(k);
  objects.set(0, daxDeviceSetup(k, 2 * nrPages, nrPages * k.pageSize));
};

/** Process 0 maps two GiB of such a device: larger than a region, so at a place of its own. */
function mapGiants(world: World, flags: number): { readonly at: number; readonly size: number } {
  const { k } = world;
  const size = hpagePudSize(k);
  const file = daxDeviceSetup(k, (2 * size) / k.pageSize, size);
  const prot = PROT_READ | PROT_WRITE;
  return {
    at: run(vmMmapPgoff(k, mmOf(world, 0), { file, addr: 0, len: 2 * size, prot, flags, pgoff: 0 })),
    size,
  };
}

/** A shared mapping of entries that span a GiB is written, found unused, written again and protected. */
export const shareGiants: Act = (world) => {
  const { k } = world;
  if (!hasPudLeaves(k)) return;
  const mm = mmOf(world, 0);
  const { at, size } = mapGiants(world, MAP_SHARED);
  run(access(k, mm, at));
  run(access(k, mm, at + size, 1));
  for (const flags of [FAULT_FLAG_USER, FAULT_FLAG_USER | FAULT_FLAG_WRITE]) {
    run(mmapReadLock(k, mm));
    run(handleMmFault(k, vmaLookup(k, mm, at)!, at, flags));
    mmapReadUnlock(k, mm);
  }
  for (const prot of [PROT_READ, PROT_READ | PROT_WRITE]) run(doMprotectPkey(k, mm, at, 2 * size, prot));
};

/** A private one is shared with a child, after a store that gave the process pages of its own. */
export const forkGiants: Act = (world, execute) => {
  const { k } = world;
  if (!hasPudLeaves(k)) return;
  const { at, size } = mapGiants(world, MAP_PRIVATE);
  run(access(k, mmOf(world, 0), at, 1));
  run(access(k, mmOf(world, 0), at + size));
  execute('fork 0 1');
};
