import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { struct } from '../machine/struct.js';
import { downRead, downWrite, upRead, upWrite } from '../step/lock.js';
import type { Step } from '../step/step.js';
import { Vma } from './vma.js';

/**
 * The pages of one object, and who maps them.
 *
 * @kernel include/linux/fs.h address_space v6.2
 * @differs i_mmap is a list in no particular order instead of an interval tree: walkers test each VMA's range
 */
export const AddressSpace = struct('address_space', {
  /** First Vma of the mappings, linked by sharedNext and sharedPrev. */
  iMmap: 'i32',
  /** Number of readers of the list, -1 for a writer. */
  iMmapRwsem: 'i32',
  /** Pages and swap entries by index; see pagecache/xarray.ts. */
  xaHead: 'i32',
  xaHeight: 'i32',
  /** Pages in the page cache. */
  nrpages: 'i32',
  /** Size in bytes. */
  iSize: 'u64',
  /** Pages accounted to the object, those of them in swap, and what stat shows, in pages. */
  alloced: 'i32',
  swapped: 'i32',
  iBlocks: 'i32',
  /** The next address space of shmem, or of a file on a disk. */
  nextMapping: 'i32',
  /** Of a hugetlb object, the ResvMap of its pages. */
  resvMap: 'i32',
  /** Slab address of what the disk holds, a word per page, and for how many pages there is room; 0 for shmem. */
  disk: 'i32',
  diskPages: 'i32',
  /** Of a DAX device, its first frame, its size in frames, and the most that one entry maps, in bytes; 0 for all others. */
  daxPfn: 'i32',
  daxNrPages: 'i32',
  daxAlign: 'u64',
  /** Slab address of its content, a word per page, 0 before the first store; and how often its huge_fault was called. */
  daxMemory: 'i32',
  hugeFaults: 'i32',
  /** 1 where huge_fault maps what is asked for also for a store to a private mapping. */
  daxRemaps: 'i32',
  /** 1 where the device wants a page to stay as it is while it is written: @kernel include/linux/pagemap.h mapping_stable_writes 6.12 */
  stableWrites: 'i32',
  /** Number of those who fill the page cache, -1 for one who takes pages out for good. */
  invalidateLock: 'i32',
});
export type AddressSpace = ReturnType<typeof AddressSpace.at>;

/** @kernel include/linux/fs.h i_mmap_lock_read v6.2 */
export function* iMmapLockRead(k: Machine, mapping: AddressSpace): Step<void> {
  yield* downRead(k.slab, mapping.at + AddressSpace.offset.iMmapRwsem);
}

/** @kernel include/linux/fs.h i_mmap_unlock_read v6.2 */
export function iMmapUnlockRead(k: Machine, mapping: AddressSpace): void {
  upRead(k.slab, mapping.at + AddressSpace.offset.iMmapRwsem);
}

/** Pages come into the cache only while nobody takes them out for good. @kernel include/linux/fs.h filemap_invalidate_lock_shared v6.2 */
export function* filemapInvalidateLockShared(k: Machine, mapping: AddressSpace): Step<void> {
  yield* downRead(k.slab, mapping.at + AddressSpace.offset.invalidateLock);
}

/** @kernel include/linux/fs.h filemap_invalidate_unlock_shared v6.2 */
export function filemapInvalidateUnlockShared(k: Machine, mapping: AddressSpace): void {
  upRead(k.slab, mapping.at + AddressSpace.offset.invalidateLock);
}

/** @kernel include/linux/fs.h filemap_invalidate_lock v6.2 */
export function* filemapInvalidateLock(k: Machine, mapping: AddressSpace): Step<void> {
  yield* downWrite(k.slab, mapping.at + AddressSpace.offset.invalidateLock);
}

/** @kernel include/linux/fs.h filemap_invalidate_unlock v6.2 */
export function filemapInvalidateUnlock(k: Machine, mapping: AddressSpace): void {
  upWrite(k.slab, mapping.at + AddressSpace.offset.invalidateLock);
}

/**
 * An open file. VMAs merge only when they map the same open file, not merely the same object.
 *
 * @kernel include/linux/fs.h file v6.2
 */
export const File = struct('file', {
  /** Its AddressSpace. */
  fMapping: 'i32',
  /** FMODE_… */
  fMode: 'i32',
  /** FILE_…: which mmap method it has. */
  fOp: 'i32',
  /** Descriptors and VMAs that hold it. */
  fCount: 'i32',
  /** The next of those that nobody holds any more. */
  nextFput: 'i32',
  /** Read-ahead, in pages: the most that is read, the last window, and where in it the next one is to begin. */
  raPages: 'i32',
  raStart: 'i32',
  raSize: 'i32',
  raAsyncSize: 'i32',
  /** Faults lately that found no page in the cache, less those that did. */
  raMmapMiss: 'i32',
  /** The page that was read last, -1 for none. */
  raPrevPos: 'i32',
});
export type File = ReturnType<typeof File.at>;

export const FMODE_READ = 0x1;
export const FMODE_WRITE = 0x2;

/** An object in tmpfs or a memfd. */
export const FILE_SHMEM = 1;
/** /dev/zero. */
export const FILE_ZERO = 2;
/** A file on a disk. */
export const FILE_DISK = 3;
/** An object of huge pages. */
export const FILE_HUGETLB = 4;
/** Memory of a device, which is mapped as it is (DAX). */
export const FILE_DAX = 5;
/** Memory of a device that is mapped all at once, when it is mapped at all (remap_pfn_range). */
export const FILE_REMAP = 6;

/** One VMA more holds the file at that address; 0 is no file. @kernel include/linux/fs.h get_file v6.2 */
export function getFile(k: Machine, file: number): void {
  if (file !== 0) File.at(k, file).fCount++;
}

/**
 * One holder less. The last one's file is closed when the system call is done: see flushDelayedFput().
 *
 * MODEL: fput() of fs/file_table.c.
 */
export function fput(k: Machine, file: number): void {
  if (file === 0) return;
  const held = File.at(k, file);
  vmBugOn(held.fCount <= 0, 'a file is given up once by each holder');
  held.fCount--;
  if (held.fCount > 0) return;
  held.nextFput = k.globals.delayedFputs;
  k.globals.delayedFputs = file;
}

/** The address space behind a VMA, NULL for anonymous memory without a file. */
export function vmaMapping(k: Machine, vma: Vma): AddressSpace | null {
  if (vma.vmFile === 0) return null;
  const { fMapping } = File.at(k, vma.vmFile);
  return fMapping === 0 ? null : AddressSpace.at(k, fMapping);
}

/**
 * Makes the VMA visible to those who look for a page's mappings from its address space.
 *
 * @kernel mm/vma.c vma_link_file 6.12
 */
export function vmaLinkFile(k: Machine, vma: Vma): void {
  const mapping = vmaMapping(k, vma);
  if (mapping === null) return;
  vma.sharedNext = mapping.iMmap;
  vma.sharedPrev = 0;
  if (mapping.iMmap !== 0) Vma.at(k, mapping.iMmap).sharedPrev = vma.at;
  mapping.iMmap = vma.at;
}

/** @kernel mm/mmap.c unlink_file_vma v6.2 */
export function unlinkFileVma(k: Machine, vma: Vma): void {
  const mapping = vmaMapping(k, vma);
  if (mapping === null) return;
  if (vma.sharedPrev === 0) mapping.iMmap = vma.sharedNext;
  else Vma.at(k, vma.sharedPrev).sharedNext = vma.sharedNext;
  if (vma.sharedNext !== 0) Vma.at(k, vma.sharedNext).sharedPrev = vma.sharedPrev;
  vma.sharedNext = 0;
  vma.sharedPrev = 0;
}

/** The VMAs that map some page of [first, last] of the object, page numbers inclusive. */
export function vmasMapping(k: Machine, mapping: AddressSpace, first: number, last: number): Vma[] {
  const found: Vma[] = [];
  for (let at = mapping.iMmap; at !== 0; at = Vma.at(k, at).sharedNext) {
    const vma = Vma.at(k, at);
    const nrPages = (vma.vmEnd - vma.vmStart) / k.pageSize;
    if (vma.vmPgoff <= last && vma.vmPgoff + nrPages > first) found.push(vma);
  }
  return found;
}
