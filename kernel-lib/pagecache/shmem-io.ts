import { folioPut } from '../folio/alloc.js';
import { pageByte } from '../folio/frame.js';
import { folioUnlock } from '../folio/lock.js';
import { folioMarkAccessed } from '../folio/lru.js';
import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { AddressSpace } from '../vma/file.js';
import { shmemGetFolioGfp } from './shmem.js';

/**
 * Reads the first byte of a page of an object, as pread does.
 *
 * @kernel mm/shmem.c shmem_file_read_iter v6.2
 * @returns the byte, 0 in a hole; or a negative error number, -EINVAL behind the end
 */
export function* shmemFileReadIter(k: Machine, mapping: AddressSpace, index: number): Step<number> {
  const { page, error } = yield* shmemGetFolioGfp(k, mapping, index, 'SGP_READ');
  if (error !== 0) return error;
  if (page === 0) return 0;
  folioUnlock(k, page);
  yield* folioMarkAccessed(k, page);
  const value = pageByte(k, page);
  yield* folioPut(k, page);
  return value;
}
