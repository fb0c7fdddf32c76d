import { vmBugOn } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { struct } from '../machine/struct.js';
import { downRead, upRead } from '../step/lock.js';
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
  /** The next address space of shmem. */
  nextShmem: 'i32',
  /** Of a hugetlb object, the ResvMap of its pages. */
  resvMap: 'i32',
  /** Slab address of what the disk holds, a word per page; 0 for shmem. */
  disk: 'i32',
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
