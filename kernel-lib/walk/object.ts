import type { AddressSpace } from '../vma/file.js';

/** Pages that fstat counts for an object. @kernel mm/shmem.c shmem_getattr v6.2 */
export function shmemGetattr(mapping: AddressSpace): number {
  return mapping.iBlocks - Math.max(0, mapping.alloced - mapping.swapped - mapping.nrpages);
}
