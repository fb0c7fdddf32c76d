/**
 * Locks, one word each. Taking one is a point where another CPU may run; releasing one is not: whatever others do
 * between a section's last access and its release they could have done before that access or after the release, as
 * none of it needs the lock.
 */
import { vmBugOn } from '../base/error.js';
import { ld, outcomeOf, st, type Mem } from './memory.js';
import { blocked, type Step } from './step.js';

/** @kernel include/linux/spinlock.h spin_lock v6.2 */
export function* spinLock(locks: Mem, i: number): Step<void> {
  yield;
  while (ld(locks, i) !== 0) yield* blocked('a spinlock');
  st(locks, i, 1);
}

/** @kernel include/linux/spinlock.h spin_unlock v6.2 */
export function spinUnlock(locks: Mem, i: number): void {
  vmBugOn(ld(locks, i) !== 1, 'a spinlock is released that nobody holds');
  st(locks, i, 0);
}

/**
 * Takes a sleeping lock for reading, as `down_read` of kernel/locking/rwsem.c. The word counts readers, or is -1
 * under a writer. MODEL: no queue, so a waiting writer does not hold up readers.
 */
export function* downRead(locks: Mem, i: number): Step<void> {
  yield;
  while (outcomeOf(() => ld(locks, i) < 0)) yield* blocked('a semaphore that a writer holds');
  outcomeOf(() => st(locks, i, ld(locks, i) + 1));
}

/** Ends what `downRead` began. */
export function upRead(locks: Mem, i: number): void {
  vmBugOn(
    outcomeOf(() => ld(locks, i) <= 0),
    'a semaphore is released that no reader holds',
  );
  outcomeOf(() => st(locks, i, ld(locks, i) - 1));
}

/** Takes a sleeping lock for writing. */
export function* downWrite(locks: Mem, i: number): Step<void> {
  yield;
  while (ld(locks, i) !== 0) yield* blocked('a semaphore that somebody holds');
  st(locks, i, -1);
}

/** Ends what `downWrite` began. */
export function upWrite(locks: Mem, i: number): void {
  vmBugOn(ld(locks, i) !== -1, 'a semaphore is released that no writer holds');
  st(locks, i, 0);
}

/** Waits until a word is 0. @param what the thing waited for, for people */
export function* waitForZero(mem: Mem, i: number, what: string): Step<void> {
  yield;
  while (ld(mem, i) !== 0) yield* blocked(what);
}

/** Sleeps until a word is no longer 0. @param what the thing waited for, for people */
export function* waitForWord(mem: Mem, i: number, what: string): Step<void> {
  yield;
  while (ld(mem, i) === 0) yield* blocked(what);
}
