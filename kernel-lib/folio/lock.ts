import type { Machine } from '../machine/machine.js';
import { type Step, blocked } from '../step/step.js';
import { PG_locked } from './flags.js';
import { clearFlag, testFlag, testSetFlag } from './frame.js';

/** @kernel include/linux/pagemap.h folio_trylock v6.2 */
export function* folioTrylock(k: Machine, page: number): Step<boolean> {
  yield;
  return !testSetFlag(k, page, PG_locked);
}

/** @kernel include/linux/pagemap.h folio_lock v6.2 */
export function* folioLock(k: Machine, page: number): Step<void> {
  while (!(yield* folioTrylock(k, page))) yield* blocked('folio lock');
}

/** Whether somebody has the page locked: `folio_test_locked` of include/linux/page-flags.h. */
export function* folioTestLocked(k: Machine, page: number): Step<boolean> {
  yield;
  return testFlag(k, page, PG_locked);
}

/** @kernel mm/filemap.c folio_unlock v6.2 */
export function folioUnlock(k: Machine, page: number): void {
  clearFlag(k, page, PG_locked);
}
