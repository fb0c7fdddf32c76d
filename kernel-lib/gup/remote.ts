import type { Machine } from '../machine/machine.js';
import type { Step } from '../step/step.js';
import type { Mm } from '../vma/mm.js';
import { mmapReadLock, mmapReadUnlock } from '../vma/mmap-lock.js';
import { FOLL_GET, FOLL_PIN, FOLL_REMOTE, FOLL_TOUCH } from './flags.js';
import { __getUserPagesLocked } from './get-user-pages.js';

/**
 * Takes references on pages of any process. Faults are not retried.
 *
 * @kernel mm/gup.c get_user_pages_remote v6.2
 * @differs takes the mmap lock itself
 * @returns how many pages, or a negative error number when there is not one
 */
export function* getUserPagesRemote(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  gupFlags: number,
  pages: number[],
): Step<number> {
  return yield* takeRemote(k, mm, start, nrPages, gupFlags | FOLL_GET | FOLL_REMOTE | FOLL_TOUCH, pages);
}

/**
 * Pins pages of any process.
 *
 * @kernel mm/gup.c pin_user_pages_remote v6.2
 * @differs takes the mmap lock itself
 * @param gupFlags with FOLL_UNLOCKABLE when faults may be retried
 */
export function* pinUserPagesRemote(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  gupFlags: number,
  pages: number[],
): Step<number> {
  return yield* takeRemote(k, mm, start, nrPages, gupFlags | FOLL_PIN | FOLL_REMOTE | FOLL_TOUCH, pages);
}

/**
 * Pins pages of the current process. Faults are not retried, and the pages not marked accessed.
 *
 * @kernel mm/gup.c pin_user_pages v6.2
 * @differs takes the mmap lock itself
 */
export function* pinUserPages(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  gupFlags: number,
  pages: number[],
): Step<number> {
  return yield* takeRemote(k, mm, start, nrPages, gupFlags | FOLL_PIN, pages);
}

function* takeRemote(
  k: Machine,
  mm: Mm,
  start: number,
  nrPages: number,
  flags: number,
  pages: number[],
): Step<number> {
  const locked = { held: true };
  yield* mmapReadLock(k, mm);
  const ret = yield* __getUserPagesLocked(k, mm, start, nrPages, pages, locked, flags);
  if (locked.held) mmapReadUnlock(k, mm);
  return ret;
}
