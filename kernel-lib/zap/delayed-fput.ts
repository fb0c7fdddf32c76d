import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { kfree, kmemCacheFree } from '../machine/slab.js';
import { diskFileFree } from '../pagecache/disk-file.js';
import { hugetlbfsEvictInode } from '../pagecache/hugetlb-file.js';
import { xaDestroy } from '../pagecache/xarray.js';
import type { Step } from '../step/step.js';
import { AddressSpace, File } from '../vma/file.js';
import { truncateInodePagesRange } from './truncate-inode.js';
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
  else if (mapping.daxPfn !== 0) daxEvictInode(k, mapping);
  else if (mapping.disk === 0) yield* shmemEvictInode(k, mapping);
  else yield* diskEvictInode(k, mapping);
  xaDestroy(k, mapping);
  kmemCacheFree(k, AddressSpace, mapping.at);
}

/** @kernel mm/shmem.c shmem_evict_inode v6.2 */
function* shmemEvictInode(k: Machine, mapping: AddressSpace): Step<void> {
  k.globals.mappings = withoutMapping(k, k.globals.mappings, mapping);
  yield* shmemTruncateRange(k, mapping, 0, Infinity);
}

/** What was not written is lost with the file. */
function* diskEvictInode(k: Machine, mapping: AddressSpace): Step<void> {
  k.globals.diskMappings = withoutMapping(k, k.globals.diskMappings, mapping);
  yield* truncateInodePagesRange(k, mapping, 0, Infinity);
  diskFileFree(k, mapping);
}

/** A device goes with its content. */
function daxEvictInode(k: Machine, mapping: AddressSpace): void {
  k.globals.daxMappings = withoutMapping(k, k.globals.daxMappings, mapping);
  if (mapping.daxMemory !== 0) kfree(k, mapping.daxMemory, mapping.daxNrPages);
}

/** Takes an address space off a list; its first element then. */
function withoutMapping(k: Machine, first: number, mapping: AddressSpace): number {
  if (first === mapping.at) return mapping.nextMapping;
  let before = AddressSpace.at(k, first);
  while (before.nextMapping !== mapping.at) before = AddressSpace.at(k, before.nextMapping);
  before.nextMapping = mapping.nextMapping;
  return first;
}
