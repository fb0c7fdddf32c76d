import { pageContent, pageIndex, setPageContent } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { kfree, kmalloc, kmemCacheZalloc } from '../machine/slab.js';
import { copy, ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { AddressSpace, FILE_DISK, FMODE_READ, FMODE_WRITE, File } from '../vma/file.js';

/** The most that is read ahead, in bytes: `VM_READAHEAD_PAGES` of include/linux/pagemap.h. */
const READAHEAD_BYTES = 128 * 1024;

/**
 * A new file on a disk, opened for reading and writing. Nothing of it is cached, all of it reads as zeros.
 *
 * MODEL: the disk is a vector of page contents; what is written is durable at once.
 * @param nrPages its size
 */
export function diskFileSetup(k: Machine, nrPages: number): File {
  const mapping = kmemCacheZalloc(k, AddressSpace);
  mapping.iSize = nrPages * k.pageSize;
  mapping.diskPages = Math.max(1, nrPages);
  mapping.disk = kmalloc(k, mapping.diskPages);
  mapping.nextMapping = k.globals.diskMappings;
  k.globals.diskMappings = mapping.at;
  const file = kmemCacheZalloc(k, File);
  file.fMapping = mapping.at;
  file.fMode = FMODE_READ | FMODE_WRITE;
  file.fOp = FILE_DISK;
  file.fCount = 1;
  file.raPages = Math.max(1, READAHEAD_BYTES / k.pageSize);
  file.raPrevPos = -1;
  return file;
}

/** Every file on a disk, newest first. */
export function diskMappings(k: Machine): AddressSpace[] {
  const found: AddressSpace[] = [];
  for (let at = k.globals.diskMappings; at !== 0; at = AddressSpace.at(k, at).nextMapping) {
    found.push(AddressSpace.at(k, at));
  }
  return found;
}

/** Gives a file's blocks back. */
export function diskFileFree(k: Machine, mapping: AddressSpace): void {
  kfree(k, mapping.disk, mapping.diskPages);
}

/** What the disk holds at a page's index, 0 where it has no block. */
export function diskContent(k: Machine, mapping: AddressSpace, index: number): number {
  return index < mapping.diskPages ? ld(k.slab, mapping.disk + index) : 0;
}

/** The device writes one page's content. */
export function setDiskContent(k: Machine, mapping: AddressSpace, index: number, content: number): void {
  if (index >= mapping.diskPages) diskGrow(k, mapping, index + 1);
  st(k.slab, mapping.disk + index, content);
}

/** Frees the blocks of [start, end): what is there reads as zeros. */
export function diskDiscard(k: Machine, mapping: AddressSpace, start: number, end: number): void {
  for (let index = start; index < Math.min(end, mapping.diskPages); index++)
    st(k.slab, mapping.disk + index, 0);
}

function diskGrow(k: Machine, mapping: AddressSpace, nrPages: number): void {
  const diskPages = Math.max(nrPages, 2 * mapping.diskPages);
  const disk = kmalloc(k, diskPages);
  copy(k.slab, disk, k.slab, mapping.disk, mapping.diskPages);
  diskFileFree(k, mapping);
  mapping.disk = disk;
  mapping.diskPages = diskPages;
}

/** The device reads the page's memory and has it: stores before are on disk, stores after are not. */
export function* diskWrite(k: Machine, mapping: AddressSpace, page: number): Step<void> {
  yield;
  setDiskContent(k, mapping, pageIndex(k, page), pageContent(k, page));
}

/** The device fills the page. */
export function* diskRead(k: Machine, mapping: AddressSpace, page: number): Step<void> {
  yield;
  setPageContent(k, page, diskContent(k, mapping, pageIndex(k, page)));
}
