import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { kfree, kmemCacheFree } from '../machine/slab.js';
import { hugetlbfsEvictInode } from '../pagecache/hugetlb-file.js';
import { xaDestroy } from '../pagecache/xarray.js';
import type { Step } from '../step/step.js';
import { AddressSpace, File } from '../vma/file.js';
import { shmemTruncateRange } from './truncate.js';

/**
 * Closes the files whose last holder has gone. Runs at the end of a system call, when no lock is held.
 *
 * MODEL: flush_delayed_fput() and the task work of fs/file_table.c.
 */
export function* flushDelayedFput(k: Machine): Step<void> {
  while (k.globals.delayedFputs !== 0) {
    const file = File.at(k, k.globals.delayedFputs);
    k.globals.delayedFputs = file.nextFput;
    // An object is opened once here: it goes with its file.
    if (file.fMapping !== 0) yield* evictInode(k, AddressSpace.at(k, file.fMapping));
    kmemCacheFree(k, File, file.at);
  }
}

/** An object without a name and without a file: nobody can ever ask for it again. MODEL: evict() of fs/inode.c. */
function* evictInode(k: Machine, mapping: AddressSpace): Step<void> {
  vmBugOn(mapping.iMmap !== 0, 'who maps an object holds its file');
  if (mapping.resvMap !== 0) yield* hugetlbfsEvictInode(k, mapping);
  else if (mapping.disk === 0) yield* shmemEvictInode(k, mapping);
  else yield* shmemTruncateRange(k, mapping, 0, Infinity);
  xaDestroy(k, mapping);
  if (mapping.disk !== 0) kfree(k, mapping.disk, mapping.iSize / k.pageSize);
  kmemCacheFree(k, AddressSpace, mapping.at);
}

/** @kernel mm/shmem.c shmem_evict_inode v6.2 */
function* shmemEvictInode(k: Machine, mapping: AddressSpace): Step<void> {
  unlinkMapping(k, mapping);
  yield* shmemTruncateRange(k, mapping, 0, Infinity);
}

/** Takes an object off the list of all of shmem. */
function unlinkMapping(k: Machine, mapping: AddressSpace): void {
  if (k.globals.mappings === mapping.at) {
    k.globals.mappings = mapping.nextShmem;
    return;
  }
  let before = AddressSpace.at(k, k.globals.mappings);
  while (before.nextShmem !== mapping.at) before = AddressSpace.at(k, before.nextShmem);
  before.nextShmem = mapping.nextShmem;
}
