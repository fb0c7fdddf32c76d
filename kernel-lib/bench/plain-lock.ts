import { vmBugOn } from '../base/error.js';
import { WouldBlock } from '../step/watch.js';

function plainWait(what: string): void {
  throw new WouldBlock(what);
}

/** `spinLock`, written plainly. */
export function plainLock(locks: Int32Array, i: number): void {
  while (locks[i] !== 0) plainWait('a spinlock');
  locks[i] = 1;
}

/** `spinUnlock`, written plainly. */
export function plainUnlock(locks: Int32Array, i: number): void {
  vmBugOn(locks[i] !== 1, 'a spinlock is released that nobody holds');
  locks[i] = 0;
}
