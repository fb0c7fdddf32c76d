import type { Machine } from '../machine/machine.js';
import { kmemCacheZalloc } from '../machine/slab.js';
import { AddressSpace, FILE_SHMEM, FMODE_READ, FMODE_WRITE, File, fput } from '../vma/file.js';
import { VM_OPS_SHMEM, type Vma, vmaPages } from '../vma/vma.js';

/**
 * A new object, all holes, opened for reading and writing: a memfd, a file on tmpfs, or what stands behind shared
 * anonymous memory.
 *
 * @kernel mm/shmem.c __shmem_file_setup v6.2
 * @param nrPages its size
 */
export function __shmemFileSetup(k: Machine, nrPages: number): File {
  const mapping = kmemCacheZalloc(k, AddressSpace);
  mapping.iSize = nrPages * k.pageSize;
  mapping.nextMapping = k.globals.mappings;
  k.globals.mappings = mapping.at;
  const file = kmemCacheZalloc(k, File);
  file.fMapping = mapping.at;
  file.fMode = FMODE_READ | FMODE_WRITE;
  file.fOp = FILE_SHMEM;
  file.fCount = 1;
  return file;
}

/** Every object of shmem, newest first. */
export function shmemMappings(k: Machine): AddressSpace[] {
  const found: AddressSpace[] = [];
  for (let at = k.globals.mappings; at !== 0; at = AddressSpace.at(k, at).nextMapping) {
    found.push(AddressSpace.at(k, at));
  }
  return found;
}

/** Shared anonymous memory gets an object of its own. @kernel mm/shmem.c shmem_zero_setup v6.2 */
export function shmemZeroSetup(k: Machine, vma: Vma): void {
  fput(k, vma.vmFile);
  vma.vmFile = __shmemFileSetup(k, vmaPages(vma)).at;
  vma.vmOps = VM_OPS_SHMEM;
}
