import type { Machine } from '../machine/machine.js';
import { kmemCacheZalloc } from '../machine/slab.js';
import { AddressSpace, FILE_SHMEM, FMODE_READ, FMODE_WRITE, File } from '../vma/file.js';
import { VM_OPS_SHMEM, type Vma } from '../vma/vma.js';

/**
 * An object in memory, of any length and all holes, opened for reading and writing: a memfd, a file on tmpfs, or
 * what stands behind shared anonymous memory.
 *
 * @kernel mm/shmem.c __shmem_file_setup v6.2
 */
export function __shmemFileSetup(k: Machine): File {
  const file = kmemCacheZalloc(k, File);
  file.fMapping = kmemCacheZalloc(k, AddressSpace).at;
  file.fMode = FMODE_READ | FMODE_WRITE;
  file.fOp = FILE_SHMEM;
  return file;
}

/**
 * Gives shared anonymous memory the object that its pages live in.
 *
 * @kernel mm/shmem.c shmem_zero_setup v6.2
 */
export function shmemZeroSetup(k: Machine, vma: Vma): void {
  vma.vmFile = __shmemFileSetup(k).at;
  vma.vmOps = VM_OPS_SHMEM;
}
