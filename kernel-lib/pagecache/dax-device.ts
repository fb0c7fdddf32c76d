import { vmBug } from '../base/error.js';
import type { Machine } from '../machine/machine.js';
import { kmalloc, kmemCacheZalloc } from '../machine/slab.js';
import { ld, st } from '../step/memory.js';
import { AddressSpace, FILE_DAX, FILE_REMAP, FMODE_READ, FMODE_WRITE, File } from '../vma/file.js';

/**
 * A new device whose memory is mapped as it is, opened for reading and writing.
 *
 * MODEL: its frames are numbered behind those of memory and have no struct page; nobody counts who maps them.
 * @param nrPages its size
 * @param align the most that one entry of a page table maps, in bytes, a size that the tables know
 */
export function daxDeviceSetup(k: Machine, nrPages: number, align: number): File {
  return deviceSetup(k, nrPages, align, FILE_DAX);
}

/** A device whose driver maps its memory when mmap is called, not when it is touched. @param nrPages its size */
export function remapDeviceSetup(k: Machine, nrPages: number): File {
  return deviceSetup(k, nrPages, k.pageSize, FILE_REMAP);
}

function deviceSetup(k: Machine, nrPages: number, align: number, fOp: number): File {
  const mapping = kmemCacheZalloc(k, AddressSpace);
  mapping.iSize = nrPages * k.pageSize;
  mapping.daxPfn = nextDevicePfn(k, align / k.pageSize);
  mapping.daxNrPages = nrPages;
  mapping.daxAlign = align;
  mapping.nextMapping = k.globals.daxMappings;
  k.globals.daxMappings = mapping.at;
  const file = kmemCacheZalloc(k, File);
  file.fMapping = mapping.at;
  file.fMode = FMODE_READ | FMODE_WRITE;
  file.fOp = fOp;
  file.fCount = 1;
  return file;
}

function nextDevicePfn(k: Machine, align: number): number {
  let free = k.nrFrames;
  for (let at = k.globals.daxMappings; at !== 0; at = AddressSpace.at(k, at).nextMapping) {
    const { daxPfn, daxNrPages } = AddressSpace.at(k, at);
    free = Math.max(free, daxPfn + daxNrPages);
  }
  return Math.ceil(free / align) * align;
}

function deviceOf(k: Machine, pfn: number): AddressSpace {
  for (let at = k.globals.daxMappings; at !== 0;) {
    const mapping = AddressSpace.at(k, at);
    if (pfn >= mapping.daxPfn && pfn < mapping.daxPfn + mapping.daxNrPages) return mapping;
    at = mapping.nextMapping;
  }
  throw vmBug`frame ${pfn} is neither memory nor a device's`;
}

/** The content of a device's page, as pageContent() gives that of memory. */
export function deviceContent(k: Machine, pfn: number): number {
  const { daxMemory, daxPfn } = deviceOf(k, pfn);
  return daxMemory === 0 ? 0 : ld(k.slab, daxMemory + pfn - daxPfn);
}

export function setDeviceContent(k: Machine, pfn: number, content: number): void {
  const mapping = deviceOf(k, pfn);
  if (mapping.daxMemory === 0) mapping.daxMemory = kmalloc(k, mapping.daxNrPages);
  st(k.slab, mapping.daxMemory + pfn - mapping.daxPfn, content);
}
