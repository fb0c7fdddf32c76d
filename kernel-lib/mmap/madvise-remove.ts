import { EACCES, EINVAL } from '../base/errno.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import { userfaultfdRemove } from '../uffd/events.js';
import { vmaMapping } from '../vma/file.js';
import { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { type Vma, linearPageIndex, vmaIsSharedMaywrite } from '../vma/vma.js';
import { VM_LOCKED, VM_SHARED, VM_WRITE } from '../vma/vm-flags.js';
import { vfsFallocate } from '../zap/file-size.js';

/**
 * Punches a hole into the object behind the mapping.
 *
 * @kernel mm/madvise.c madvise_remove v6.2
 * @returns 0, -EINVAL for locked memory and memory without an object, -EACCES where the mapping may not write to it
 */
export function* madviseRemove(k: Machine, vma: Vma, start: number, end: number): Step<number> {
  if ((vma.vmFlags & VM_LOCKED) !== 0 || vma.vmFile === 0) return -EINVAL;
  if (!mayWriteObject(k, vma)) return -EACCES;
  const mapping = vmaMapping(k, vma);
  if (mapping === null) return -EINVAL;
  const mm = Mm.at(k, vma.vmMm);
  const index = linearPageIndex(vma, start);
  // The object may have to be waited for, for which the lock is dropped in any case.
  if (yield* userfaultfdRemove(k, vma, start, end)) mmapReadUnlock(k, mm);
  yield* vfsFallocate(k, mapping, index, (end - start) / k.pageSize);
  yield* mmapReadLock(k, mm);
  return 0;
}

function mayWriteObject(k: Machine, vma: Vma): boolean {
  const sharedWrite = VM_SHARED | VM_WRITE;
  return k.patched.sharedMaywrite ? vmaIsSharedMaywrite(vma) : (vma.vmFlags & sharedWrite) === sharedWrite;
}
