import { pageContent, pageIndex, setPageContent } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { kmalloc, kmemCacheZalloc } from '../machine/slab.js';
import { ld, st } from '../step/memory.js';
import type { Step } from '../step/step.js';
import { AddressSpace, FILE_DISK, FMODE_READ, FMODE_WRITE, File } from '../vma/file.js';

/**
 * A new file on a disk, opened for reading and writing. Nothing of it is cached, all of it reads as zeros.
 *
 * MODEL: the disk is a vector of page contents; what is written is durable at once.
 * @param nrPages its size
 */
export function diskFileSetup(k: Machine, nrPages: number): File {
  const mapping = kmemCacheZalloc(k, AddressSpace);
  mapping.iSize = nrPages * k.pageSize;
  mapping.disk = kmalloc(k, nrPages);
  const file = kmemCacheZalloc(k, File);
  file.fMapping = mapping.at;
  file.fMode = FMODE_READ | FMODE_WRITE;
  file.fOp = FILE_DISK;
  file.fCount = 1;
  return file;
}

/** What the disk holds at a page's index. */
export function diskContent(k: Machine, mapping: AddressSpace, index: number): number {
  return ld(k.slab, mapping.disk + index);
}

/** The device reads the page's memory and has it: stores before are on disk, stores after are not. */
export function* diskWrite(k: Machine, mapping: AddressSpace, page: number): Step<void> {
  yield;
  st(k.slab, mapping.disk + pageIndex(k, page), pageContent(k, page));
}

/** The device fills the page. */
export function* diskRead(k: Machine, mapping: AddressSpace, page: number): Step<void> {
  yield;
  setPageContent(k, page, diskContent(k, mapping, pageIndex(k, page)));
}
