import type { Machine } from '../machine/machine.js';
import { downRead, downWrite, upRead, upWrite } from '../step/lock.js';
import type { Step } from '../step/step.js';
import { Mm } from './mm.js';

/** @kernel include/linux/mmap_lock.h mmap_write_lock v6.2 */
export function* mmapWriteLock(k: Machine, mm: Mm): Step<void> {
  yield* downWrite(k.slab, mm.at + Mm.offset.mmapLock);
}

/** @kernel include/linux/mmap_lock.h mmap_write_unlock v6.2 */
export function mmapWriteUnlock(k: Machine, mm: Mm): void {
  upWrite(k.slab, mm.at + Mm.offset.mmapLock);
}

/** @kernel include/linux/mmap_lock.h mmap_read_lock v6.2 */
export function* mmapReadLock(k: Machine, mm: Mm): Step<void> {
  yield* downRead(k.slab, mm.at + Mm.offset.mmapLock);
}

/** @kernel include/linux/mmap_lock.h mmap_read_unlock v6.2 */
export function mmapReadUnlock(k: Machine, mm: Mm): void {
  upRead(k.slab, mm.at + Mm.offset.mmapLock);
}
