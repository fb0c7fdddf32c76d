import { PageAnon, PageKsm, pageOwner } from '../folio/frame.js';
import type { Machine } from '../machine/machine.js';
import { downRead, downWrite, upRead, upWrite } from '../step/lock.js';
import type { Step } from '../step/step.js';
import { AnonVma } from '../vma/anon-vma.js';

/** Where the lock of an anon_vma and all that descend from it lies. */
function rwsem(k: Machine, anonVma: number): number {
  return AnonVma.at(k, anonVma).root + AnonVma.offset.rwsem;
}

/**
 * Keeps the VMAs in which an anonymous page may be mapped from becoming more: a fork that copied an entry whose place
 * a walk has no more in view would keep that for ever.
 *
 * @kernel mm/rmap.c rmap_walk_anon_lock v6.2
 * @returns what the walk's end unlocks; 0 for other pages
 */
export function* rmapWalkAnonLock(k: Machine, page: number): Step<number> {
  const anonVma = pageOwner(k, page);
  if (!PageAnon(k, page) || PageKsm(k, page) || anonVma === 0) return 0;
  const lock = rwsem(k, anonVma);
  yield* downRead(k.slab, lock);
  return lock;
}

/** Ends what rmapWalkAnonLock() began. */
export function rmapWalkAnonUnlock(k: Machine, lock: number): void {
  if (lock !== 0) upRead(k.slab, lock);
}

/** @kernel include/linux/rmap.h anon_vma_lock_write v6.2 */
export function* anonVmaLockWrite(k: Machine, anonVma: number): Step<void> {
  yield* downWrite(k.slab, rwsem(k, anonVma));
}

/** @kernel include/linux/rmap.h anon_vma_unlock_write v6.2 */
export function anonVmaUnlockWrite(k: Machine, anonVma: number): void {
  upWrite(k.slab, rwsem(k, anonVma));
}
